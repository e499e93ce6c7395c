// -object memory-backend-ram, -file and -memfd: where guest memory may be from.
#pragma once
#include "lparun/kinds.h"
#include "lparun/memory.h"

typedef struct MemoryBackend {
    char *path;
    uint64_t size, huge_page;
    int share, seal; // 0: not given; else as the next two
    int dump, merge; // 0: as -machine has it; MEMORY_BACKEND_OFF, MEMORY_BACKEND_ON
    bool prealloc, reserve, huge;
    int place; // MemoryPlace
    uint64_t host_nodes[MEMORY_HOST_NODES / 64];
} MemoryBackend;
enum { MEMORY_BACKEND_OFF = 1, MEMORY_BACKEND_ON };

extern const Kind memory_backend_ram_kind, memory_backend_file_kind, memory_backend_memfd_kind;
bool memory_backend_is(const Object *object);
// What it comes to, but for its name in messages.
MemoryPart memory_backend_part(const Object *object);
