// Commands about disks (qapi/block-core.json).
#include "../command.h"
#include "../device_kinds.h"
#include "../devices.h"
#include "lparun/virtio_blk.h"

// NULL for a device of another kind.
static VirtioBlk *blk_of(const Device *device)
{
    return device->options->kind == &virtio_blk_kind ? virtio_blk_of(device->device) : NULL;
}

static const char *drive_of(const Device *device)
{
    return ((const VirtioBlkValues *)device->options->values)->drive;
}

// What "device" names: the drive, or the device that it is.
static VirtioBlk *find_disk(const Devices *devices, const char *name)
{
    const Device *device;
    for (unsigned i = 0; (device = devices_at(devices, i)); i++)
        if (blk_of(device) && (g_strcmp0(drive_of(device), name) == 0 || g_strcmp0(device->name, name) == 0))
            return blk_of(device);
    return NULL;
}

static GVariant *block_resize(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    const char *name = "", *node = "";
    gint64 size = 0;
    g_variant_lookup(arguments, "device", "&s", &name);
    g_variant_lookup(arguments, "node-name", "&s", &node);
    g_variant_lookup(arguments, "size", "x", &size);
    VirtioBlk *blk = find_disk(machine->devices, *name ? name : node);
    g_autoptr(GError) why = NULL;
    if (!blk)
        command_refuse(error, "Cannot find device='%s' nor node-name='%s'", name, node);
    else if (size <= 0 || size % BLOCK_SECTOR)
        command_refuse(error, "Parameter 'size' expects a >0 size, a multiple of %u", BLOCK_SECTOR);
    else if (!virtio_blk_grow(blk, (uint64_t)size, &why))
        command_refuse(error, "Cannot resize '%s': %s", *name ? name : node, why->message);
    else
        return command_nothing();
    return NULL;
}

static void add_numbers(GVariantBuilder *object, const char *const *names, gint64 value)
{
    for (; *names; names++)
        command_add(object, *names, g_variant_new_int64(value));
}

static GVariant *describe_image(const Block *block)
{
    GVariantBuilder *image = command_object();
    command_add(image, "virtual-size", g_variant_new_int64((gint64)block_size(block)));
    command_add(image, "filename", g_variant_new_string(block_path(block)));
    command_add(image, "format", g_variant_new_string("raw"));
    command_add(image, "actual-size", g_variant_new_int64((gint64)block_allocated(block)));
    command_add(image, "dirty-flag", g_variant_new_boolean(FALSE));
    return command_end(image);
}

static GVariant *describe_cache(BlockCache cache)
{
    GVariantBuilder *object = command_object();
    bool through = cache == BLOCK_WRITETHROUGH || cache == BLOCK_DIRECTSYNC;
    command_add(object, "writeback", g_variant_new_boolean(!through));
    command_add(object, "direct", g_variant_new_boolean(cache == BLOCK_NONE || cache == BLOCK_DIRECTSYNC));
    command_add(object, "no-flush", g_variant_new_boolean(cache == BLOCK_UNSAFE));
    return command_end(object);
}

static GVariant *describe_inserted(const Device *device, const Block *block)
{
    static const char *const limits[] = { "bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr",
        "backing_file_depth", "write_threshold", NULL }; // of which lparun has none
    GVariantBuilder *inserted = command_object();
    command_add(inserted, "file", g_variant_new_string(block_path(block)));
    command_add(inserted, "node-name", g_variant_new_string(drive_of(device)));
    command_add(inserted, "ro", g_variant_new_boolean(block_readonly(block)));
    command_add(inserted, "drv", g_variant_new_string("raw"));
    command_add(inserted, "encrypted", g_variant_new_boolean(FALSE));
    command_add(inserted, "detect_zeroes", g_variant_new_string("off"));
    add_numbers(inserted, limits, 0);
    command_add(inserted, "cache", describe_cache(block_cache(block)));
    command_add(inserted, "image", describe_image(block));
    return command_end(inserted);
}

static GVariant *describe_disk(const Device *device, const VirtioBlk *blk)
{
    GVariantBuilder *disk = command_object();
    command_add(disk, "device", g_variant_new_string(drive_of(device)));
    command_add(disk, "qdev", g_variant_new_string(device->name));
    command_add(disk, "type", g_variant_new_string("unknown"));
    command_add(disk, "removable", g_variant_new_boolean(FALSE));
    command_add(disk, "locked", g_variant_new_boolean(FALSE));
    command_add(disk, "io-status", g_variant_new_string("ok"));
    command_add(disk, "inserted", describe_inserted(device, virtio_blk_block(blk)));
    return command_end(disk);
}

