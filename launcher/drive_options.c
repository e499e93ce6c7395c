// -drive, and the options that are a -drive in a word: -hda, -cdrom, -pflash, a file alone.
#include "image_options.h"
#include "lparun/error.h"
#include "storage_options.h"
#include "values.h"
#include <string.h>

#define SCSI_UNITS 7    // that QEMU's bus has
#define PLACE_MAX 65535 // of an index, bus or unit

// What was given. What is -1 was not.
typedef struct DriveValues {
    NodeOptions node;
    char *file, *id, *format, *serial;
    int interface, media, cache, writeback, readonly, snapshot, index, bus, unit;
} DriveValues;

static const Word interfaces[] = {
    { "virtio", DRIVE_VIRTIO },
    { "none", DRIVE_NONE },
    { "pflash", DRIVE_PFLASH },
    { "scsi", DRIVE_SCSI, .unlisted = true },
    { "ide", DRIVE_IDE, .unlisted = true },
    { "floppy", DRIVE_FLOPPY, .unlisted = true },
    { "sd", DRIVE_SD, .unlisted = true },
    { "mtd", DRIVE_MTD, .unlisted = true },
    { "xen", DRIVE_XEN, .unlisted = true },
    { 0 },
};

// Why there is none; the others are here.
static const char *const absent[] = {
    [DRIVE_SCSI] = "lparun has no SCSI yet; give if=virtio",
    [DRIVE_IDE] = "a pseries machine has no IDE; give if=virtio",
    [DRIVE_FLOPPY] = "a pseries machine has no floppy disk; give if=virtio",
    [DRIVE_SD] = "a pseries machine has no SD card; give if=virtio",
    [DRIVE_MTD] = "a pseries machine has no flash but NVRAM; give if=pflash for that, or if=virtio",
    [DRIVE_XEN] = "a pseries machine is no guest of Xen's; give if=virtio",
};

enum { MEDIA_DISK, MEDIA_CDROM };
static const Word media_words[] = { { "disk", MEDIA_DISK }, { "cdrom", MEDIA_CDROM }, { 0 } };
static const Word report[] = { { "report" }, { "auto" }, { 0 } };
static const Word zero[] = { { "0" }, { 0 } };

#define AT(member) offsetof(DriveValues, member)
#define SWITCH(key, member, text)                                                                            \
    {                                                                                                        \
        key, KEY_WORD, AT(member), .words = words_switch, .help = text                                       \
    }
#define TEXT(key, member, looks, text)                                                                       \
    {                                                                                                        \
        key, KEY_TEXT, AT(member), .value = looks, .help = text                                              \
    }
#define PLACE(key, member, text)                                                                             \
    {                                                                                                        \
        key, KEY_NUMBER, AT(member), .most = PLACE_MAX, .value = "N", .help = text                           \
    }
#define ONLY(key, table, why, text)                                                                          \
    {                                                                                                        \
        .name = key, .type = KEY_ONLY, .words = table, .mend = why, .help = text                             \
    }
#define LIMIT(key) ONLY(key, zero, "lparun does not limit a disk's speed yet; leave it out", "no limit")
#define ERRORS(key)                                                                                          \
    ONLY(key, report, "errors are reported to the guest; give report, or leave it out", "so it is")

static const Word discards[] = { { "ignore" }, { "off" }, { "unmap" }, { "on" }, { 0 } };
static const Word zeroes[] = { { "off" }, { "on" }, { "unmap" }, { 0 } };

static const Key keys[] = {
    TEXT("file", file, "PATH", "the image: a file or a block device"),
    { "if", KEY_WORD, AT(interface), .words = interfaces,
        .mend = "give virtio, pflash for NVRAM, or none with a -device",
        .help = "what it is for (default: a virtio disk, with a warning)" },
    TEXT("id", id, "ID", "for -device"),
    TEXT("format", format, "raw", "what is in the file"),
    TEXT("driver", node.driver, "raw", "the same"),
    SWITCH("readonly", readonly, "the guest cannot write (default off)"),
    { "cache", KEY_WORD, AT(cache), .words = block_cache_words,
        .help = "how writes reach the medium (default writeback)" },
    { "aio", KEY_WORD, AT(node.aio), .words = block_aio_words,
        .help = "how the host is asked (default: io_uring where the host has it)" },
    TEXT("serial", serial, "TEXT", "20 bytes for the guest"),
    { "media", KEY_WORD, AT(media), .words = media_words,
        .help = "cdrom: the guest cannot write (default disk)" },
    PLACE("index", index, "its place among disks of its kind (default: the first that is free)"),
    PLACE("bus", bus, "the same in two: which seven, and"),
    PLACE("unit", unit, "which one of these"),
    SWITCH("read-only", node.readonly, "as readonly"),
    SWITCH("auto-read-only", node.auto_readonly, "read-only where the file cannot be written (default off)"),
    SWITCH("force-share", node.force_share, "others may write; with read-only=on (default off)"),
    SWITCH("cache.writeback", writeback, "off: each write is stable at once"),
    SWITCH("cache.direct", node.direct, "past the host's page cache"),
    SWITCH("cache.no-flush", node.no_flush, "never wait for the medium"),
    TEXT("node-name", node.name, "NAME", "its node's name, for the monitor"),
    SWITCH("force-raw", node.force_raw, "on: whatever the image begins with, a guest wrote it"),
    ONLY("discard", discards, NULL, "taken: a guest cannot discard yet"),
    ONLY("detect-zeroes", zeroes, NULL, "taken: zeros are written as they are"),
    SWITCH("snapshot", snapshot, "on: what the guest writes is gone at the end (default off)"),
    ONLY("copy-on-read", words_off, "a raw image has nothing below it; leave it out", "nothing is below"),
    ERRORS("werror"),
    ERRORS("rerror"),
    LIMIT("bps"),
    LIMIT("bps_rd"),
    LIMIT("bps_wr"),
    LIMIT("bps_max"),
    LIMIT("bps_rd_max"),
    LIMIT("bps_wr_max"),
    LIMIT("iops"),
    LIMIT("iops_rd"),
    LIMIT("iops_wr"),
    LIMIT("iops_max"),
    LIMIT("iops_rd_max"),
    LIMIT("iops_wr_max"),
    LIMIT("iops_size"),
    LIMIT("group"),
    { 0 },
};

