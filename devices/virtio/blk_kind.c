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
    const DriveWish wish = { .write_cache = values->write_cache, .shared = values->share_rw };
    disk->block = iothread ? making->drive(making, values->drive, &wish, &serial, error) : NULL;
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

static const Word write_caches[] = { { "auto", BLOCK_CACHE_AS_SAID }, { "on", BLOCK_CACHE_ON },
    { "off", BLOCK_CACHE_OFF }, { 0 } };
static const Word zero[] = { { "0" }, { 0 } };
static const Word sector[] = { { "512" }, { "0" }, { 0 } };
static const Word one[] = { { "1" }, { "65535" }, { 0 } }; // the last: as the machine likes
static const Word entries[] = { { "256" }, { 0 } };
static const Word report[] = { { "report" }, { "auto" }, { 0 } };

static const char *const other_names[] = { "virtio-blk", "virtio-blk-pci-non-transitional", NULL };

#define ONLY(key, table, why, text)                                                                          \
    {                                                                                                        \
        .name = key, .type = KEY_ONLY, .words = table, .mend = why, .help = text                             \
    }
static const Key keys[] = {
    { "drive", KEY_TEXT, offsetof(VirtioBlkValues, drive), .value = "ID", .needed = true,
        .help = "the -drive that it has, with if=none, or the node of -blockdev" },
    { "iothread", KEY_TEXT, offsetof(VirtioBlkValues, iothread), .value = "ID",
        .help = "the -object iothread that serves it (default: one of its own)" },
    { "serial", KEY_TEXT, offsetof(VirtioBlkValues, serial), .value = "TEXT",
        .help = "20 bytes for the guest (default: the drive's)" },
    { "write-cache", KEY_WORD, offsetof(VirtioBlkValues, write_cache), .words = write_caches,
        .help = "off: each write is stable at once (default auto: as the drive says)" },
    { "share-rw", KEY_SWITCH, offsetof(VirtioBlkValues, share_rw),
        .help = "others that say so may have the image, too (default off)" },
    ONLY("num-queues", one, "a disk has one queue; leave it out", "there is one"),
    ONLY("queue-size", entries, "a queue has 256 entries; leave it out", "so it is"),
    ONLY("seg-max-adjust", words_on, "a request has as many parts as a queue has entries; leave it out",
        "always so"),
    ONLY("logical_block_size", sector, "a sector has 512 bytes; leave it out", "so it is"),
    ONLY("physical_block_size", sector, "a sector has 512 bytes; leave it out", "so it is"),
    ONLY("min_io_size", zero, "the guest is not told of such sizes yet; leave it out", "none is told"),
    ONLY("opt_io_size", zero, "the guest is not told of such sizes yet; leave it out", "none is told"),
    ONLY("discard", words_off, "a guest cannot discard yet; leave it out", "it cannot"),
    ONLY("write-zeroes", words_off, "a guest writes zeros as they are; leave it out", "as they are"),
    ONLY("config-wce", words_off, "the guest cannot switch the cache; leave it out", "it cannot"),
    ONLY("scsi", words_off, "a disk takes no SCSI commands; leave it out", "it takes none"),
    ONLY("request-merging", NULL, NULL, "taken: the host merges requests"),
    ONLY("werror", report, "errors are reported to the guest; give report, or leave it out", "so it is"),
    ONLY("rerror", report, "errors are reported to the guest; give report, or leave it out", "so it is"),
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
