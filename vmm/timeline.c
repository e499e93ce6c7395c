// The timeline of a guest.
#include "lparun/timeline.h"
#include "lparun/words.h"

static const Word names[] = {
    { "start", TIMELINE_START },
    { "console", TIMELINE_CONSOLE },
    { "quiesce", TIMELINE_QUIESCE },
    { "cas", TIMELINE_CAS },
    { "process-table", TIMELINE_PROCESS_TABLE },
    { "start-cpu", TIMELINE_START_CPU },
    { 0 },
};

Timeline *timeline_new(void)
{
    return g_new0(Timeline, 1);
}

void timeline_free(Timeline *timeline)
{
    g_free(timeline);
}

const char *timeline_name(TimelineMark mark)
{
    return words_name(names, (int)mark);
}

static bool reset_part(void *part, GError **error)
{
    Timeline *timeline = part;
    for (unsigned i = 0; i < TIMELINE_MARKS; i++)
        atomic_store(&timeline->at[i], 0);
    return true;
}

static void free_part(void *part)
{
    timeline_free(part);
}

const PartOps timeline_part = { .kind = "timeline", .reset = reset_part, .free = free_part };
