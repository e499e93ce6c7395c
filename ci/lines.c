// Console lines.
#include "lines.h"

#define CUT 1024 // bytes: a kernel's line that began within the last ones is not cut

// Where a byte stands: escape sequences are those of ECMA-48 and xterm. None goes over the end of a line:
// what follows might be lost for ever.
typedef enum {
    TEXT,
    ESCAPE,  // behind ESC
    CONTROL, // behind ESC [: ends with a byte from 0x40 on
    COMMAND, // behind ESC ] and its like: ends with BEL or ESC \.
    SHORT,   // behind ESC ( and its like: one more byte
} Place;

struct Lines {
    void (*each)(void *owner, const char *line, gint64 at);
    void *owner;
    GString *line;
    GString *command; // of COMMAND, so far: text after all where it has no end
    char *partial;    // what lines_partial() gave; NULL: it was not asked yet
    gint64 at;
    Place place;
};

Lines *lines_new(void (*each)(void *owner, const char *line, gint64 at), void *owner)
{
    Lines *lines = g_new0(Lines, 1);
    *lines =
        (Lines){ .each = each, .owner = owner, .line = g_string_new(NULL), .command = g_string_new(NULL) };
    return lines;
}

void lines_free(Lines *lines)
{
    if (!lines)
        return;
    g_string_free(lines->line, TRUE);
    g_string_free(lines->command, TRUE);
    g_free(lines->partial);
    g_free(lines);
}

const char *lines_partial(Lines *lines)
{
    if (!lines->partial)
        lines->partial = g_utf8_make_valid(lines->line->str, (gssize)lines->line->len);
    return lines->partial;
}

// The line's first bytes, as many as `length`.
static void finish(Lines *lines, gsize length)
{
    g_autofree char *text = g_utf8_make_valid(lines->line->str, (gssize)length);
    g_string_erase(lines->line, 0, (gssize)length);
    lines->each(lines->owner, text, lines->at);
}

// Cuts before a bracket: the kernel's time, maybe.
static void cut(Lines *lines)
{
    const char *end = lines->line->str + lines->line->len;
    const char *bracket = g_strrstr_len(end - CUT, CUT, "[");
    finish(lines, bracket ? (gsize)(bracket - lines->line->str) : lines->line->len);
}

static void add(Lines *lines, char byte)
{
    g_string_append_c(lines->line, byte);
    if (lines->line->len >= LINES_LONGEST)
        cut(lines);
}

static void give_up_command(Lines *lines)
{
    for (gsize i = 0; i < lines->command->len; i++)
        add(lines, lines->command->str[i]);
    g_string_truncate(lines->command, 0);
    lines->place = TEXT;
}

static Place after_escape(unsigned char byte)
{
    if (byte == '[')
        return CONTROL;
    if (byte == ']' || byte == 'P' || byte == '_' || byte == '^' || byte == 'X')
        return COMMAND;
    return byte >= 0x20 && byte <= 0x2f ? SHORT : TEXT;
}

static bool is_text(unsigned char byte)
{
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

static void take_text(Lines *lines, unsigned char byte)
{
    if (byte == '\b' && lines->line->len > 0)
        g_string_truncate(lines->line, lines->line->len - 1);
    else if (is_text(byte))
        add(lines, (char)byte);
}

// No sequence ends with a bracket, but the kernel's text begins with one.
static void take_control(Lines *lines, unsigned char byte)
{
    if (byte >= 0x40)
        lines->place = TEXT;
    if (byte == '[')
        take_text(lines, byte);
}

static void take_command(Lines *lines, unsigned char byte)
{
    if (byte == 0x07) {
        g_string_truncate(lines->command, 0);
        lines->place = TEXT;
    } else if (is_text(byte)) {
        g_string_append_c(lines->command, (char)byte);
        if (lines->command->len == LINES_LONGEST)
            give_up_command(lines);
    }
}

static void take_in_place(Lines *lines, unsigned char byte)
{
    switch (lines->place) {
    case TEXT:
        take_text(lines, byte);
        break;
    case ESCAPE:
        lines->place = after_escape(byte);
        break;
    case CONTROL:
        take_control(lines, byte);
        break;
    case COMMAND:
        take_command(lines, byte);
        break;
    case SHORT:
        lines->place = TEXT;
        break;
    }
}

static void take(Lines *lines, unsigned char byte)
{
    if (byte == '\n') {
        give_up_command(lines);
        finish(lines, lines->line->len);
    } else if (byte == 0x1b) { // it ends a command, too
        g_string_truncate(lines->command, 0);
        lines->place = ESCAPE;
    } else {
        take_in_place(lines, byte);
    }
}

void lines_take(Lines *lines, const char *bytes, gsize length, gint64 at)
{
    g_clear_pointer(&lines->partial, g_free);
    for (gsize i = 0; i < length; i++) {
        if (lines->line->len == 0)
            lines->at = at;
        take(lines, (unsigned char)bytes[i]);
    }
}

void lines_end(Lines *lines)
{
    g_clear_pointer(&lines->partial, g_free);
    give_up_command(lines);
    if (lines->line->len > 0)
        finish(lines, lines->line->len);
}
