// Commands that ask what this is: names, numbers, processors and memory (qapi/machine.json, qapi/misc.json).
#include "../command.h"
#include "../machine_options.h"
#include "../options.h"
#include "../smp.h"
#include "lparun/cpus.h"
#include <string.h>

#define CPU_TYPE(name) name "-powerpc64-cpu"

static GVariant *query_name(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    GVariantBuilder *object = command_object();
    command_add_text(object, "name", machine->options->process.guest_name);
    return command_end(object);
}

static GVariant *query_uuid(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    GVariantBuilder *object = command_object();
    command_add_text(object, "UUID", machine->uuid);
    return command_end(object);
}

static GVariant *query_kvm(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    GVariantBuilder *object = command_object();
    command_add_bool(object, "enabled", true);
    command_add_bool(object, "present", true);
    return command_end(object);
}

static GVariant *query_target(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    GVariantBuilder *object = command_object();
    command_add_text(object, "arch", "ppc64");
    return command_end(object);
}

static GVariant *describe_machine(const Word *type)
{
    GVariantBuilder *object = command_object();
    command_add_text(object, "name", type->word);
    if (type == MACHINE_NEWEST) {
        command_add_text(object, "alias", machine_words[0].word);
        command_add_bool(object, "is-default", true);
    }
    command_add_int(object, "cpu-max", SMP_CPUS_MAX);
    command_add_bool(object, "hotpluggable-cpus", false);
    command_add_bool(object, "numa-mem-supported", true);
    command_add_bool(object, "deprecated", false);
    command_add_text(object, "default-cpu-type", CPU_TYPE("host"));
    command_add_text(object, "default-ram-id", MACHINE_RAM_ID);
    command_add_bool(object, "acpi", false);
    return command_end(object);
}

static GVariant *query_machines(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    GVariantBuilder *list = command_list();
    for (const Word *type = MACHINE_NEWEST; type->word; type++)
        command_append(list, describe_machine(type));
    return command_end(list);
}

static GVariant *query_current_machine(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    GVariantBuilder *object = command_object();
    command_add_bool(object, "wakeup-suspend-support", false);
    return command_end(object);
}

// --- Processors.

static GVariant *describe_processor(const char *name)
{
    g_autofree char *type = g_strdup_printf(CPU_TYPE("%s"), name);
    GVariantBuilder *object = command_object();
    command_add_text(object, "name", name);
    command_add_text(object, "typename", type);
    command_add_bool(object, "static", false);
    command_add_bool(object, "deprecated", false);
    return command_end(object);
}

// The host's own, and the levels that it can be held to.
static GVariant *query_cpu_definitions(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    GVariantBuilder *list = command_list();
    const char *own = machine->processors->name + strlen("PowerPC,");
    command_append(list, describe_processor("host"));
    for (const Word *level = compat_words; level->word; level++) {
        command_append(list, describe_processor(level->word));
        if (g_ascii_strcasecmp(level->word, own) == 0)
            break;
    }
    return command_end(list);
}

// --- Memory.

static GVariant *query_memory_size_summary(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    GVariantBuilder *object = command_object();
    command_add_int(object, "base-memory", (gint64)machine->options->memory);
    command_add_int(object, "plugged-memory", 0);
    return command_end(object);
}

static GVariant *describe_part(const MemoryPart *part, const char *id)
{
    GVariantBuilder *object = command_object();
    command_add_text(object, "id", id);
    command_add_int(object, "size", (gint64)part->size);
    command_add_bool(object, "merge", false);
    command_add_bool(object, "dump", true);
    command_add_bool(object, "prealloc", part->prealloc);
    command_add_bool(object, "share", part->share);
    command_add_bool(object, "reserve", true);
    command_add(object, "host-nodes", command_end(command_list()));
    command_add_text(object, "policy", "default");
    return command_end(object);
}

// The objects that memory is from, or the one part that there is without any.
static GVariant *query_memdev(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    const MemoryOptions *options = &machine->options->memory_options;
    GVariantBuilder *list = command_list();
    for (unsigned i = 0; i < options->parts->len; i++) {
        const Object *object = options->used && i < options->used->len ? options->used->pdata[i] : NULL;
        command_append(list, describe_part(&g_array_index(options->parts, MemoryPart, i),
                                 object ? object->id : MACHINE_RAM_ID));
    }
    return command_end(list);
}

extern const Command about_commands[];
const Command about_commands[] = {
    { "query-cpu-definitions", query_cpu_definitions, NULL, "[CpuDefinitionInfo]" },
    { "query-current-machine", query_current_machine, NULL, "CurrentMachineParams" },
    { "query-kvm", query_kvm, NULL, "KvmInfo" },
    { "query-machines", query_machines, "compat-props?:bool", "[MachineInfo]" },
    { "query-memdev", query_memdev, NULL, "[Memdev]" },
    { "query-memory-size-summary", query_memory_size_summary, NULL, "MemoryInfo" },
    { "query-name", query_name, NULL, "NameInfo" },
    { "query-target", query_target, NULL, "TargetInfo" },
    { "query-uuid", query_uuid, NULL, "UuidInfo" },
    { 0 },
};

extern const CommandType about_types[];
const CommandType about_types[] = {
    { "CpuDefinitionInfo", "name:str static:bool typename:str deprecated:bool" },
    { "CurrentMachineParams", "wakeup-suspend-support:bool" },
    { "KvmInfo", "enabled:bool present:bool" },
    { "MachineInfo",
        "name:str alias?:str is-default?:bool cpu-max:int hotpluggable-cpus:bool numa-mem-supported:bool "
        "deprecated:bool default-cpu-type?:str default-ram-id?:str acpi:bool" },
    { "Memdev",
        "id?:str size:int merge:bool dump:bool prealloc:bool share:bool reserve?:bool host-nodes:[int] "
        "policy:HostMemPolicy" },
    { "HostMemPolicy", .words = "default" },
    { "MemoryInfo", "base-memory:int plugged-memory?:int" },
    { "NameInfo", "name?:str" },
    { "TargetInfo", "arch:SysEmuTarget" },
    { "UuidInfo", "UUID:str" },
    { 0 },
};
