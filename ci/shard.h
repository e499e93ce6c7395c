// Shards: a suite in N parts, each run on a machine of its own.
//
// With the times of an earlier run the longest boot goes first, each to the shard that has the least to do.
// Without, boots are dealt out in the order of a hash of their names: neighbours, which are alike, go apart.
#pragma once
#include "outcome.h"

#define SHARDS_MOST 10000u

// "3/8": the third of eight. False and `error` for anything else, and for more than SHARDS_MOST.
bool shard_parse(const char *text, unsigned *k, unsigned *n, GError **error);
// The shard that a farm's engine gives to this process by its environment: an array of Slurm's, an indexed
// Job of Kubernetes', `parallel` of GitLab's or CircleCI's. `n`: before, how many shards were asked for, or
// 0; LPARUN_CI_SHARDS says it, too. False without an error: there is none. False and `error`: what it says
// does not hold together, or is not enough; `k` and `n` stay as they were.
bool shard_from_environment(unsigned *k, unsigned *n, GError **error);
// Which of `count` boots are shard `k`'s of `n`, one a name (g_free). `times`: seconds of each, 0 where there
// are none; or NULL. The same names and times give the same shards on any machine, in whatever order they
// come.
bool *shard_pick(const char *const *names, const double *times, unsigned count, unsigned k, unsigned n);
// Name to seconds (a double), all runs of a boot together; boots that could not be tested have none
// (g_hash_table_unref).
GHashTable *shard_times(const Results *results);
