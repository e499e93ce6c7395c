// Guest memory: the only way to a guest's bytes.
//
// Every function takes a guest physical address (GPA) and a length in bytes and can say no. RAM never moves,
// grows or shrinks while the machine lives, so a pointer that was given out stays valid until
// guest_memory_free(); the guest may change the bytes behind it at any time: read each field once, into a
// local. Any thread may call any of these functions.
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct GuestMemory GuestMemory;

// RAM of `size` bytes (a multiple of the host's page size) at GPA 0, zero-filled and not yet backed by host
// pages. Returns NULL and sets `error` when the host has no room for it.
GuestMemory *guest_memory_new(uint64_t size, GError **error);
void guest_memory_free(GuestMemory *memory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestMemory, guest_memory_free)

// Bytes of RAM.
uint64_t guest_memory_size(const GuestMemory *memory);

// The `length` bytes at `gpa` as a host pointer, or NULL when any of them is not RAM (a range that wraps
// included). A length of 0 is answered as if it were 1.
void *guest_memory_at(const GuestMemory *memory, uint64_t gpa, uint64_t length);

// Copies out of and into RAM. False, and nothing copied, when any byte of the range is not RAM.
bool guest_memory_read(const GuestMemory *memory, uint64_t gpa, void *bytes, uint64_t length);
bool guest_memory_write(const GuestMemory *memory, uint64_t gpa, const void *bytes, uint64_t length);

// Gives all of RAM back to the host: it reads as zeros again. No vCPU and no device may use it meanwhile.
void guest_memory_clear(GuestMemory *memory);
