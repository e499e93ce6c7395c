// Two runs of a suite: what is different.
#pragma once
#include "outcome.h"
#include <json-glib/json-glib.h>

// How much more counts as more, as a part of what it was, where nothing else is said. With three runs or more
// on both sides it is at least three times their spread (the median of the distances from the median), so
// that noise that is seen is allowed for; with fewer it is never less than this, since nothing is known of
// the noise. Counts get half of it: the host's load does less to them.
#define COMPARE_NOISE 0.1

typedef enum {
    CHANGE_BROKE,     // it fails, and did not
    CHANGE_OTHERWISE, // it fails still, by another signature
    CHANGE_RATE,      // it passes less often, or more often
    CHANGE_GREW,
    CHANGE_UNTESTED, // the host could not test it
    CHANGE_MENDED,
    CHANGE_SHRANK,
    CHANGE_NEW,
    CHANGE_GONE,
    CHANGES
} ChangeKind;

typedef struct Change {
    ChangeKind kind;
    const char *boot;
    const Result *old, *new; // NULL: it is not there
    bool worse;
    char *measure;        // GREW, SHRANK: "seconds", "kernel", "exits.mmio"
    double before, after; // medians
    bool is_time;         // in seconds; a count otherwise
    double chance;        // RATE: how likely it is that nothing has changed
} Change;

// Of Change, by kind, failures by their signature, growth by how much it is; the results stay the caller's
// and must outlive it (g_array_unref).
GArray *compare_results(const Results *old, const Results *new, double noise);

// For people; with no end of line after the last (g_free). `worse`: is anything? A boot fails that did not
// (one that is new, too) or by a signature that no boot had, passes less often than chance explains, or
// something grew.
char *compare_text(const Results *old, const Results *new, double noise, bool *worse);
// For programs: docs/ci.md has its members.
JsonNode *compare_json(const Results *old, const Results *new, double noise, bool *worse);

// What a failure is called: its signature, or its verdict.
const char *compare_signature(const Result *result);
// How many of a boot's runs passed, and how many there were that were tested.
unsigned compare_passes(const Result *result);
unsigned compare_runs(const Result *result);
