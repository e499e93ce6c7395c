// What comes of a command in a guest: its output, its files, its end.
#pragma once
#include "exec.h"

typedef struct ExecRun ExecRun;

typedef struct ExecRunOps {
    // Bytes of standard output, or of standard error.
    void (*output)(void *owner, bool errors, const char *bytes, gsize length);
    // A line of standard output.
    void (*line)(void *owner, const char *line);
} ExecRunOps;

#define EXEC_OUTPUT (4u << 20) // bytes of output that are kept

// Reads the disk of results; files that were asked for go to `folder` (NULL: nowhere). NULL and `error`. On
// the main context, as all of this.
ExecRun *exec_run_new(
    const ExecFiles *files, const char *folder, const ExecRunOps *ops, void *owner, GError **error);
void exec_run_free(ExecRun *run);
// Tells of what has come since the last time.
void exec_run_poll(ExecRun *run);
// The guest has ended: nothing more comes.
void exec_run_end(ExecRun *run);
// A line of the console, which may say why there is no result.
void exec_run_console(ExecRun *run, const char *line);

// As a shell has it: 128 and the signal's number for a command that was killed; -1: none came.
int exec_run_status(const ExecRun *run);
// Why the boot has not passed: the command's status, or why there is none (g_free). NULL: it is well.
char *exec_run_why(const ExecRun *run);
// The output that was kept, both kinds in their order; the caller's.
GByteArray *exec_run_take_output(ExecRun *run);
