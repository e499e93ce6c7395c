// The machine: which parts make it, how they are wired, and how a run ends.
#pragma once
#include "lparun/run.h"
#include "options.h"
#include <stdio.h>

typedef struct Machine Machine;

// Builds the machine that `options` ask for. NULL and `error`.
Machine *machine_new(const Options *options, GError **error);
void machine_free(Machine *machine);

// Runs the guest until it ends. Returns the program's exit status; `error` where it is for a person to read.
// On the main thread.
int machine_run(Machine *machine, GError **error);

// Writes the device tree that the guest would start with to a file. Before machine_run(). False and `error`.
bool machine_write_tree(const Machine *machine, const char *path, GError **error);

// Writes the statistics as JSON to `file`.
void machine_write_stats(const Machine *machine, FILE *file);
