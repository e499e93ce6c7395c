// What is written down of a run.
#pragma once
#include "outcome.h"

typedef struct ReportOptions {
    char *folder;              // or NULL
    char *junit, *tap, *kcidb; // files of their own; or NULL
    char *kcidb_origin;        // or NULL
} ReportOptions;

// The folder, which is made, gets results.json (docs/ci.md has its schema), the other reports and the
// consoles; the files what is theirs. False and `error`.
bool report_write(const Results *results, const ReportOptions *options, GError **error);
void report_options_clear(ReportOptions *options);
