// What is written down of a boot: for people on the terminal, and files in a folder.
#pragma once
#include "attempt.h"

// The verdict, and where it is no pass the reason and the last lines of the console.
void report_print(const Boot *boot, const Outcome *outcome);
// results.json (docs/ci.md has its schema), console.txt and console.raw in `folder`, which is made. False and
// `error`.
bool report_write(const Boot *boot, const Outcome *outcome, const char *folder, GError **error);
