// What was measured of a boot, over all of its runs that passed.
#pragma once
#include "outcome.h"

typedef struct Measure {
    char *name;     // "seconds", "kernel", "console to quiesce", "exits.mmio"
    bool is_time;   // in seconds; a count otherwise
    GArray *values; // of double, one a run
} Measure;

// Of Measure: the whole time, each stage's, the time between two marks of the timeline, and all counts
// (g_ptr_array_unref). What is no sensible number is left out.
GPtrArray *measures_of(const Result *result);
