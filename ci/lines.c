// Console lines.
#include "lines.h"

// Where a byte stands: escape sequences are those of ECMA-48 and xterm.
typedef enum {
    TEXT,
    ESCAPE,  // behind ESC
    CONTROL, // behind ESC [: ends with a byte from 0x40 on
    COMMAND, // behind ESC ]: ends with BEL or ESC \.
    SHORT,   // behind ESC ( and its like: one more byte
} Place;

struct Lines {
    void (*each)(void *owner, const char *line, gint64 at);
    void *owner;
    GString *line;
    gint64 at;
    Place place;
};

Lines *lines_new(void (*each)(void *owner, const char *line, gint64 at), void *owner)
{
    Lines *lines = g_new0(Lines, 1);
    *lines = (Lines){ .each = each, .owner = owner, .line = g_string_new(NULL) };
    return lines;
}

void lines_free(Lines *lines)
{
    if (!lines)
        return;
    g_string_free(lines->line, TRUE);
    g_free(lines);
}

const char *lines_partial(const Lines *lines)
{
    return lines->line->str;
}

static void finish(Lines *lines)
{
    g_autofree char *text = g_utf8_make_valid(lines->line->str, (gssize)lines->line->len);
    g_string_truncate(lines->line, 0);
    lines->each(lines->owner, text, lines->at);
}

static Place after_escape(unsigned char byte)
{
    return byte == '[' ? CONTROL : byte == ']' ? COMMAND : byte >= 0x20 && byte <= 0x2f ? SHORT : TEXT;
}

static void take_text(Lines *lines, unsigned char byte)
{
    if (byte == 0x1b) {
        lines->place = ESCAPE;
    } else if (byte == '\n') {
        finish(lines);
    } else if (byte == '\b') {
        if (lines->line->len > 0)
            g_string_truncate(lines->line, lines->line->len - 1);
    } else if (byte == '\t' || (byte >= 0x20 && byte != 0x7f)) {
        g_string_append_c(lines->line, (char)byte);
        if (lines->line->len == LINES_LONGEST)
            finish(lines);
    }
}

static void take(Lines *lines, unsigned char byte)
{
    switch (lines->place) {
    case TEXT:
        take_text(lines, byte);
        break;
    case ESCAPE:
        lines->place = after_escape(byte);
        break;
    case CONTROL:
        if (byte >= 0x40)
            lines->place = TEXT;
        break;
    case COMMAND:
        if (byte == 0x07 || byte == 0x1b)
            lines->place = byte == 0x1b ? SHORT : TEXT;
        break;
    case SHORT:
        lines->place = TEXT;
        break;
    }
}

void lines_take(Lines *lines, const char *bytes, gsize length, gint64 at)
{
    for (gsize i = 0; i < length; i++) {
        if (lines->line->len == 0)
            lines->at = at;
        take(lines, (unsigned char)bytes[i]);
    }
}

void lines_end(Lines *lines)
{
    if (lines->line->len > 0)
        finish(lines);
}
