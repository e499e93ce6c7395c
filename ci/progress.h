// What a person sees of a run: on a terminal a line for each boot that runs, elsewhere a line for each that
// ended.
#pragma once
#include "outcome.h"
#include <stdio.h>

typedef struct Progress Progress;

// `total` boots; `quiet`: nothing but the failures and the sum at the end. `to`: standard output or error. On
// the main context.
Progress *progress_new(unsigned total, bool quiet, FILE *to);
void progress_free(Progress *progress);
void progress_began(Progress *progress, const char *boot);
void progress_stage(Progress *progress, const char *boot, const char *stage);
void progress_ended(Progress *progress, const Result *result);
// The failures with their last lines, and how many there are of each verdict.
void progress_finish(Progress *progress, const Results *results);
