// A console's bytes as lines of text: without escape sequences and control characters, and bounded.
#pragma once
#include <glib.h>
#include <stdbool.h>

typedef struct Lines Lines;

// A line that is longer is cut in two, not within what a kernel may have said behind it.
#define LINES_LONGEST 4096

// `each` gets every line when it is whole, without its end, with the microseconds at which its first byte
// came.
Lines *lines_new(void (*each)(void *owner, const char *line, gint64 at), void *owner);
void lines_free(Lines *lines);
// `at`: microseconds, of any clock.
void lines_take(Lines *lines, const char *bytes, gsize length, gint64 at);
// What came of the line that is not whole yet: a prompt, say. Valid until more is taken.
const char *lines_partial(Lines *lines);
// There will be no more: what is partial is a line.
void lines_end(Lines *lines);
