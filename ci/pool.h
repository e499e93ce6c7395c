// Runs the boots of a suite, several at once.
#pragma once
#include "attempt.h"
#include "suite.h"

typedef struct Pool Pool;

typedef struct PoolOps {
    void (*began)(void *owner, const Boot *boot);
    void (*stage)(void *owner, const Boot *boot, const char *stage);
    void (*output)(void *owner, const Boot *boot, bool errors, const char *bytes, gsize length);
    void (*ended)(void *owner, const Boot *boot, const Result *result);
    void (*done)(void *owner); // all have ended, or those that had begun when it was stopped
} PoolOps;

typedef struct PoolLimits {
    unsigned jobs;      // at once; 0: as many as the machine's cores and memory bear
    double scale;       // of limits of time
    bool stop_at_first; // no boot begins after one failed
} PoolLimits;

// What attempts need is kept in `folder`, which is there. The results go to `results`, in the order of the
// suite. On the main context; nothing of `ops` is called from within.
Pool *pool_start(const Suite *suite, const char *folder, const PoolLimits *limits, Results *results,
    const PoolOps *ops, void *owner);
void pool_free(Pool *pool);
// Ends what runs; nothing more begins.
void pool_stop(Pool *pool);