static const DriveValues unsaid = { .node = NODE_UNSAID,
    .interface = DRIVE_DEFAULT,
    .media = MEDIA_DISK,
    .writeback = -1,
    .readonly = -1,
    .snapshot = -1,
    .index = -1,
    .bus = -1,
    .unit = -1 };

// --- The image.

static bool take_format(DriveValues *values, GError **error)
{
    if (values->format && values->node.driver)
        return error_user(error, "-drive: format= and driver= are the same; give one");
    const char *key = values->format ? "format" : "driver";
    if (values->format)
        values->node.driver = g_steal_pointer(&values->format);
    const char *driver = values->node.driver, *why = driver ? image_absent_driver(driver) : NULL;
    if (!driver || strcmp(driver, "raw") == 0)
        return true;
    return error_user(error, "-drive %s=%s: %s", key, driver,
        why ? why : "lparun has raw images only; give raw, or -blockdev for a driver below");
}

static bool take_readonly(DriveValues *values, GError **error)
{
    if (values->readonly >= 0 && values->node.readonly >= 0)
        return error_user(error, "-drive: readonly= and read-only= are the same; give one");
    if (values->readonly >= 0)
        values->node.readonly = values->readonly;
    if (values->media == MEDIA_CDROM)
        values->node.readonly = true;
    return true;
}

static BlockCache change(unsigned cache, int said, BlockCache bit)
{
    return said < 0 ? cache : said ? cache | bit : cache & ~(unsigned)bit;
}

// cache= says all three, and the others change what it said.
static BlockCache take_cache(const DriveValues *values)
{
    int through = values->writeback < 0 ? -1 : !values->writeback;
    BlockCache cache = change((unsigned)values->cache, through, BLOCK_THROUGH);
    cache = change(cache, values->node.direct, BLOCK_DIRECT);
    return change(cache, values->node.no_flush, BLOCK_NO_FLUSH);
}

// The keys of the node below, which are "file.KEY" here.
static bool read_file_keys(NodeOptions *file, char *text, GError **error)
{
    g_autoptr(Values) values = text ? values_parse("-drive file", text, NULL, error) : NULL;
    return !text || (values && values_fill(values, node_keys, file, error));
}

static bool take_name(const DriveValues *values, NodeOptions *file, GError **error)
{
    if (values->file && file->filename)
        return error_user(error, "-drive: file=%s and file.filename= are two files; give one", values->file);
    if (!values->file)
        return file->filename || file->driver || error_user(error, "-drive: no file; give file=PATH");
    const char *name = image_take_name("-drive", values->file, error);
    file->filename = g_strdup(name);
    return name;
}

static bool take_image(const DriveValues *values, char *file_keys, BlockOptions *image, GError **error)
{
    NodeOptions file = NODE_UNSAID;
    image->cache = take_cache(values);
    image->aio = (BlockAio)values->node.aio;
    image->readonly = values->node.readonly > 0;
    bool done = read_file_keys(&file, file_keys, error) && take_name(values, &file, error);
    done = done && image_take_file("-drive file", &file, image, error) &&
           image_take_raw("-drive", &values->node, image, error);
    keys_clear(node_keys, &file);
    return done;
}

// --- Its place.

static bool is_taken(const Options *options, const DriveOptions *drive)
{
    for (unsigned i = 0; i < options->drives->len; i++) {
        const DriveOptions *other = options->drives->pdata[i];
        if (!other->is_node && other->interface == drive->interface && other->bus == drive->bus &&
            other->unit == drive->unit)
            return true;
    }
    return false;
}

static void find_place(const Options *options, DriveOptions *drive, int units)
{
    for (; is_taken(options, drive); drive->unit++) {
        if (drive->unit + 1 < units)
            continue;
        drive->unit = -1;
        drive->bus++;
    }
}

