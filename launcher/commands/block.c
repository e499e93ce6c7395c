// Commands about disks (qapi/block-core.json).
#include "../command.h"
#include "../device_kinds.h"
#include "../devices.h"
#include "../nodes.h"
#include "block.h"
#include "lparun/virtio_blk.h"
#include <string.h>

// NULL for a device of another kind.
static VirtioBlk *blk_of(const Device *device)
{
    return device->options->kind == &virtio_blk_kind ? virtio_blk_of(device->device) : NULL;
}

static const char *drive_of(const Device *device)
{
    return ((const VirtioBlkValues *)device->options->values)->drive;
}

// The drive's name; of a node of -blockdev none, as in QEMU.
static const char *name_of(const Device *device)
{
    return device->drive->is_node ? "" : drive_of(device);
}

static const char *node_of(const Device *device)
{
    return device->drive->node ? device->drive->node : device->drive->id;
}

static const char *driver_of(const DriveOptions *drive)
{
    static const char *const drivers[] = {
        [BLOCK_REGULAR_FILE] = "file", [BLOCK_DEVICE_FILE] = "host_device", [BLOCK_ZEROS] = "null-co"
    };
    bool is_file = drive->is_node && drive->image.content == BLOCK_CONTENT_UNSAID;
    return is_file ? drivers[drive->image.file] : "raw";
}

// What "device" or "node-name" names: the drive, its node, or the device that it is.
static VirtioBlk *find_disk(const Devices *devices, const char *name)
{
    const Device *device;
    for (unsigned i = 0; (device = devices_at(devices, i)); i++)
        if (blk_of(device) && (strcmp(device->drive->id, name) == 0 || strcmp(node_of(device), name) == 0 ||
                                  strcmp(device->name, name) == 0))
            return blk_of(device);
    return NULL;
}

static GVariant *block_resize(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    const char *name = "", *node = "";
    gint64 size = command_number(arguments, "size", 0);
    g_variant_lookup(arguments, "device", "&s", &name);
    g_variant_lookup(arguments, "node-name", "&s", &node);
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
        command_add_int(object, *names, value);
}

static GVariant *describe_image(const Block *block, const char *driver)
{
    GVariantBuilder *image = command_object();
    command_add_int(image, "virtual-size", (gint64)block_size(block));
    command_add_text(image, "filename", block_path(block));
    command_add_text(image, "format", driver);
    command_add_int(image, "actual-size", (gint64)block_allocated(block));
    command_add_bool(image, "dirty-flag", false);
    return command_end(image);
}

static GVariant *describe_cache(BlockCache cache)
{
    GVariantBuilder *object = command_object();
    command_add_bool(object, "writeback", !(cache & BLOCK_THROUGH));
    command_add_bool(object, "direct", cache & BLOCK_DIRECT);
    command_add_bool(object, "no-flush", cache & BLOCK_NO_FLUSH);
    return command_end(object);
}

GVariant *block_describe(const Block *block, const char *node, const char *driver, bool readonly)
{
    static const char *const limits[] = { "bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr",
        "backing_file_depth", "write_threshold", NULL }; // of which lparun has none
    GVariantBuilder *inserted = command_object();
    command_add_text(inserted, "file", block_path(block));
    command_add_text(inserted, "node-name", node);
    command_add_bool(inserted, "ro", readonly);
    command_add_text(inserted, "drv", driver);
    command_add_bool(inserted, "active", true);
    command_add_bool(inserted, "encrypted", false);
    command_add_text(inserted, "detect_zeroes", "off");
    add_numbers(inserted, limits, 0);
    command_add(inserted, "cache", describe_cache(block_cache(block)));
    command_add(inserted, "image", describe_image(block, driver));
    return command_end(inserted);
}

static GVariant *describe_inserted(const Device *device, const VirtioBlk *blk)
{
    const Block *block = virtio_blk_block(blk);
    return block_describe(block, node_of(device), driver_of(device->drive), block_readonly(block));
}

static GVariant *describe_disk(const Device *device, const VirtioBlk *blk)
{
    GVariantBuilder *disk = command_object();
    command_add_text(disk, "device", name_of(device));
    command_add_text(disk, "qdev", device->name);
    command_add_text(disk, "type", "unknown");
    command_add_bool(disk, "removable", false);
    command_add_bool(disk, "locked", false);
    command_add_text(disk, "io-status", "ok");
    command_add(disk, "inserted", describe_inserted(device, blk));
    return command_end(disk);
}

