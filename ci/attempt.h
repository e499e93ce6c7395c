// One run of a boot: lparun as a child, its console, its monitor, and the judge of all that.
#pragma once
#include "boot.h"
#include "judge.h"

typedef struct Attempt Attempt;

// When the guest came to something, as lparun tells: seconds from its start.
typedef struct Mark {
    char *name;
    double seconds;
} Mark;

// What is left of it.
typedef struct Outcome {
    Finding finding;
    char *stage;        // that it came to
    double seconds;     // from lparun's start to the verdict
    GPtrArray *console; // of char *: "   1.234 text", seconds and a line each; the last ones of a flood
    GByteArray *raw;    // as it came, as far as CONSOLE_BYTES
    bool flooded;       // there was more
    GArray *timeline;   // of Mark
    GStrv command;
} Outcome;

#define CONSOLE_BYTES (16u << 20)
#define CONSOLE_LINES 100000u

// Starts it. `ended` gets the outcome, which is its to free, on the main context; the attempt is gone then.
// NULL and `error`: there is no folder for its socket.
Attempt *attempt_start(
    const Boot *boot, void (*ended)(void *owner, Outcome *outcome), void *owner, GError **error);
// Ends it now; `ended` comes all the same. Nothing of it is left behind.
void attempt_stop(Attempt *attempt);
void outcome_free(Outcome *outcome);
