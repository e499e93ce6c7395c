// Guest memory: the only way to a guest's bytes.
//
// Every function takes a guest physical address (GPA) and a length in bytes and can say no. RAM never moves,
// grows or shrinks while the machine lives, so a pointer that was given out stays valid until
// guest_memory_free(); the guest may change the bytes behind it at any time: read each field once, into a
// local. Any thread may call any of these functions.
#pragma once
#include "lparun/part.h"
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct GuestMemory GuestMemory;

// Which of the host's nodes the pages are from (mbind(2)).
typedef enum { PLACE_ANYWHERE, PLACE_PREFERRED, PLACE_BOUND, PLACE_INTERLEAVED } MemoryPlace;
#define MEMORY_HOST_NODES 128

// Where a part of RAM comes from.
typedef struct MemoryPart {
    const char *option; // for messages: "-m", "-mem-path /dev/shm"
    uint64_t size;      // bytes
    const char *path;   // a folder, for a file without a name there, or a file; NULL: anonymous memory
    bool share;         // other processes that map the file see the guest's memory
    bool prealloc;      // backed by host pages from the start on
    bool nameless; // without a path: from a file without a name, which `share` can be of (memfd_create(2))
    bool huge;     // of that: huge pages, of `huge_page` bytes or (0) the host's usual ones
    uint64_t huge_page;
    bool sealed;      // of that: its size is fixed for all who get it
    bool dump, merge; // it is in a core dump; equal pages may become one
    bool reserve;     // swap is there for all of it from the start on
    MemoryPlace place;
    uint64_t host_nodes[MEMORY_HOST_NODES / 64]; // a bit each, of `place`
} MemoryPart;

// RAM from GPA 0 on, made of `count` parts in their order; zero-filled. NULL and `error`: the host's when it
// has no room for it, the user's when a part's path or size is wrong. A part on hugetlbfs is whole pages of
// that file system's.
GuestMemory *guest_memory_new_of(const MemoryPart *parts, unsigned count, GError **error);
// The same of `size` bytes of anonymous memory, not yet backed by host pages.
GuestMemory *guest_memory_new(uint64_t size, GError **error);
void guest_memory_free(GuestMemory *memory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestMemory, guest_memory_free)

// Bytes of RAM.
uint64_t guest_memory_size(const GuestMemory *memory);

// Are all `length` bytes at `gpa` RAM? A length of 0 is answered as if it were 1, as in all that follows; a
// range that wraps is none.
bool guest_memory_has(const GuestMemory *memory, uint64_t gpa, uint64_t length);
// The `length` bytes at `gpa` as a host pointer, to be read, or to be written by lparun or a device; NULL
// when any of them is not RAM. The second is the one place that can know what is written.
const void *guest_memory_read_at(const GuestMemory *memory, uint64_t gpa, uint64_t length);
void *guest_memory_write_at(const GuestMemory *memory, uint64_t gpa, uint64_t length);
// The same for KVM, which maps it into the guest and itself knows what is written there.
void *guest_memory_for_kvm(const GuestMemory *memory, uint64_t gpa, uint64_t length);

// Copies out of and into RAM. False, and nothing copied, when any byte of the range is not RAM.
bool guest_memory_read(const GuestMemory *memory, uint64_t gpa, void *bytes, uint64_t length);
bool guest_memory_write(const GuestMemory *memory, uint64_t gpa, const void *bytes, uint64_t length);

// Bytes from `gpa` on, which is RAM, that are known to be zeros; to read them would take the host's memory
// for nothing. 0: there may be something else.
uint64_t guest_memory_hole(const GuestMemory *memory, uint64_t gpa);

// Makes all of RAM read as zeros again, and gives back to the host what was not asked to be there from the
// start on. No vCPU and no device may use it meanwhile.
void guest_memory_clear(GuestMemory *memory);
extern const PartOps guest_memory_part;
