// Prefixes of the kernel's lines, read by hand: each line of a flood comes through here.
#include "prefix.h"
#include <glib.h>
#include <string.h>

#define DROPPED " printk messages dropped **"

static const char *skip(const char *at, char what)
{
    while (*at == what)
        at++;
    return at;
}

static const char *skip_digits(const char *at)
{
    while (g_ascii_isdigit(*at))
        at++;
    return at;
}

// "** 12 printk messages dropped **", with or without more behind it.
static const char *read_lost(const char *at, Prefix *prefix)
{
    if (strncmp(at, "** ", 3) != 0 || !g_ascii_isdigit(at[3]))
        return at;
    const char *end = skip_digits(at + 3);
    if (strncmp(end, DROPPED, strlen(DROPPED)) != 0)
        return at;
    prefix->lost = (unsigned)MIN(g_ascii_strtoull(at + 3, NULL, 10), G_MAXINT);
    return skip(end + strlen(DROPPED), ' ');
}

// "<4>"
static const char *skip_level(const char *at)
{
    const char *end = *at == '<' ? skip_digits(at + 1) : at;
    return end > at + 1 && *end == '>' ? end + 1 : at;
}

// The end of "[   12.345678]", or NULL. Another number of decimals than `decimals` is none; 0: any will do.
static const char *time_end(const char *at, int decimals)
{
    if (*at != '[')
        return NULL;
    const char *second = skip(at + 1, ' '), *point = skip_digits(second), *end;
    if (point == second || *point != '.')
        return NULL;
    end = skip_digits(point + 1);
    return *end == ']' && (decimals ? end == point + 1 + decimals : end > point + 1) ? end + 1 : NULL;
}

static const char *read_time(const char *at, Prefix *prefix)
{
    const char *end = time_end(at, 0);
    if (!end)
        return at;
    prefix->time = skip(at + 1, ' ');
    return end;
}

// "[  T123]"
static const char *read_caller(const char *at, Prefix *prefix)
{
    const char *caller = *at == '[' ? skip(at + 1, ' ') : at;
    if (*caller != 'T' && *caller != 'C')
        return at;
    const char *end = skip_digits(caller + 1);
    if (*at != '[' || end == caller + 1 || *end != ']')
        return at;
    memcpy(prefix->caller, caller, MIN((gsize)(end - caller), sizeof prefix->caller - 1)); // NULs follow
    return end + 1;
}

Prefix prefix_read(const char *line)
{
    Prefix prefix = { 0 };
    prefix.text = read_time(skip_level(read_lost(line, &prefix)), &prefix);
    if (prefix.time) {
        prefix.text = read_caller(prefix.text, &prefix);
        prefix.text += *prefix.text == ' ';
    }
    return prefix;
}

double prefix_seconds(const Prefix *prefix)
{
    return g_ascii_strtod(prefix->time, NULL);
}

const char *prefix_next(const char *line)
{
    const char *at = *line ? strchr(line + 1, '[') : NULL;
    while (at && !time_end(at, 6))
        at = strchr(at + 1, '[');
    return at;
}
