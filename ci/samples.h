// Numbers that were measured several times: what is typical, how far they spread, and what may be chance.
#pragma once
#include <glib.h>

// The middle one; 0 for none. `values`: of double, their order changes.
double samples_median(GArray *values);
// The median of the distances from the median; 0 for fewer than two. `values`: likewise.
double samples_spread(GArray *values);
// How likely it is that one rate of passing shows a drop like this, or a greater one, by chance (Fisher's
// exact test, one-sided): `passed` of `runs` before, `now_passed` of `now_runs`.
double samples_chance(unsigned passed, unsigned runs, unsigned now_passed, unsigned now_runs);
