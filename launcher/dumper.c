// The machine's memory, to a file.
#include "dumper.h"
#include "command.h"
#include "lparun/core_file.h"
#include "lparun/words.h"
#include <errno.h>

#define STILL_MS 1      // between two looks whether the machine stands still
#define PATIENCE 500000 // microseconds for a vCPU to tell how it sees memory

struct Dumper {
    DumperParts parts;
    MemorySave *save; // of a core, or of plain bytes; NULL: none
    DumperDone *done; // of that
    void *owner;
    uint64_t address, length; // of plain bytes
    // Of the last core.
    DumpStatus status;
    uint64_t total, completed; // bytes; `completed` while none is under way
    DumpRequest request;       // while it waits for the machine
    guint waiting;             // for that: a source, or 0
};

Dumper *dumper_new(const DumperParts *parts)
{
    Dumper *dumper = g_new0(Dumper, 1);
    dumper->parts = *parts;
    return dumper;
}

const GuestMemory *dumper_memory(const Dumper *dumper)
{
    return dumper->parts.memory;
}

typedef struct Look {
    const DumperParts *parts;
    const Vcpu *vcpu;
    MmuView *view;
    int result;
} Look;

static void look(Vcpu *vcpu, void *data)
{
    Look *asked = data;
    if (vcpu == asked->vcpu)
        asked->result = mmu_view(asked->view, asked->parts->mmu, asked->parts->memory, vcpu_kvm(vcpu));
}

bool dumper_view(const Dumper *dumper, unsigned cpu, MmuView *view)
{
    VcpuSet *vcpus = dumper->parts.vcpus;
    if (cpu >= vcpu_set_count(vcpus))
        return false;
    Look asked = {
        .parts = &dumper->parts, .vcpu = vcpu_set_at(vcpus, cpu), .view = view, .result = -EAGAIN
    };
    vcpu_set_call_within(vcpus, look, &asked, PATIENCE);
    return asked.result >= 0;
}

bool dumper_dumps(const Dumper *dumper)
{
    return dumper->status == DUMP_ACTIVE;
}

bool dumper_is_busy(const Dumper *dumper)
{
    return dumper->save || dumper_dumps(dumper);
}

GVariant *dumper_describe(const Dumper *dumper)
{
    static const Word words[] = { { "none", DUMP_NONE }, { "active", DUMP_ACTIVE },
        { "completed", DUMP_COMPLETED }, { "failed", DUMP_FAILED }, { 0 } };
    bool writing = dumper_dumps(dumper) && dumper->save;
    uint64_t completed = writing ? memory_save_written(dumper->save) : dumper->completed;
    GVariantBuilder *object = command_object();
    command_add_int(object, "total", (gint64)dumper->total);
    command_add_text(object, "status", words_name(words, (int)dumper->status));
    command_add_int(object, "completed", (gint64)completed);
    return command_end(object);
}

// --- Its end.

static void tell_completed(const Dumper *dumper, const GError *error)
{
    GVariantBuilder *data = command_object();
    command_add(data, "result", dumper_describe(dumper));
    if (error)
        command_add_text(data, "error", error->message);
    dumper->parts.tell(dumper->parts.owner, "DUMP_COMPLETED", command_end(data));
}

static void finish(Dumper *dumper, const GError *error)
{
    DumperDone *done = dumper->done;
    void *owner = dumper->owner;
    bool dumped = dumper_dumps(dumper);
    if (dumped)
        dumper->completed = dumper->save ? memory_save_written(dumper->save) : 0;
    g_clear_pointer(&dumper->save, memory_save_free);
    if (dumped) {
        dumper->status = error ? DUMP_FAILED : DUMP_COMPLETED;
        tell_completed(dumper, error);
        dumper->parts.release(dumper->parts.owner);
    }
    if (done)
        done(owner, error);
}

// NULL for no error (g_error_free).
static GError *error_of(const Dumper *dumper, int result)
{
    GError *error = NULL;
    if (result == -EFAULT)
        command_refuse(&error, SAVE_INVALID, dumper->address, dumper->length);
    else if (result < 0)
        command_refuse(&error, "dump: failed to save memory: %s", g_strerror(-result));
    return error;
}

