// One run of a boot: lparun as a child, its console, its monitor, and the judge of all that.
#pragma once
#include "boot.h"
#include "outcome.h"

typedef struct Attempt Attempt;

typedef struct AttemptOps {
    // It has come to this stage.
    void (*stage)(void *owner, const char *stage);
    // Its command wrote that, to standard error or output.
    void (*output)(void *owner, bool errors, const char *bytes, gsize length);
    // It is over: the outcome is the owner's to free; the attempt is gone then.
    void (*ended)(void *owner, Outcome *outcome);
} AttemptOps;

// Starts it. The boot stays the caller's. It keeps what it needs in `folder`, which it makes and removes.
// Limits of time are multiplied by `scale`. Never NULL, and no function of `ops` is called from within. On
// the main context.
Attempt *attempt_start(
    const Boot *boot, const char *folder, double scale, const AttemptOps *ops, void *owner);
// Ends it now; `ended` comes all the same. Nothing of it is left behind.
void attempt_stop(Attempt *attempt);
