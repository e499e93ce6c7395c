// Statistics of a run, as JSON.
#include "stats.h"

char *stats_text(const PartList *parts)
{
    g_autoptr(Counts) counts = counts_new();
    part_list_count(parts, counts);
    return counts_finish(counts);
}

void stats_write(FILE *file, const PartList *parts)
{
    g_autofree char *text = stats_text(parts);
    fputs(text, file);
}
