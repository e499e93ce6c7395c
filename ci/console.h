// A guest's console: as it came, and as lines with the time of each; bounded.
#pragma once
#include "lines.h"
#include "outcome.h"

typedef struct Console Console;

// `each`: as of lines_new().
Console *console_new(void (*each)(void *owner, const char *line, gint64 at), void *owner);
void console_free(Console *console);
// The time that lines are told from.
void console_begin(Console *console, gint64 start);
void console_take(Console *console, const char *bytes, gsize length);
// What there is of the line that is not whole yet, as valid text; until the next call.
const char *console_partial(const Console *console);
// There will be no more.
void console_end(Console *console);
// Hands all of it over: the lines, the bytes, the last lines, whether there were too many.
void console_fill(Console *console, Outcome *outcome);
