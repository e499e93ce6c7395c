// What the runs of a boot come to together.
#pragma once
#include "boot.h"
#include "outcome.h"

// Is there another run to be made, after those that the result has?
bool conclude_runs_again(const Boot *boot, const Result *result);
// Verdict and reason of the result, of its outcomes and of what was known before.
void conclude(const Boot *boot, Result *result);