static bool take_place(const Options *options, const DriveValues *values, DriveOptions *drive, GError **error)
{
    int units = drive->interface == DRIVE_DEFAULT ? SCSI_UNITS : PLACE_MAX + 1;
    bool given = values->index >= 0 || values->unit >= 0;
    if (values->index >= 0 && (values->bus >= 0 || values->unit >= 0))
        return error_user(error, "%s index=%d: bus= and unit= say the same; give it, or them", drive->option,
            values->index);
    if (values->unit >= units)
        return error_user(
            error, "%s unit=%d: a bus has %d; give 0 to %d", drive->option, values->unit, units, units - 1);
    drive->bus = values->index >= 0 ? values->index / units : MAX(values->bus, 0);
    drive->unit = values->index >= 0 ? values->index % units : MAX(values->unit, 0);
    if (!given)
        find_place(options, drive, units);
    else if (is_taken(options, drive))
        return error_user(error, "%s: another drive has bus=%d, unit=%d (index=%lld); give each its own",
            drive->option, drive->bus, drive->unit, (long long)drive->bus * units + drive->unit);
    return true;
}

// --- All of it.

static bool take_names(const Options *options, DriveValues *values, DriveOptions *drive, GError **error)
{
    if ((values->id && !storage_options_check_name(options, "-drive", "id", values->id, error)) ||
        (values->node.name &&
            !storage_options_check_name(options, "-drive", "node-name", values->node.name, error)))
        return false;
    drive->id = g_steal_pointer(&values->id);
    drive->node = g_steal_pointer(&values->node.name);
    drive->serial = g_steal_pointer(&values->serial);
    if (drive->interface == DRIVE_NONE && !drive->id && !drive->node)
        return error_user(
            error, "-drive if=none: no id, so no -device can name it; give id=NAME or if=virtio");
    return true;
}

static bool take_drive(
    const Options *options, DriveValues *values, char *file_keys, DriveOptions *drive, GError **error)
{
    drive->interface = (DriveInterface)values->interface;
    drive->is_cdrom = values->media == MEDIA_CDROM;
    drive->snapshot = values->snapshot;
    if (drive->interface > DRIVE_DEFAULT)
        return error_user(
            error, "-drive if=%s: %s", words_name(interfaces, values->interface), absent[drive->interface]);
    return take_format(values, error) && take_readonly(values, error) &&
           take_names(options, values, drive, error) && take_image(values, file_keys, &drive->image, error) &&
           take_place(options, values, drive, error);
}

static bool add(Options *options, DriveOptions *drive, bool right, GError **error)
{
    if (!storage_options_add(options, drive, right) || drive->interface != DRIVE_PFLASH)
        return right;
    if (storage_options_use_for_nvram(options, drive, error))
        return true;
    g_ptr_array_remove(options->drives, drive);
    return false;
}

bool options_parse_drive(Options *options, const char *option, const char *value, GError **error)
{
    g_autoptr(Values) values = values_parse(option, value, "file", error);
    if (!values)
        return false;
    if (values_ask_help(values)) {
        GString *text = g_string_new("keys:\n");
        keys_help(keys, text);
        options->help = g_string_free(text, FALSE);
        return true;
    }
    g_autofree char *file_keys = values_take_group(values, "file.");
    g_autofree char *limits = values_take_group(values, "throttling.");
    DriveValues given = unsaid;
    DriveOptions *drive = storage_options_new(option, DRIVE_DEFAULT);
    bool right = values_fill(values, keys, &given, error);
    if (right && limits)
        right = error_user(error, "%s throttling.%s: lparun does not limit a disk's speed yet; leave it out",
            option, limits);
    right = right && take_drive(options, &given, file_keys, drive, error);
    keys_clear(keys, &given);
    return add(options, drive, right, error);
}

// --- A drive in a word.

static bool add_file(Options *options, const char *option, const char *path, DriveInterface interface,
    const DriveValues *values, GError **error)
{
    DriveOptions *drive = storage_options_new(option, interface);
    const char *name = image_take_name(option, path, error);
    if (name && *name == '\0')
        name = (error_user(error, "%s: no file; give its name", option), NULL);
    drive->image.path = g_strdup(name);
    drive->is_cdrom = drive->image.readonly = values->media == MEDIA_CDROM;
    return add(options, drive, name && take_place(options, values, drive, error), error);
}

// "-hda" is the first of four; a file alone is the same.
bool options_parse_hard_disk(Options *options, const char *option, const char *value, GError **error)
{
    static const Word places[] = { { "-hda", 0 }, { "-hdb", 1 }, { "-hdc", 2 }, { "-cdrom", 2 },
        { "-hdd", 3 }, { 0 } };
    DriveValues values = unsaid;
    values.index = 0;
    words_find(places, option, &values.index);
    values.media = strcmp(option, "-cdrom") == 0 ? MEDIA_CDROM : MEDIA_DISK;
    return add_file(options, option, value, DRIVE_DEFAULT, &values, error);
}

bool options_parse_snapshot(Options *options, const char *option, const char *value, GError **error)
{
    options->snapshot = true;
    return true;
}

bool options_parse_pflash(Options *options, const char *option, const char *value, GError **error)
{
    return add_file(options, option, value, DRIVE_PFLASH, &unsaid, error);
}
