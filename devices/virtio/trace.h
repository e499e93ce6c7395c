// Virtio in lines of tracing.
#pragma once
#include "lparun/trace.h"
#include "pci.h"

// A request, as its lines name it.
typedef struct VirtioTraced {
    const char *device;
    unsigned queue;
    uint16_t head;
} VirtioTraced;

// Each where its event is on. `offset` counts from the registers' begin.
void virtio_trace_register(const VirtioPci *pci, bool store, unsigned offset, unsigned size, uint64_t value);
void virtio_trace_queue(const VirtioPci *pci, unsigned queue);
// Says so where VIRTIO_REQUEST is on; now.
int64_t virtio_trace_request(const VirtioTraced *what, const VirtioChain *chain);
// `taken` is when it was taken, or 0.
void virtio_trace_answer(const VirtioTraced *what, int64_t taken, uint64_t written);
