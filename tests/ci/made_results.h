// Results that no results.json can hold, or that a guest would want to hold: what reports must stand.
#pragma once
#include "../../ci/outcome.h"

// A result of one outcome, with the verdict for both.
Result *made_result(Results *results, const char *name, Verdict verdict, const char *reason);
// A boot of each verdict, with cases of each result, and a reason each.
Results *made_each(void);
// The same, with texts that break out of what they stand in, where a report lets them, and bytes that are no
// UTF-8.
Results *made_hostile(void);
// Boots with cases of one name, 60 lines of a failure, 60 last ones, and a reason; each line has `width`
// bytes. Every second panicked.
Results *made_many(unsigned boots, unsigned cases, unsigned width);
