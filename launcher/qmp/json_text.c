// JSON by its grammar (RFC 8259), for the one value that a client wants back as it was: a request's id.
#include "json_text.h"
#include "frame.h"
#include <json-glib/json-glib.h>
#include <string.h>

typedef struct Scan {
    char *at, *end;
    char *id; // the last one's text, or NULL
    unsigned depth;
    bool verbatim; // inside of an id: its bytes stay
} Scan;

static bool take_value(Scan *scan);

// The text's end reads as 0, which no rule takes: there is none inside (frame.h).
static char peek(const Scan *scan)
{
    return scan->at < scan->end ? *scan->at : '\0';
}

static bool take(Scan *scan, char wanted)
{
    bool is_there = scan->at < scan->end && *scan->at == wanted;
    scan->at += is_there;
    return is_there;
}

static void skip_space(Scan *scan)
{
    while (scan->at < scan->end && strchr(" \t\r\n", *scan->at))
        scan->at++;
}

static bool take_word(Scan *scan, const char *word)
{
    while (*word && take(scan, *word))
        word++;
    return !*word;
}

static bool take_digits(Scan *scan)
{
    const char *start = scan->at;
    while (g_ascii_isdigit(peek(scan)))
        scan->at++;
    return scan->at > start;
}

static bool take_number(Scan *scan)
{
    take(scan, '-');
    if (!take(scan, '0') && !take_digits(scan))
        return false;
    if (take(scan, '.') && !take_digits(scan))
        return false;
    if (!take(scan, 'e') && !take(scan, 'E'))
        return true;
    if (!take(scan, '+'))
        take(scan, '-');
    return take_digits(scan);
}

// Four hexadecimal digits, or -1.
static int hex4(const Scan *scan, const char *at)
{
    int code = 0;
    for (unsigned i = 0; i < 4; i++)
        if (at + i >= scan->end || !g_ascii_isxdigit(at[i]))
            return -1;
        else
            code = code << 4 | g_ascii_xdigit_value(at[i]);
    return code;
}

// A high surrogate and a low one are one character.
static bool is_low_surrogate_next(const Scan *scan)
{
    return scan->end - scan->at >= 2 && memcmp(scan->at, "\\u", 2) == 0 &&
           (hex4(scan, scan->at + 2) & ~0x3ff) == 0xdc00;
}

// After "\u".
static bool take_code(Scan *scan)
{
    char *digits = scan->at;
    int code = hex4(scan, digits);
    if (code < 0)
        return false;
    scan->at += 4;
    bool is_pair = (code & ~0x3ff) == 0xd800 && is_low_surrogate_next(scan);
    if (is_pair)
        scan->at += 6;
    else if (!scan->verbatim && (code == 0 || (code & ~0x7ff) == 0xd800))
        memcpy(digits, "fffd", 4);
    return true;
}

// After a backslash.
static bool take_escape(Scan *scan)
{
    if (take(scan, 'u'))
        return take_code(scan);
    bool known = scan->at < scan->end && strchr("\"\\/bfnrt", *scan->at);
    scan->at += known;
    return known;
}

static bool take_string(Scan *scan)
{
    if (!take(scan, '"'))
        return false;
    while (!take(scan, '"')) {
        bool escaped = take(scan, '\\');
        if (escaped ? !take_escape(scan) : (unsigned char)peek(scan) < 0x20)
            return false;
        scan->at += !escaped;
    }
    return true;
}

// Whether a string, quotes included, is "id": each letter may be an escape.
static bool says_id(const char *at, const char *end)
{
    at++;
    for (const char *name = "id"; *name; name++) {
        if (*at == *name) {
            at++;
            continue;
        }
        const char escape[] = { '\\', 'u', '0', '0', '6', *name == 'i' ? '9' : '4' };
        if (end - at < (ptrdiff_t)sizeof escape || memcmp(at, escape, sizeof escape) != 0)
            return false;
        at += sizeof escape;
    }
    return at + 1 == end;
}

// Lines end an answer, so there is none inside; strings have no such bytes.
static bool take_id(Scan *scan)
{
    char *start = scan->at;
    scan->verbatim = true;
    bool taken = take_value(scan);
    scan->verbatim = false;
    if (!taken)
        return false;
    size_t length = (size_t)(scan->at - start);
    g_free(scan->id);
    scan->id = g_strdelimit(g_strndup(start, length), "\r\n\t", ' ');
    memset(start, ' ', length);
    *start = '0';
    return true;
}

static bool take_member(Scan *scan)
{
    skip_space(scan);
    const char *name = scan->at;
    if (!take_string(scan))
        return false;
    bool is_id = scan->depth == 1 && !scan->verbatim && says_id(name, scan->at);
    skip_space(scan);
    if (!take(scan, ':'))
        return false;
    skip_space(scan);
    return is_id ? take_id(scan) : take_value(scan);
}

static bool take_element(Scan *scan)
{
    skip_space(scan);
    return take_value(scan);
}

// After the opening brace.
static bool take_members(Scan *scan, bool (*take_one)(Scan *scan), char close)
{
    if (++scan->depth > FRAME_DEPTH)
        return false;
    skip_space(scan);
    if (!take(scan, close)) {
        do {
            if (!take_one(scan))
                return false;
            skip_space(scan);
        } while (take(scan, ','));
        if (!take(scan, close))
            return false;
    }
    scan->depth--;
    return true;
}

static bool take_value(Scan *scan)
{
    switch (peek(scan)) {
    case '{':
        scan->at++;
        return take_members(scan, take_member, '}');
    case '[':
        scan->at++;
        return take_members(scan, take_element, ']');
    case '"':
        return take_string(scan);
    case 't':
        return take_word(scan, "true");
    case 'f':
        return take_word(scan, "false");
    case 'n':
        return take_word(scan, "null");
    default:
        return take_number(scan);
    }
}

bool json_text_take(GString *text, char **id, GError **error)
{
    Scan scan = { .at = text->str, .end = text->str + text->len };
    *id = NULL;
    if (!g_utf8_validate_len(text->str, text->len, NULL)) {
        g_set_error_literal(error, JSON_PARSER_ERROR, JSON_PARSER_ERROR_PARSE, "not UTF-8");
        return false;
    }
    skip_space(&scan);
    bool taken = take_value(&scan);
    skip_space(&scan);
    if (taken && scan.at == scan.end) {
        *id = scan.id;
        return true;
    }
    g_free(scan.id);
    g_set_error(error, JSON_PARSER_ERROR, JSON_PARSER_ERROR_PARSE, "stray byte at offset %zu",
        (size_t)(scan.at - text->str));
    return false;
}
