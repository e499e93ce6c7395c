// The virtio block device (virtio 1.2, 5.2): a Block that an iothread serves.
#pragma once
#include "lparun/block.h"
#include "lparun/virtio_device.h"

typedef struct VirtioBlk VirtioBlk;

// `id` ("virtio-blk0") names its doorbells in statistics. `serial` (may be NULL) is cut after 20 bytes.
// Attaches `block` to `iothread`; both stay the caller's. NULL and `error`.
VirtioBlk *virtio_blk_new(const VirtioContext *context, const char *id, const char *serial, Block *block,
    Iothread *iothread, uint32_t first_source, GError **error);
// Waits for I/O in flight. As virtio_pci_free(), and before iothread_free() and block_close().
void virtio_blk_free(VirtioBlk *blk);
// The device, for its transport: to be put on a bridge, held, released and counted.
VirtioDevice *virtio_blk_device(const VirtioBlk *blk);

// block_grow(), and the driver is told of it (5.2.5.2: by a change of the configuration). On the main thread.
bool virtio_blk_grow(VirtioBlk *blk, uint64_t bytes, GError **error);
Block *virtio_blk_block(const VirtioBlk *blk);

typedef struct VirtioBlkCounters {
    uint64_t reads, writes, flushes;    // requests that were done, failed ones included
    uint64_t bytes_read, bytes_written; // of those that succeeded
    uint64_t errors;                    // answered with IOERR
} VirtioBlkCounters;
// Any thread.
VirtioBlkCounters virtio_blk_counters(const VirtioBlk *blk);

// The one of a device of the kind virtio-blk-pci.
VirtioBlk *virtio_blk_of(const void *device);

// -device virtio-blk-pci.
typedef struct VirtioBlkValues {
    char *drive, *iothread, *serial; // the last two may be NULL
    BlockWriteCache write_cache;
    bool share_rw;
} VirtioBlkValues;
