// Text and numbers of a guest's, or of a file's, made plain: what every reader of a report takes.
#pragma once
#include <glib.h>
#include <stdbool.h>

// Each text is valid UTF-8, without control characters, escape sequences, marks that turn the direction of
// writing, and what is no character. Never NULL (g_free); NULL is taken for "".

// One line, stripped: at most `most` bytes (at least 3) of its beginning, with "..." where there was more.
char *plain_line(const char *text, gsize most);
// Lines, tabs kept: at most `most` bytes (at least 5) of the end, behind a line "..." where there was more.
char *plain_text(const char *text, gsize most);
// The same of lines that stand alone: each is one line, whatever is in it.
char *plain_lines(const GPtrArray *lines, gsize most);

// 0 for what is no number, and at most a thousand million, with either sign.
double plain_number(double number);
// plain_number() with three digits behind a point, in any locale.
char *plain_seconds(double seconds);
// An ISO 8601 time in UTC, as g_date_time_format() has it (g_free); NULL if it is none.
char *plain_time(const char *time, const char *format);
#define PLAIN_ISO "%Y-%m-%dT%H:%M:%S"

// The character at *at, which is left behind; U+FFFD for a byte that begins none.
gunichar plain_next(const char **at);
// It is no control character, turns no direction of writing, and is a character at all.
bool plain_is_shown(gunichar character);
