// The device tree that the payload is given (Devicetree Specification 0.4, chapter 5).
#pragma once
#include <stdbool.h>
#include <stdint.h>

// Takes the tree at this address. False when there is none.
bool fdt_set(uint64_t address);
// Where it lies.
uint64_t fdt_start(void);
uint64_t fdt_end(void);

typedef const uint32_t *FdtNode; // where its properties start; NULL: none

// The next node after `after` (NULL: the first) at `path`. The path's parts are beginnings of names: "pci@",
// and "cpus/PowerPC," for a processor; "" is the root.
FdtNode fdt_find(const char *path, FdtNode after);

// Cell `index` of a property, or of one at `path`, which has to be there.
bool fdt_cell(FdtNode node, const char *name, unsigned index, uint32_t *value);
uint32_t fdt_number(const char *path, const char *name, unsigned index);
// Two cells from `index` on, the more significant one first.
uint64_t fdt_wide(FdtNode node, const char *name, unsigned index);
// The bytes of a property and their number; NULL when there is none.
const uint8_t *fdt_bytes(FdtNode node, const char *name, uint32_t *length);
