// Marks of the timeline for the monitor.
#include "marks.h"
#include "command.h"

GVariant *mark_describe(const TimelineEntry *entry)
{
    GVariantBuilder *mark = command_object();
    command_add(mark, "name", g_variant_new_string(entry->name));
    command_add(mark, "at", g_variant_new_int64(entry->at));
    if (entry->disk)
        command_add(mark, "disk", g_variant_new_string(entry->disk));
    if (entry->reason)
        command_add(mark, "reason", g_variant_new_string(entry->reason));
    return command_end(mark);
}
