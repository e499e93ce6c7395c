// A mark of the timeline, as the monitor's clients see it.
#pragma once
#include "lparun/timeline.h"

// {"name", "at"}, and "disk" or "reason" where it has one.
GVariant *mark_describe(const TimelineEntry *entry);
