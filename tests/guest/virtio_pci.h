// The virtio-blk function on the first PCI host bridge.
#pragma once
#include <stdint.h>

// Guest physical addresses of its parts (virtio 1.2, 4.1.4).
typedef struct VirtioPci {
    uint64_t common, isr, device; // capabilities of those names
    uint64_t notify;
    uint32_t notify_length, notify_multiplier;
    uint64_t interrupts; // the BAR with the MSI-X table
    uint64_t interrupts_size;
    uint64_t bar, bar_size; // the one with all but that table
} VirtioPci;

// Finds the function, gives its BARs addresses at the start of the bridge's two windows and turns decoding
// on. The machine stops when there is none.
void virtio_pci_find(VirtioPci *virtio);