static void on_saved(void *owner, int result)
{
    Dumper *dumper = owner;
    g_autoptr(GError) error = error_of(dumper, result);
    finish(dumper, error);
}

// --- A core.

static GByteArray *make_head(const Dumper *dumper, const DumpRequest *request)
{
    VcpuSet *vcpus = dumper->parts.vcpus;
    unsigned count = vcpu_set_count(vcpus);
    g_autofree CoreVcpu *states = g_new0(CoreVcpu, count);
    for (unsigned i = 0; i < count; i++)
        core_vcpu_read(vcpu_kvm(vcpu_set_at(vcpus, i)), &states[i]);
    const CoreShape shape = {
        .little = core_is_little(vcpu_kvm(vcpu_set_at(vcpus, 0))),
        .address = request->address,
        .length = request->length,
        .linear = request->linear ? CORE_LINUX_LINEAR : 0,
        .vcpus = count,
    };
    return core_head(&shape, states);
}

static gboolean start_when_still(gpointer data)
{
    Dumper *dumper = data;
    const DumpRequest *request = &dumper->request;
    if (!dumper->parts.is_still(dumper->parts.owner))
        return G_SOURCE_CONTINUE;
    dumper->waiting = 0;
    const SaveSource source = {
        .memory = dumper->parts.memory,
        .head = make_head(dumper, request),
        .address = request->address,
        .length = request->length,
    };
    g_autoptr(GError) error = NULL;
    dumper->save = memory_save_start(&source, request->file, on_saved, dumper, &error);
    if (!dumper->save)
        finish(dumper, error);
    return G_SOURCE_REMOVE;
}

// Leaves of the range what is memory; all of it without one.
static bool clip(const GuestMemory *memory, DumpRequest *request)
{
    uint64_t size = guest_memory_size(memory);
    if (!request->has_range)
        request->length = size;
    else if (request->address < size)
        request->length = MIN(request->length, size - request->address);
    else
        request->length = 0;
    return request->length > 0;
}

static bool check_idle(const Dumper *dumper, GError **error)
{
    return !dumper_is_busy(dumper) || command_refuse(error, "There is a dump in process, please wait.");
}

static void take(Dumper *dumper, DumperDone *done, void *owner)
{
    dumper->done = done;
    dumper->owner = owner;
}

bool dumper_begin(Dumper *dumper, const DumpRequest *wanted, GError **error)
{
    DumpRequest request = *wanted;
    if (!check_idle(dumper, error) ||
        (!clip(dumper->parts.memory, &request) && !command_refuse(error, "dump: no guest memory to dump"))) {
        sparse_file_end(request.file, -ECANCELED);
        return false;
    }
    take(dumper, request.done, request.owner);
    dumper->request = request;
    dumper->status = DUMP_ACTIVE;
    dumper->total = request.length;
    dumper->completed = 0;
    dumper->parts.hold(dumper->parts.owner);
    dumper->waiting = g_timeout_add(STILL_MS, start_when_still, dumper);
    return true;
}

bool dumper_save(
    Dumper *dumper, const SaveSource *source, SparseFile *file, DumperDone *done, void *owner, GError **error)
{
    if (!check_idle(dumper, error)) {
        sparse_file_end(file, -ECANCELED);
        return false;
    }
    take(dumper, done, owner);
    dumper->address = source->address;
    dumper->length = source->length;
    dumper->save = memory_save_start(source, file, on_saved, dumper, error);
    return dumper->save;
}

void dumper_free(Dumper *dumper)
{
    if (!dumper)
        return;
    if (dumper->waiting) {
        g_source_remove(dumper->waiting);
        sparse_file_end(dumper->request.file, -ECANCELED);
    }
    if (dumper_is_busy(dumper)) {
        g_autoptr(GError) error = NULL;
        command_refuse(&error, "the machine ends");
        finish(dumper, error);
    }
    g_free(dumper);
}
