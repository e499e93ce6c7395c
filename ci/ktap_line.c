// A line of KTAP.
#include "ktap_line.h"
#include <string.h>

#define NAME_LONGEST 200 // bytes
#define TAB 8

static const struct {
    const char *word;
    KtapDirective directive;
} directives[] = {
    { "SKIP", KTAP_SKIP },
    { "SKIPPED", KTAP_SKIP },
    { "TODO", KTAP_TODO },
    { "XFAIL", KTAP_XFAIL },
    { "TIMEOUT", KTAP_TIMEOUT },
    { "ERROR", KTAP_ERROR },
};

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t';
}

static bool is_end(char byte)
{
    return byte == '\0' || is_space(byte);
}

static const char *skip_spaces(const char *at)
{
    while (is_space(*at))
        at++;
    return at;
}

static bool skip_word(const char **at, const char *word)
{
    size_t length = strlen(word);
    if (strncmp(*at, word, length) != 0)
        return false;
    *at += length;
    return true;
}

// A text of a line's, shortened if need be; NULL for an empty one.
static char *take_text(const char *from, size_t length)
{
    while (length > 0 && is_space(from[length - 1]))
        length--;
    if (length == 0)
        return NULL;
    g_autofree char *cut = g_strndup(from, MIN(length, NAME_LONGEST));
    return length > NAME_LONGEST ? g_utf8_make_valid(cut, -1) : g_steal_pointer(&cut);
}

static bool take_number(const char **at, gint64 *number)
{
    if (!g_ascii_isdigit(**at))
        return false;
    for (*number = 0; g_ascii_isdigit(**at); (*at)++)
        *number = MIN(*number * 10 + (**at - '0'), KTAP_HIGHEST);
    return true;
}

// A column of the margin, and how wide it is; 0: there the margin ends.
static unsigned margin_step(const char *at)
{
    if (*at == '\t')
        return TAB;
    return *at == ' ' || (*at == '#' && is_end(at[1])) ? 1 : 0;
}

static const char *skip_margin(const char *at, KtapLine *line)
{
    for (unsigned step; (step = margin_step(at)); at++) {
        if (*at == '#') {
            line->mark = line->width;
            line->hashes++;
        }
        line->width += step;
    }
    return at;
}

const char *ktap_line_behind(const char *text, unsigned width)
{
    const char *at = text;
    for (unsigned step, columns = 0; columns < width; at++, columns += step)
        if (!(step = margin_step(at)))
            return text;
    return at;
}

// The known word that text begins with; `text` is then behind it.
static KtapDirective find_directive(const char **text)
{
    size_t length = 0;
    while (g_ascii_isalpha((*text)[length]))
        length++;
    for (unsigned i = 0; i < G_N_ELEMENTS(directives); i++)
        if (strlen(directives[i].word) == length &&
            g_ascii_strncasecmp(*text, directives[i].word, length) == 0) {
            *text = skip_spaces(*text + length);
            return directives[i].directive;
        }
    return KTAP_PLAIN;
}

// Names may have a '#' in them ("foo #2"): a known word behind one goes before all others, then "# " does.
static const char *find_hash(const char *from)
{
    const char *first = NULL;
    for (const char *at = strchr(from, '#'); at; at = strchr(at + 1, '#')) {
        const char *word = skip_spaces(at + 1);
        if (at != from && !is_space(at[-1]))
            continue;
        if (find_directive(&word) != KTAP_PLAIN)
            return at;
        if (!first && is_end(at[1]))
            first = at;
    }
    return first;
}

// Behind a hash: what is left of the line.
static void take_directive(const char *hash, KtapLine *line)
{
    const char *text = skip_spaces(hash + 1);
    line->directive = find_directive(&text);
    if (line->directive != KTAP_PLAIN && *text == ':')
        text = skip_spaces(text + 1);
    line->text = take_text(text, strlen(text));
}

static bool take_version(const char *at, KtapLine *line)
{
    gint64 version;
    if ((!skip_word(&at, "KTAP version ") && !skip_word(&at, "TAP version ")) || !take_number(&at, &version))
        return false;
    line->kind = KTAP_VERSION;
    return *skip_spaces(at) == '\0';
}

static bool take_plan(const char *at, KtapLine *line)
{
    line->kind = KTAP_PLAN;
    if (!skip_word(&at, "1..") || !take_number(&at, &line->number) || !is_end(*at))
        return false;
    at = skip_spaces(at);
    if (*at == '#')
        take_directive(at, line);
    return *at == '#' || *at == '\0';
}

// kselftest has no name before "# SKIP" and its like, but one behind it.
static bool take_result(const char *at, KtapLine *line)
{
    line->kind = KTAP_RESULT;
    line->ok = !skip_word(&at, "not ");
    if (!skip_word(&at, "ok") || !is_end(*at))
        return false;
    const char *behind = at = skip_spaces(at);
    if (!take_number(&at, &line->number) || !is_end(*at)) {
        line->number = -1;
        at = behind;
        if (line->ok && !g_str_has_prefix(at, "- "))
            return false; // "ok then" says nothing
    }
    at = skip_spaces(at);
    if (at[0] == '-' && is_end(at[1]))
        at = skip_spaces(at + 1);
    const char *hash = find_hash(at);
    line->name = take_text(at, hash ? (size_t)(hash - at) : strlen(at));
    if (hash)
        take_directive(hash, line);
    if (!line->name)
        line->name = g_strdup(line->text);
    return true;
}

// A kernel's message cut "not ok" in two: what is left is "ot ok", "t ok", or " ok", which no level has.
static bool take_rest(const char *at, KtapLine *line)
{
    bool lost = line->width == 0 ? skip_word(&at, "ot ") || skip_word(&at, "t ") : line->width == 1;
    if (!lost || line->hashes > 0 || !g_str_has_prefix(at, "ok ") || !take_result(at, line))
        return false;
    line->ok = false;
    line->width = 0;
    if (line->number < 0)
        ktap_line_clear(line);
    return line->number >= 0;
}

static bool take_bail(const char *at, KtapLine *line)
{
    line->kind = KTAP_BAIL;
    if (!skip_word(&at, "Bail out!"))
        return false;
    at = skip_spaces(at);
    line->text = take_text(at, strlen(at));
    return true;
}

// The last hash of the margin is theirs.
static bool take_comment(const char *at, KtapLine *line)
{
    const char *name = at;
    if (line->hashes == 0)
        return false;
    if (skip_word(&name, "Subtest: "))
        line->kind = KTAP_SUBTEST;
    else if (g_str_has_prefix(at, "selftests: "))
        line->kind = KTAP_HEADER;
    else
        return false;
    line->name = take_text(name, strlen(name));
    line->hashes--;
    line->width = line->mark;
    return line->name;
}

KtapLine ktap_line_read(const char *text)
{
    static bool (*const kinds[])(const char *at, KtapLine *line) = { take_version, take_plan, take_rest,
        take_result, take_bail, take_comment };
    KtapLine margin = { .number = -1 };
    const char *at = skip_margin(text, &margin);
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        KtapLine line = margin;
        if (kinds[i](at, &line))
            return line;
    }
    return margin;
}

void ktap_line_clear(KtapLine *line)
{
    g_clear_pointer(&line->name, g_free);
    g_clear_pointer(&line->text, g_free);
}
