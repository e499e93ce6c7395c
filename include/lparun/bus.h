// The userspace MMIO bus: guest physical address ranges with read and write operations.
//
// Values on the bus are little-endian: the value of an access is the number that its bytes mean with the
// least significant one first, as PCI and virtio registers have it, whatever the byte order of guest and
// host.
//
// Lookups take no lock (a sequence count over a sorted table). Ranges come, move and go at any time.
#pragma once
#include "lparun/part.h"
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Bus Bus;
typedef struct BusRange BusRange;

// Called on the vCPU's thread, several at once; `offset` counts from the range's base, `size` is 1, 2, 4
// or 8. An access never reaches past the end of its range.
typedef struct BusOps {
    uint64_t (*read)(void *owner, uint64_t offset, unsigned size);
    void (*write)(void *owner, uint64_t offset, unsigned size, uint64_t value);
} BusOps;

Bus *bus_new(void);
void bus_free(Bus *bus);
extern const PartOps bus_part;

// A range that is not mapped yet. Any thread. The bus frees it with itself, or before that the next one: no
// vCPU may be in a call of the range then. Where vCPUs run: unmap it, wait by vcpu_set_settle(), free it.
// NULL is no range.
BusRange *bus_add_range(Bus *bus, const BusOps *ops, void *owner);
void bus_range_free(BusRange *range);

// Places the range at [base, base + size), wherever it was before; `size` > 0 and no wrap. Where ranges
// overlap, one of them answers. Any thread.
void bus_range_map(BusRange *range, uint64_t base, uint64_t size);
void bus_range_unmap(BusRange *range);

// One access of `size` (1, 2, 4, 8) bytes. False when no range holds all of [address, address + size): reads
// then leave `*value` alone. Any vCPU thread.
bool bus_read(Bus *bus, uint64_t address, unsigned size, uint64_t *value);
bool bus_write(Bus *bus, uint64_t address, unsigned size, uint64_t value);
