// A part of guest memory and where it comes from: inside vmm/ only.
#pragma once
#include "lparun/memory.h"

// A part that is mapped.
typedef struct MappedPart {
    uint8_t *host;
    uint64_t size;
    uint64_t page; // bytes of a page that backs it
    int fd;        // -1: anonymous
    bool shared;   // what is written is in the file
    bool prealloc;
} MappedPart;

// Opens what `part` names, which is not mapped yet. False and `error`; nothing is left open then.
bool memory_part_open(MappedPart *mapped, const MemoryPart *part, GError **error);
// Whether its pages are larger than the host's own.
bool memory_part_is_huge(const MappedPart *mapped);
// Maps it at `host`, a multiple of its pages' size, in place of what is there. False and `error`.
bool memory_part_map(MappedPart *mapped, const MemoryPart *part, uint8_t *host, GError **error);
// The mapping stays.
void memory_part_close(MappedPart *mapped);
// Bytes from `offset` on, which is in it, that are zeros for want of anything in the file: reading them would
// only take memory. 0: there may be something.
uint64_t memory_part_hole(const MappedPart *mapped, uint64_t offset);
// It reads as zeros again.
void memory_part_clear(MappedPart *mapped);
