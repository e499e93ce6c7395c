// Saving guest memory to a file, in a thread of its own.
#pragma once
#include "lparun/memory.h"
#include "lparun/sparse_file.h"

typedef struct MemorySave MemorySave;

typedef struct SaveSource {
    const GuestMemory *memory;
    GByteArray *head;         // goes before, or NULL
    uint64_t address, length; // bytes; the range does not wrap
    // Where `address` is in memory: its GPA, and in `length` how many bytes follow there, up to what was in
    // it. False: nowhere. NULL: addresses are GPAs. On the thread that saves.
    bool (*find)(void *owner, uint64_t address, uint64_t *gpa, uint64_t *length);
    void *owner;
} SaveSource;

// Takes `file` and the source's head in any case. `done` comes once, on the main thread, unless the save is
// freed before: with 0, or -errno, -EFAULT for an address that is nowhere, by which time the file is ended.
// The guest may run or be held. NULL and `error`, the host's, when there is no thread for it.
MemorySave *memory_save_start(const SaveSource *source, SparseFile *file,
    void (*done)(void *owner, int result), void *owner, GError **error);
// Bytes of memory that are written. Any thread.
uint64_t memory_save_written(const MemorySave *save);
// Cancels it where it is not done, and waits: it does not write a mebibyte more. For `done`, too.
void memory_save_free(MemorySave *save);
