// One run of a boot: lparun as a child, its console, its monitor, and the judge of all that.
#pragma once
#include "boot.h"
#include "judge.h"
#include "outcome.h"

typedef struct Attempt Attempt;

// Starts it. `ended` gets the outcome, which is its to free, on the main context; the attempt is gone then.
// NULL and `error`: there is no folder for its socket.
Attempt *attempt_start(
    const Boot *boot, void (*ended)(void *owner, Outcome *outcome), void *owner, GError **error);
// Ends it now; `ended` comes all the same. Nothing of it is left behind.
void attempt_stop(Attempt *attempt);
