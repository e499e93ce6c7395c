// What boots start from: checksums, and which kernel it is.
#pragma once
#include "outcome.h"
#include "suite.h"

typedef struct Inputs Inputs;

// Reads the files of a suite, each once, on a thread of its own; without `sums` only kernels, for their
// versions.
Inputs *inputs_start(const Suite *suite, bool sums);
// Adds them to the results of the boots; waits for the thread. A kernel that ran and is not the one that was
// given is a failure of its boot.
void inputs_fill(Inputs *inputs, const Suite *suite, Results *results);
void inputs_free(Inputs *inputs);
