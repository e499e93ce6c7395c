// Commands that write the guest's memory to files (qapi/dump.json, qapi/machine.json).
#include "../command.h"
#include "../dumper.h"
#include "../fds.h"
#include "lparun/vcpu.h"

// --- Arguments.

static bool has(GVariant *arguments, const char *name)
{
    g_autoptr(GVariant) value = g_variant_lookup_value(arguments, name, NULL);
    return value;
}

// Others than elf are refused as QEMU refuses what it was built without.
static bool check_format(GVariant *arguments, GError **error)
{
    const char *format = command_text(arguments, "format");
    if (!format || strcmp(format, "elf") == 0)
        return true;
    if (strcmp(format, "win-dmp") == 0)
        return command_refuse(error, "Windows dump is only available for x86-64");
    return command_refuse(error, "%s is not available now; use elf", format);
}

// `begin` and `length`, together or neither.
static bool take_range(GVariant *arguments, DumpRequest *request, GError **error)
{
    bool has_begin = has(arguments, "begin"), has_length = has(arguments, "length");
    if (has_begin != has_length)
        return command_refuse(error, "Parameter '%s' is missing", has_begin ? "length" : "begin");
    request->has_range = has_begin;
    request->address = (uint64_t)command_number(arguments, "begin", 0);
    request->length = (uint64_t)command_number(arguments, "length", 0);
    return !has_begin || request->length > 0 ||
           command_refuse(error, "parameter 'length' expects a non-zero size");
}

static SparseFile *open_descriptor(const MonitorMachine *machine, const char *name, GError **error)
{
    int fd = fds_take(machine->fds, name);
    if (fd < 0)
        command_refuse(error, "File descriptor named '%s' has not been found", name);
    return fd < 0 ? NULL : sparse_file_of(fd);
}

static SparseFile *open_protocol(const MonitorMachine *machine, const char *protocol, GError **error)
{
    if (g_str_has_prefix(protocol, "file:"))
        return sparse_file_create(protocol + strlen("file:"), error);
    if (g_str_has_prefix(protocol, "fd:"))
        return open_descriptor(machine, protocol + strlen("fd:"), error);
    command_refuse(error, "parameter 'protocol' must start with 'file:' or 'fd:'");
    return NULL;
}

// --- Answers.

static void answer(void *owner, const GError *error)
{
    CommandLater *later = owner;
    later->answer(later, error ? NULL : command_nothing(), error);
}

static bool dump_guest_memory(
    const MonitorMachine *machine, GVariant *arguments, CommandLater *later, GError **error)
{
    bool detach = command_switch(arguments, "detach", false);
    DumpRequest request = { .linear = command_switch(arguments, "paging", false) };
    if (dumper_is_busy(machine->dumper))
        return command_refuse(error, "There is a dump in process, please wait.");
    if (!take_range(arguments, &request, error) || !check_format(arguments, error) ||
        !(request.file = open_protocol(machine, command_text(arguments, "protocol"), error)))
        return false;
    if (!detach) {
        request.done = answer;
        request.owner = later;
    }
    if (!dumper_begin(machine->dumper, &request, error))
        return false;
    if (detach)
        answer(later, NULL);
    return true;
}

static GVariant *query_dump(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    return dumper_describe(machine->dumper);
}

static GVariant *query_capability(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    GVariantBuilder *object = command_object(), *formats = command_list();
    command_append(formats, g_variant_new_string("elf"));
    command_add(object, "formats", command_end(formats));
    return command_end(object);
}

// --- Plain bytes.

static bool save(const MonitorMachine *machine, const SaveSource *source, const char *path, DumperDone *done,
    void *owner, GError **error)
{
    if (dumper_is_busy(machine->dumper))
        return command_refuse(error, "There is a dump in process, please wait.");
    SparseFile *file = sparse_file_create(path, error);
    return file && dumper_save(machine->dumper, source, file, done, owner, error);
}

static bool refuse_range(GError **error, const SaveSource *source)
{
    return command_refuse(error, SAVE_INVALID, source->address, source->length);
}

static bool pmemsave(const MonitorMachine *machine, GVariant *arguments, CommandLater *later, GError **error)
{
    const GuestMemory *memory = dumper_memory(machine->dumper);
    const SaveSource source = {
        .memory = memory,
        .address = (uint64_t)command_number(arguments, "val", 0),
        .length = (uint64_t)command_number(arguments, "size", 0),
    };
    if (source.length > 0 && !guest_memory_has(memory, source.address, source.length))
        return refuse_range(error, &source);
    return save(machine, &source, command_text(arguments, "filename"), answer, later, error);
}

#define PAGE_LEAST 4096 // bytes: what mmu_walk() finds reaches to the end of it

// As a vCPU saw its memory when it was asked.
typedef struct Sight {
    CommandLater *later;
    MmuView view;
} Sight;

// SaveSource.find.
static bool find(void *owner, uint64_t address, uint64_t *gpa, uint64_t *length)
{
    const Sight *sight = owner;
    *length = MIN(*length, PAGE_LEAST - address % PAGE_LEAST);
    return mmu_walk(&sight->view, address, gpa);
}

static void answer_sight(void *owner, const GError *error)
{
    g_autofree Sight *sight = owner;
    answer(sight->later, error);
}

// False and `error`: there is no such vCPU, or it does not tell.
static bool look(const MonitorMachine *machine, GVariant *arguments, MmuView *view, GError **error)
{
    unsigned cpu;
    return command_cpu(machine, arguments, &cpu, error) &&
           (dumper_view(machine->dumper, cpu, view) ||
               command_refuse(error, "CPU#%u does not tell how it sees memory", cpu));
}

static bool memsave(const MonitorMachine *machine, GVariant *arguments, CommandLater *later, GError **error)
{
    g_autofree Sight *sight = g_new0(Sight, 1);
    sight->later = later;
    const SaveSource source = { .memory = dumper_memory(machine->dumper),
        .address = (uint64_t)command_number(arguments, "val", 0),
        .length = (uint64_t)command_number(arguments, "size", 0),
        .find = find,
        .owner = sight };
    if (source.length > UINT64_MAX - source.address)
        return refuse_range(error, &source);
    if (!look(machine, arguments, &sight->view, error) ||
        !save(machine, &source, command_text(arguments, "filename"), answer_sight, sight, error))
        return false;
    g_steal_pointer(&sight); // answer_sight()'s
    return true;
}

extern const Command dump_commands[];
const Command dump_commands[] = {
    { "dump-guest-memory", .begin = dump_guest_memory,
        .arguments = "paging:bool protocol:str detach?:bool begin?:int length?:int "
                     "format?:DumpGuestMemoryFormat" },
    { "memsave", .begin = memsave, .arguments = "val:int size:int filename:str cpu-index?:int" },
    { "pmemsave", .begin = pmemsave, .arguments = "val:int size:int filename:str" },
    { "query-dump", query_dump, .result = "DumpQueryResult" },
    { "query-dump-guest-memory-capability", query_capability, .result = "DumpGuestMemoryCapability" },
    { 0 },
};

extern const CommandType dump_types[];
const CommandType dump_types[] = {
    { "DumpGuestMemoryCapability", "formats:[DumpGuestMemoryFormat]" },
    { "DumpGuestMemoryFormat", .words = "elf kdump-zlib kdump-lzo kdump-snappy kdump-raw-zlib kdump-raw-lzo "
                                        "kdump-raw-snappy win-dmp" },
    { "DumpQueryResult", "status:DumpStatus completed:int total:int" },
    { "DumpStatus", .words = "none active completed failed" },
    { 0 },
};
