// Commands that ask what the machine has.
#include "../command.h"
#include "lparun/timeline.h"

static GVariant *describe_cpu(const MonitorCpu *cpu)
{
    g_autofree char *path = g_strdup_printf("/machine/unattached/device[%u]", cpu->index);
    GVariantBuilder *object = command_object(), *properties = command_object();
    command_add(object, "cpu-index", g_variant_new_int64(cpu->index));
    command_add(
        object, "qom-path", g_variant_new_string(path)); // the schema wants one; there are no such objects
    command_add(object, "thread-id", g_variant_new_int64(cpu->thread_id));
    command_add(properties, "core-id", g_variant_new_int64(cpu->core));
    command_add(object, "props", command_end(properties));
    command_add(object, "target", g_variant_new_string("ppc64"));
    return command_end(object);
}

static GVariant *query_cpus_fast(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    GVariantBuilder *list = command_list();
    for (unsigned i = 0; i < machine->cpus(machine->owner); i++) {
        MonitorCpu cpu = machine->cpu(machine->owner, i);
        command_append(list, describe_cpu(&cpu));
    }
    return command_end(list);
}

// When the guest came to what, in microseconds of one clock, of which "now" is, too.
static GVariant *x_lparun_timeline(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    GVariantBuilder *result = command_object(), *marks = command_list();
    for (unsigned i = 0; machine->timeline && i < TIMELINE_MARKS; i++) {
        gint64 at = atomic_load(&machine->timeline->at[i]);
        if (at == 0)
            continue;
        GVariantBuilder *mark = command_object();
        command_add(mark, "name", g_variant_new_string(timeline_name(i)));
        command_add(mark, "at", g_variant_new_int64(at));
        command_append(marks, command_end(mark));
    }
    command_add(result, "now", g_variant_new_int64(g_get_monotonic_time()));
    command_add(result, "marks", command_end(marks));
    return command_end(result);
}

extern const Command machine_commands[];
const Command machine_commands[] = {
    { "query-cpus-fast", query_cpus_fast },
    { "x-lparun-timeline", x_lparun_timeline },
    { 0 },
};