static GVariant *describe_stats(const Device *device, const VirtioBlk *blk)
{
    // Asked for by the schema, and not counted here.
    static const char *const zeros[] = { "unmap_bytes", "unmap_operations", "rd_total_time_ns",
        "wr_total_time_ns", "flush_total_time_ns", "unmap_total_time_ns", "wr_highest_offset", "rd_merged",
        "wr_merged", "unmap_merged", "zone_append_bytes", "zone_append_operations",
        "zone_append_total_time_ns", "zone_append_merged", "failed_zone_append_operations",
        "invalid_zone_append_operations", "failed_wr_operations", "failed_flush_operations",
        "failed_unmap_operations", "invalid_rd_operations", "invalid_wr_operations",
        "invalid_flush_operations", "invalid_unmap_operations", NULL };
    VirtioBlkCounters counters = virtio_blk_counters(blk);
    GVariantBuilder *object = command_object(), *stats = command_object();
    command_add_int(stats, "rd_bytes", (gint64)counters.bytes_read);
    command_add_int(stats, "wr_bytes", (gint64)counters.bytes_written);
    command_add_int(stats, "rd_operations", (gint64)counters.reads);
    command_add_int(stats, "wr_operations", (gint64)counters.writes);
    command_add_int(stats, "flush_operations", (gint64)counters.flushes);
    command_add_int(stats, "failed_rd_operations", (gint64)counters.errors); // of all kinds
    add_numbers(stats, zeros, 0);
    command_add_bool(stats, "account_invalid", true);
    command_add_bool(stats, "account_failed", true);
    command_add(stats, "timed_stats", command_end(command_list()));
    command_add_text(object, "device", name_of(device));
    command_add_text(object, "qdev", device->name);
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

// Those of disks, and those that a client has added.
static GVariant *query_named_block_nodes(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    GVariantBuilder *list = command_list();
    const Device *device;
    const Node *node;
    for (unsigned i = 0; (device = devices_at(machine->devices, i)); i++)
        if (blk_of(device))
            command_append(list, describe_inserted(device, blk_of(device)));
    for (unsigned i = 0; (node = nodes_at(machine->nodes, i)); i++)
        command_append(list, block_describe(node->block, node->name, node->driver, node->readonly));
    return command_end(list);
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
    command_add_text(disk, "device", drive_of(device));
    command_add_text(disk, "qdev", device->name);
    command_add_int(disk, "outstanding", outstanding(blk));
    command_add_int(disk, "done", done);
    return command_end(disk);
}

static GVariant *describe_console(MonitorConsole console)
{
    GVariantBuilder *object = command_object();
    command_add_int(object, "polls", (gint64)console.polls);
    command_add_int(object, "waiting", (gint64)console.waiting);
    return command_end(object);
}

static GVariant *x_lparun_io(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    GVariantBuilder *result = command_object();
    command_add_int(result, "now", g_get_monotonic_time());
    command_add(result, "disks", each_disk(machine->devices, describe_io));
    command_add(result, "console", describe_console(machine->console(machine->owner)));
    return command_end(result);
}

extern const Command block_commands[];
const Command block_commands[] = {
    { "block_resize", block_resize, "device?:str node-name?:str size:int" },
    { "query-block", query_block, NULL, "[BlockInfo]" },
    { "query-named-block-nodes", query_named_block_nodes, "flat?:bool", "[BlockDeviceInfo]" },
    { "query-blockstats", query_blockstats, "query-nodes?:bool", "[BlockStats]" },
    { "x-lparun-io", x_lparun_io, NULL, "XLparunIo", .features = "unstable" },
    { 0 },
};

extern const CommandType block_types[];
const CommandType block_types[] = {
    { "BlockInfo", "device:str qdev?:str type:str removable:bool locked:bool inserted?:BlockDeviceInfo "
                   "io-status?:BlockDeviceIoStatus" },
    { "BlockDeviceIoStatus", .words = "ok failed nospace" },
    { "BlockDeviceInfo",
        "file:str node-name?:str ro:bool drv:str backing_file_depth:int encrypted:bool active:bool "
        "detect_zeroes:BlockdevDetectZeroesOptions image:ImageInfo cache:BlockdevCacheInfo "
        "write_threshold:int "
        "bps:int bps_rd:int bps_wr:int iops:int iops_rd:int iops_wr:int" },
    { "BlockdevDetectZeroesOptions", .words = "off" },
    { "ImageInfo", "filename:str format:str dirty-flag?:bool actual-size?:int virtual-size:int" },
    { "BlockdevCacheInfo", "writeback:bool direct:bool no-flush:bool" },
    { "BlockStats", "device?:str qdev?:str stats:BlockDeviceStats" },
    { "BlockDeviceStats",
        "rd_bytes:int wr_bytes:int zone_append_bytes:int unmap_bytes:int "
        "rd_operations:int wr_operations:int zone_append_operations:int flush_operations:int "
        "unmap_operations:int rd_total_time_ns:int wr_total_time_ns:int zone_append_total_time_ns:int "
        "flush_total_time_ns:int unmap_total_time_ns:int wr_highest_offset:int "
        "rd_merged:int wr_merged:int zone_append_merged:int unmap_merged:int "
        "failed_rd_operations:int failed_wr_operations:int failed_zone_append_operations:int "
        "failed_flush_operations:int failed_unmap_operations:int "
        "invalid_rd_operations:int invalid_wr_operations:int invalid_zone_append_operations:int "
        "invalid_flush_operations:int invalid_unmap_operations:int "
        "account_invalid:bool account_failed:bool timed_stats:[BlockDeviceTimedStats]" },
    { "BlockDeviceTimedStats", // of which there are none
        "interval_length:int min_rd_latency_ns:int max_rd_latency_ns:int avg_rd_latency_ns:int "
        "min_wr_latency_ns:int max_wr_latency_ns:int avg_wr_latency_ns:int "
        "min_zone_append_latency_ns:int max_zone_append_latency_ns:int avg_zone_append_latency_ns:int "
        "min_flush_latency_ns:int max_flush_latency_ns:int avg_flush_latency_ns:int "
        "avg_rd_queue_depth:number avg_wr_queue_depth:number avg_zone_append_queue_depth:number" },
    { "XLparunIo", "now:int disks:[XLparunIoDisk] console:XLparunIoConsole" },
    { "XLparunIoDisk", "device:str qdev:str outstanding:int done:int" },
    { "XLparunIoConsole", "polls:int waiting:int" },
    { 0 },
};
