// The machine's one writer of its memory to files: cores, for which it is held, and plain bytes.
#pragma once
#include "lparun/memory_save.h"
#include "lparun/mmu_walk.h"
#include "lparun/vcpu.h"

typedef struct Dumper Dumper;

typedef struct DumperParts {
    const GuestMemory *memory;
    VcpuSet *vcpus;
    const Mmu *mmu;
    // Holds the machine; it stands still, vCPUs and disks, once the second says so; it may go on.
    void (*hold)(void *owner);
    bool (*is_still)(void *owner);
    void (*release)(void *owner);
    // An event for the monitor. `data` is floating.
    void (*tell)(void *owner, const char *name, GVariant *data);
    void *owner;
} DumperParts;

// All of this is for the main thread.
Dumper *dumper_new(const DumperParts *parts);
// What is under way is cancelled: `done` is called, and its file removed.
void dumper_free(Dumper *dumper);

// Comes once, with NULL or what went wrong, for whoever asked. What dumper_begin() held is released by then.
typedef void DumperDone(void *owner, const GError *error);

typedef struct DumpRequest {
    SparseFile *file;
    bool has_range;           // else all of memory
    uint64_t address, length; // GPA and bytes; what is not memory is left out
    bool linear;              // at the virtual addresses where Linux has memory, for gdb
    DumperDone *done;         // or NULL
    void *owner;
} DumpRequest;
// Begins to write an ELF core. Takes the request's file in any case. False and `error`, in QEMU's words: no
// memory in the range, another file is being written.
bool dumper_begin(Dumper *dumper, const DumpRequest *request, GError **error);

// Begins to write `source` alone, while the guest runs on. As dumper_begin(). `done` hears SAVE_INVALID where
// not all of it is in memory.
#define SAVE_INVALID "Invalid addr 0x%016" G_GINT64_MODIFIER "x/size %" G_GUINT64_FORMAT " specified"
bool dumper_save(Dumper *dumper, const SaveSource *source, SparseFile *file, DumperDone *done, void *owner,
    GError **error);

const GuestMemory *dumper_memory(const Dumper *dumper);
// Guest memory as the cpu-th vCPU sees it now, which may be in the guest. False: there is no such vCPU, or it
// does not tell within half a second.
bool dumper_view(const Dumper *dumper, unsigned cpu, MmuView *view);
// Is a file being written? And one for which the machine is held?
bool dumper_is_busy(const Dumper *dumper);
bool dumper_dumps(const Dumper *dumper);

// QEMU's DumpStatus, of the last core.
typedef enum { DUMP_NONE, DUMP_ACTIVE, DUMP_COMPLETED, DUMP_FAILED } DumpStatus;
// QEMU's DumpQueryResult, floating.
GVariant *dumper_describe(const Dumper *dumper);
