// Statistics at the end of a run, as JSON.
#include "stats.h"

void stats_write(FILE *file, const PartList *parts)
{
    g_autoptr(Counts) counts = counts_new();
    part_list_count(parts, counts);
    g_autofree char *text = counts_finish(counts);
    fputs(text, file);
}
