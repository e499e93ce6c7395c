// lparun as a child: it ends with lparun-ci, however that ends.
#pragma once
#include <glib.h>
#include <stdbool.h>

typedef struct Child Child;

typedef struct ChildOps {
    // What it writes to standard output.
    void (*bytes)(void *owner, const char *bytes, gsize length);
    // It has ended, and all that it wrote was told: its exit status, or -signal; and the last line of what it
    // wrote to standard error, or why it did not start. Once, never from within a function here.
    void (*ended)(void *owner, int status, const char *said);
} ChildOps;

// Never NULL: one that cannot be started ends at once with status 1, or with 2
// where there is no such program. All on the main context.
Child *child_start(GStrv command, const ChildOps *ops, void *owner);
void child_free(Child *child);
// Text to its standard input; what it does not take yet waits.
void child_type(Child *child, const char *text);
// Its process; 0: it did not start.
int child_pid(const Child *child);
void child_terminate(Child *child);
void child_kill(Child *child);
