// The results of a suite's shards, as one.
#pragma once
#include "outcome.h"

// All of `parts` (of Results, each read from the file of the same place in `paths`) as one, for a report in
// the folder `to`: boots in the order of `all`, consoles as seen from there, the seconds of the longest. The
// parts' boots move into it; the parts stay the caller's. A boot that is twice the same is taken once. NULL
// and `error`: parts are of different suites or of different numbers of shards, or a boot is in two of them
// with different results: which one counts is not for a program to say.
Results *results_merge(GPtrArray *parts, const char *const *paths, const char *to, GError **error);
// What is missing in `merged`, one line each: the shards that none of `parts` is, and the boots of `all`.
// NULL: nothing (g_free).
char *merge_missing(const Results *merged, const GPtrArray *parts);
// Gives each boot that is missing a result, "could not test": a farm that lost a shard has not passed.
void merge_add_missing(Results *merged);