static GVariant *describe_stats(const Device *device, const VirtioBlk *blk)
{
    // Asked for by the schema, and not counted here.
    static const char *const zeros[] = { "unmap_bytes", "unmap_operations", "rd_total_time_ns",
        "wr_total_time_ns", "flush_total_time_ns", "unmap_total_time_ns", "wr_highest_offset", "rd_merged",
        "wr_merged", "unmap_merged", "failed_wr_operations", "failed_flush_operations",
        "failed_unmap_operations", "invalid_rd_operations", "invalid_wr_operations",
        "invalid_flush_operations", "invalid_unmap_operations", NULL };
    VirtioBlkCounters counters = virtio_blk_counters(blk);
    GVariantBuilder *object = command_object(), *stats = command_object();
    command_add(stats, "rd_bytes", g_variant_new_int64((gint64)counters.bytes_read));
    command_add(stats, "wr_bytes", g_variant_new_int64((gint64)counters.bytes_written));
    command_add(stats, "rd_operations", g_variant_new_int64((gint64)counters.reads));
    command_add(stats, "wr_operations", g_variant_new_int64((gint64)counters.writes));
    command_add(stats, "flush_operations", g_variant_new_int64((gint64)counters.flushes));
    command_add(stats, "failed_rd_operations", g_variant_new_int64((gint64)counters.errors)); // of all kinds
    add_numbers(stats, zeros, 0);
    command_add(stats, "account_invalid", g_variant_new_boolean(TRUE));
    command_add(stats, "account_failed", g_variant_new_boolean(TRUE));
    command_add(stats, "timed_stats", command_end(command_list()));
    command_add(object, "device", g_variant_new_string(drive_of(device)));
    command_add(object, "qdev", g_variant_new_string(device->name));
    command_add(object, "stats", command_end(stats));
    return command_end(object);
}

static GVariant *each_disk(const Devices *devices, GVariant *(*describe)(const Device *, const VirtioBlk *))
{
    GVariantBuilder *list = command_list();
    const Device *device;
    for (unsigned i = 0; (device = devices_at(devices, i)); i++)
        if (blk_of(device))
            command_append(list, describe(device, blk_of(device)));
    return command_end(list);
}

static GVariant *query_block(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    return each_disk(machine->devices, describe_disk);
}

static GVariant *query_blockstats(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    return each_disk(machine->devices, describe_stats);
}

// What its queue says that the driver waits for.
static unsigned outstanding(const VirtioBlk *blk)
{
    const VirtioDevice *device = virtio_blk_device(blk);
    unsigned sum = 0;
    for (unsigned i = 0; i < virtio_device_queues(device); i++)
        sum += virtio_pci_waiting(virtio_device_pci(device), i);
    return sum;
}

static GVariant *describe_io(const Device *device, const VirtioBlk *blk)
{
    VirtioBlkCounters counters = virtio_blk_counters(blk);
    GVariantBuilder *disk = command_object();
    gint64 done = (gint64)(counters.reads + counters.writes + counters.flushes);
    command_add(disk, "device", g_variant_new_string(drive_of(device)));
    command_add(disk, "qdev", g_variant_new_string(device->name));
    command_add(disk, "outstanding", g_variant_new_int64(outstanding(blk)));
    command_add(disk, "done", g_variant_new_int64(done));
    return command_end(disk);
}

static GVariant *describe_console(MonitorConsole console)
{
    GVariantBuilder *object = command_object();
    command_add(object, "polls", g_variant_new_int64((gint64)console.polls));
    command_add(object, "waiting", g_variant_new_int64((gint64)console.waiting));
    return command_end(object);
}

static GVariant *x_lparun_io(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    GVariantBuilder *result = command_object();
    command_add(result, "now", g_variant_new_int64(g_get_monotonic_time()));
    command_add(result, "disks", each_disk(machine->devices, describe_io));
    command_add(result, "console", describe_console(machine->console(machine->owner)));
    return command_end(result);
}

static const CommandArgument resize_arguments[] = {
    { "device", ARGUMENT_TEXT },
    { "node-name", ARGUMENT_TEXT },
    { "size", ARGUMENT_INTEGER, true },
    { 0 },
};

static const CommandArgument stats_arguments[] = { { "query-nodes", ARGUMENT_SWITCH }, { 0 } };

extern const Command block_commands[];
const Command block_commands[] = {
    { "block_resize", block_resize, resize_arguments },
    { "query-block", query_block },
    { "query-blockstats", query_blockstats, stats_arguments },
    { "x-lparun-io", x_lparun_io },
    { 0 },
};
