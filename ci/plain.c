// Plain text.
#include "plain.h"
#include <math.h>
#include <string.h>

#define NO_CHARACTER 0xfffdu
#define ESCAPE 0x1bu
#define CUT "..."

gunichar plain_next(const char **at)
{
    gunichar character = g_utf8_get_char_validated(*at, -1);
    if (character == (gunichar)-1 || character == (gunichar)-2) {
        (*at)++;
        return NO_CHARACTER;
    }
    *at = g_utf8_next_char(*at);
    return character;
}

// What is behind a control sequence (ECMA-48 5.4) whose ESC is behind us; of others the ESC alone goes.
static const char *past_sequence(const char *at)
{
    if (*at != '[')
        return at;
    at++;
    while (*at >= ' ' && *at <= '?')
        at++;
    return *at >= '@' && *at <= '~' ? at + 1 : at;
}

static bool is_space(gunichar character)
{
    GUnicodeType type = g_unichar_type(character);
    return character == '\n' || character == '\t' || type == G_UNICODE_LINE_SEPARATOR ||
           type == G_UNICODE_PARAGRAPH_SEPARATOR;
}

bool plain_is_shown(gunichar character)
{
    GUnicodeType type = g_unichar_type(character);
    return type != G_UNICODE_CONTROL && type != G_UNICODE_FORMAT && type != G_UNICODE_SURROGATE &&
           (character & 0xfffe) != 0xfffe && !(character >= 0xfdd0 && character <= 0xfdef);
}

// Until there are `most` bytes or somewhat more. Returns what is left of the text.
static const char *append_plain(GString *plain, const char *text, gsize most, bool keep_spaces)
{
    while (*text && plain->len < most) {
        gunichar character = plain_next(&text);
        if (character == ESCAPE)
            text = past_sequence(text);
        else if (is_space(character))
            g_string_append_c(plain, keep_spaces && character < ' ' ? (char)character : ' ');
        else if (plain_is_shown(character))
            g_string_append_unichar(plain, character);
    }
    return text;
}

static void cut_end(GString *plain, gsize most)
{
    const char *end = g_utf8_find_prev_char(plain->str, plain->str + most - strlen(CUT) + 1);
    g_string_truncate(plain, end ? (gsize)(end - plain->str) : 0);
    g_string_append(plain, CUT);
}

char *plain_line(const char *text, gsize most)
{
    GString *plain = g_string_new(NULL);
    const char *left = append_plain(plain, text ? text : "", most + 1, false);
    if (plain->len > most || *left)
        cut_end(plain, most);
    return g_strstrip(g_string_free(plain, FALSE));
}

// Whole lines, where the last is no longer than all that there may be.
static void cut_beginning(GString *plain, gsize most)
{
    const char *start = plain->str + plain->len - (most - strlen(CUT "\n"));
    const char *line = strchr(start, '\n');
    while ((*start & 0xc0) == 0x80)
        start++;
    if (line && line[1])
        start = line + 1;
    g_string_erase(plain, 0, start - plain->str);
    g_string_prepend(plain, CUT "\n");
}

static char *ended_text(GString *plain, gsize most, bool more)
{
    if (plain->len > 0 && plain->str[plain->len - 1] != '\n')
        g_string_append_c(plain, '\n');
    if (plain->len > most || (more && plain->len > most - strlen(CUT "\n")))
        cut_beginning(plain, most);
    else if (more)
        g_string_prepend(plain, CUT "\n");
    return g_string_free(plain, FALSE);
}

char *plain_text(const char *text, gsize most)
{
    GString *plain = g_string_new(NULL);
    gsize length = text ? strlen(text) : 0;
    bool more = length > most;
    const char *start = length == 0 ? "" : text + (more ? length - most : 0);
    while (more && (*start & 0xc0) == 0x80)
        start++;
    append_plain(plain, start, G_MAXSIZE, true);
    return ended_text(plain, most, more);
}

char *plain_lines(const GPtrArray *lines, gsize most)
{
    GString *plain = g_string_new(NULL);
    gsize length = 0;
    unsigned first = lines->len;
    while (first > 0 && length <= most)
        length += strlen(lines->pdata[--first]) + 1;
    for (unsigned i = first; i < lines->len; i++) {
        append_plain(plain, lines->pdata[i], G_MAXSIZE, false);
        g_string_append_c(plain, '\n');
    }
    return ended_text(plain, most, first > 0);
}

double plain_number(double number)
{
    return isfinite(number) ? CLAMP(number, -1e9, 1e9) : 0;
}

char *plain_seconds(double seconds)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    return g_strdup(g_ascii_formatd(text, sizeof(text), "%.3f", plain_number(seconds)));
}

char *plain_time(const char *time, const char *format)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) read = time ? g_date_time_new_from_iso8601(time, utc) : NULL;
    g_autoptr(GDateTime) there = read ? g_date_time_to_timezone(read, utc) : NULL;
    return there ? g_date_time_format(there, format) : NULL;
}
