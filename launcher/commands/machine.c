// Commands that ask what the machine has.
#include "../command.h"
#include "../marks.h"
#include "qom_tree.h"

char *qom_cpu_path(const MonitorCpu *cpu)
{
    return g_strdup_printf("/machine/unattached/device[%u]/thread[%u]", cpu->core, cpu->thread);
}

static GVariant *describe_cpu(const MonitorCpu *cpu)
{
    g_autofree char *path = qom_cpu_path(cpu);
    GVariantBuilder *object = command_object(), *properties = command_object();
    command_add_int(object, "cpu-index", cpu->index);
    command_add_text(object, "qom-path", path);
    command_add_int(object, "thread-id", cpu->thread_id);
    command_add_int(properties, "core-id", cpu->core);
    command_add(object, "props", command_end(properties));
    command_add_text(object, "target", "ppc64");
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
    g_autoptr(GArray) entries = machine->timeline ? timeline_entries(machine->timeline) : NULL;
    for (unsigned i = 0; entries && i < entries->len; i++)
        command_append(marks, mark_describe(&g_array_index(entries, TimelineEntry, i)));
    command_add_int(result, "now", g_get_monotonic_time());
    command_add(result, "marks", command_end(marks));
    return command_end(result);
}

static GVariant *x_lparun_watch(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    machine->watch(machine->watch_owner, command_switch(arguments, "enable", true));
    return command_nothing();
}

extern const Command machine_commands[];
const Command machine_commands[] = {
    { "query-cpus-fast", query_cpus_fast, NULL, "[CpuInfoFast]" },
    { "x-lparun-timeline", x_lparun_timeline, NULL, "XLparunTimeline", .features = "unstable" },
    { "x-lparun-watch", x_lparun_watch, "enable?:bool", .features = "unstable" },
    { 0 },
};

extern const CommandType machine_types[];
const CommandType machine_types[] = {
    { "CpuInfoFast",
        "cpu-index:int qom-path:str thread-id:int props?:CpuInstanceProperties target:SysEmuTarget" },
    { "CpuInstanceProperties", "core-id?:int" },
    { "SysEmuTarget", .words = "ppc64" },
    { "XLparunTimeline", "now:int marks:[XLparunMark]" },
    { "XLparunMark", "name:str at:int reason?:str disk?:str" },
    { 0 },
};
