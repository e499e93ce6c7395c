// What is written down of a run: for people on the terminal, and files in a folder.
#pragma once
#include "outcome.h"

// The verdict, and where it is no pass the reason and the last lines of the console.
void report_print(const Result *result);
// results.json (docs/ci.md has its schema), and the consoles, in `folder`, which is made. False and `error`.
bool report_write(const Results *results, const char *folder, GError **error);
