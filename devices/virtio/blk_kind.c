// virtio-blk as a kind of device: a drive's image, an iothread, and the device between them.
#include "lparun/kinds.h"
#include "lparun/virtio_blk.h"

typedef struct Disk {
    char *name;
    Block *block;
    VirtioBlk *blk;
} Disk;

static void free_disk(void *device)
{
    Disk *disk = device;
    virtio_blk_free(disk->blk);
    block_close(disk->block);
    g_free(disk->name);
    g_free(disk);
}

static void *make(const void *of, const DeviceMaking *making, GError **error)
{
    const VirtioBlkValues *values = of;
    Disk *disk = g_new0(Disk, 1);
    const char *serial = NULL;
    disk->name = g_strdup(making->name);
    Iothread *iothread = making->iothread(making, values->iothread, error);
    disk->block = iothread ? making->drive(making, values->drive, &serial, error) : NULL;
    if (disk->block)
        disk->blk = virtio_blk_new(making->context, disk->name, values->serial ? values->serial : serial,
            disk->block, iothread, making->first_source, error);
    if (disk->blk)
        return disk;
    free_disk(disk);
    return NULL;
}

VirtioBlk *virtio_blk_of(const void *device)
{
    return ((const Disk *)device)->blk;
}

static VirtioDevice *virtio(const void *device)
{
    return virtio_blk_device(((const Disk *)device)->blk);
}

static void count(const void *device, Counts *counts)
{
    const Disk *disk = device;
    VirtioBlkCounters counters = virtio_blk_counters(disk->blk);
    counts_row(counts);
    counts_text(counts, "name", disk->name);
    counts_value(counts, "reads", counters.reads);
    counts_value(counts, "writes", counters.writes);
    counts_value(counts, "flushes", counters.flushes);
    counts_value(counts, "bytes_read", counters.bytes_read);
    counts_value(counts, "bytes_written", counters.bytes_written);
    counts_value(counts, "errors", counters.errors);
}

static const char *const other_names[] = { "virtio-blk", "virtio-blk-pci-non-transitional", NULL };

static const Key keys[] = {
    { "drive", KEY_TEXT, offsetof(VirtioBlkValues, drive), .value = "ID", .needed = true,
        .help = "the -drive that it has; with if=none" },
    { "iothread", KEY_TEXT, offsetof(VirtioBlkValues, iothread), .value = "ID",
        .help = "the -object iothread that serves it (default: one of its own)" },
    { "serial", KEY_TEXT, offsetof(VirtioBlkValues, serial), .value = "TEXT",
        .help = "20 bytes for the guest (default: the drive's)" },
    { 0 },
};

extern const DeviceKind virtio_blk_kind;
const DeviceKind virtio_blk_kind = {
    .kind = { .name = "virtio-blk-pci",
        .other_names = other_names,
        .help = "a disk",
        .keys = keys,
        .size = sizeof(VirtioBlkValues) },
    .prefix = "virtio-blk",
    .make = make,
    .virtio = virtio,
    .free = free_disk,
    .section = "disks",
    .count = count,
};
