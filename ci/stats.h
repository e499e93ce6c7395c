// What lparun and the host's kernel count of a guest.
#pragma once
#include "outcome.h"
#include <json-glib/json-glib.h>

// The answer to x-lparun-timeline as marks, seconds after `start` (microseconds of the monotonic clock).
void stats_marks(JsonNode *answer, gint64 start, GArray *marks);
// The numbers of the file that -stats wrote, each by its way through the objects: "exits.mmio". Nothing
// without a file.
void stats_counts(const char *path, Outcome *outcome);
