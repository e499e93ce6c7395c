// What stands before a kernel's text on a console line: a note of lost messages, level, time, caller.
#pragma once
typedef struct Prefix {
    const char *text; // what is behind it; the line itself where there is none
    const char *time; // where its seconds stand; NULL: it has none
    char caller[12];  // "T123" a thread, "C4" a CPU; "" unknown
    unsigned lost;    // messages that the kernel says it dropped just before
} Prefix;

Prefix prefix_read(const char *line);
// Its seconds, where it has a time. A flood's lines are read without.
double prefix_seconds(const Prefix *prefix);
// The next place behind the first character of `line` at which a time stamp stands: the kernel's text may
// begin within a line that something else had begun. NULL: none.
const char *prefix_next(const char *line);
