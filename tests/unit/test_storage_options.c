// Drives and nodes on the command line: what each makes, and the exact line that a wrong one gives.
#include "lparun/error.h"
#include "lparun/virtio_blk.h"
#include "options.h"
#include "storage_options.h"
#include <string.h>

#define WORDS 40

// The arguments are split at blanks; '~' stands for a blank inside of one, '^' for an empty one.
static OptionsResult parse(const char *text, Options *options, GError **error)
{
    g_autofree char *line = g_strconcat("lparun ", text, NULL);
    g_auto(GStrv) words = g_strsplit(line, " ", 0);
    for (unsigned i = 0; words[i]; i++) {
        g_strdelimit(words[i], "~", ' ');
        if (g_str_equal(words[i], "^"))
            *words[i] = '\0';
    }
    g_assert_cmpuint(g_strv_length(words), <, WORDS);
    return options_parse(options, (int)g_strv_length(words), words, error);
}

// --- Wrong ones.

#define KEYS                                                                                                 \
    "file=, if=, id=, format=, driver=, readonly=, cache=, aio=, serial=, media=, index=, bus=, unit=, "     \
    "read-only=, auto-read-only=, force-share=, cache.writeback=, cache.direct=, cache.no-flush=, "          \
    "node-name=, force-raw= and snapshot="
#define NODE_KEYS                                                                                            \
    "driver=, node-name=, filename=, file=, size=, read-only=, auto-read-only=, force-share=, "              \
    "cache.direct=, cache.no-flush=, aio=, locking= and force-raw="
#define NO_LIMIT "lparun does not limit a disk's speed yet; leave it out"
#define REPORT "errors are reported to the guest; give report, or leave it out"
#define FETCH "lparun opens files and devices; "

// --- Right ones.

static void parse_right(const char *text, Options *options)
{
    g_autoptr(GError) error = NULL;
    OptionsResult result = parse(text, options, &error);
    if (error)
        g_error("'%s': %s", text, error->message);
    g_assert_cmpint(result, ==, OPTIONS_RUN);
}

static const DriveOptions *find(const Options *options, const char *name)
{
    const DriveOptions *drive = storage_options_find(options, name);
    if (!drive)
        g_error("there is no %s", name);
    return drive;
}

// What an image is opened with.
static const struct {
    const char *text;
    BlockOptions image;
} images[] = {
    { "-drive if=none,id=d,file=a", { 0 } },
    { "-drive if=none,id=d,file=a,format=raw,discard=unmap,detect-zeroes=on,werror=report,bps=0",
        { .content = BLOCK_CONTENT_RAW } },
    { "-drive if=none,id=d,file=file:a,driver=raw,copy-on-read=off", { .content = BLOCK_CONTENT_RAW } },
    { "-drive if=none,id=d,file=a,format=raw,force-raw=on", { .content = BLOCK_CONTENT_ANY } },
    { "-drive if=none,id=d,file=a,format=raw,force-raw=off", { .content = BLOCK_CONTENT_RAW } },
    { "-drive if=none,id=d,file=a,cache=none,aio=native", { .cache = BLOCK_NONE, .aio = BLOCK_AIO_NATIVE } },
    { "-drive if=none,id=d,file=a,cache=none,cache.direct=off", { .cache = BLOCK_WRITEBACK } },
    { "-drive if=none,id=d,file=a,cache.direct=on,cache.writeback=off", { .cache = BLOCK_DIRECTSYNC } },
    { "-drive if=none,id=d,file=a,cache=directsync,cache.writeback=on", { .cache = BLOCK_NONE } },
    { "-drive if=none,id=d,file=a,cache.direct=on,cache.no-flush=on",
        { .cache = BLOCK_DIRECT | BLOCK_NO_FLUSH } },
    { "-drive if=none,id=d,file=a,cache=unsafe,cache.no-flush=off", { .cache = BLOCK_WRITEBACK } },
    { "-drive if=none,id=d,file=a,file.cache.direct=on", { .cache = BLOCK_NONE } },
    { "-drive if=none,id=d,file=a,media=cdrom", { .readonly = true } },
    { "-drive if=none,id=d,file=a,media=cdrom,readonly=off", { .readonly = true } },
    { "-drive if=none,id=d,file=a,read-only=on,force-share=on",
        { .readonly = true, .lock = BLOCK_LOCK_NONE } },
    { "-drive if=none,id=d,file=a,auto-read-only=on", { .auto_readonly = true } },
    { "-drive if=none,id=d,driver=raw,file.driver=file,file.filename=a,file.locking=off,file.aio=threads",
        { .content = BLOCK_CONTENT_RAW,
            .file = BLOCK_REGULAR_FILE,
            .lock = BLOCK_LOCK_NONE,
            .aio = BLOCK_AIO_THREADS } },
    { "-drive if=none,id=d,file.driver=host_device,file.filename=a,file.read-only=on,read-only=on",
        { .file = BLOCK_DEVICE_FILE, .readonly = true } },
    { "-drive if=none,id=d,file=a,file.read-only=on,auto-read-only=on",
        { .readonly = true, .auto_readonly = true } },
    { "-blockdev file,filename=a,node-name=d", { .file = BLOCK_REGULAR_FILE } },
    { "-blockdev raw,node-name=d,file.driver=file,file.filename=a",
        { .file = BLOCK_REGULAR_FILE, .content = BLOCK_CONTENT_RAW } },
    { "-blockdev raw,node-name=d,file.filename=a,read-only=on,cache.direct=on",
        { .content = BLOCK_CONTENT_RAW, .readonly = true, .cache = BLOCK_NONE } },
    { "-blockdev {\"driver\":\"host_device\",\"filename\":\"a\",\"node-name\":\"f\",\"auto-read-only\":true,"
      "\"discard\":\"unmap\",\"cache\":{\"direct\":true,\"no-flush\":false},\"aio\":\"native\"} -blockdev "
      "{\"node-name\":\"d\",\"read-only\":false,\"driver\":\"raw\",\"file\":\"f\",\"cache\":{\"no-flush\":"
      "true}}",
        { .file = BLOCK_DEVICE_FILE,
            .auto_readonly = true,
            .cache = BLOCK_DIRECT | BLOCK_NO_FLUSH,
            .aio = BLOCK_AIO_NATIVE,
            .content = BLOCK_CONTENT_RAW } },
    { "-blockdev {\"driver\":\"raw\",\"node-name\":\"d\",\"force-raw\":true,\"file\":{\"driver\":\"file\","
      "\"filename\":\"a\",\"locking\":\"off\"}}",
        { .file = BLOCK_REGULAR_FILE, .lock = BLOCK_LOCK_NONE, .content = BLOCK_CONTENT_ANY } },
};

static void test_images(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(images); i++) {
        Options options;
        parse_right(images[i].text, &options);
        const BlockOptions *is = &find(&options, "d")->image, *must = &images[i].image;
        g_test_message("%s", images[i].text);
        g_assert_cmpstr(is->path, ==, "a");
        g_assert_cmpint(is->readonly, ==, must->readonly);
        g_assert_cmpint(is->auto_readonly, ==, must->auto_readonly);
        g_assert_cmpint(is->cache, ==, must->cache);
        g_assert_cmpint(is->aio, ==, must->aio);
        g_assert_cmpint(is->file, ==, must->file);
        g_assert_cmpint(is->lock, ==, must->lock);
        g_assert_cmpint(is->content, ==, must->content);
        g_assert_cmpuint(options.devices->len, ==, 0);
        options_clear(&options);
    }
}

static void test_zeros(void)
{
    Options options;
    parse_right(
        "-blockdev null-co,node-name=z,size=5M,read-zeroes=on,latency-ns=0 -blockdev null-aio,node-name=y "
        "-blockdev raw,node-name=x,file=y -drive if=none,id=w,file.driver=null-co",
        &options);
    g_assert_cmpint(find(&options, "z")->image.file, ==, BLOCK_ZEROS);
    g_assert_cmpuint(find(&options, "z")->image.bytes, ==, 5 << 20);
    g_assert_null(find(&options, "z")->image.path);
    g_assert_cmpint(find(&options, "x")->image.file, ==, BLOCK_ZEROS);
    g_assert_cmpuint(find(&options, "x")->image.bytes, ==, 1 << 30);
    g_assert_true(find(&options, "y")->is_part);
    g_assert_false(find(&options, "x")->is_part);
    g_assert_cmpint(find(&options, "w")->image.file, ==, BLOCK_ZEROS);
    options_clear(&options);
}

// Disks that are none of a -device's, in the order in which the guest finds them.
static const struct {
    const char *text;
    const char *disks[5]; // "ID FILE", read-only in parentheses
} disks[] = {
    { "-drive file=a,if=virtio -drive file=b,if=virtio", { "virtio0 a", "virtio1 b" } },
    { "-drive file=a,if=virtio,index=2 -drive file=b,if=virtio", { "virtio2 a", "virtio0 b" } },
    { "-drive file=a,if=virtio -drive file=b,if=none,id=virtio0", { "virtio1 a" } },
    { "-drive file=a", { "scsi0-hd0 a" } },
    { "-drive file=a,id=x", { "x a" } },
    { "-hda a -hdc c -hdb b -hdd d", { "scsi0-hd0 a", "scsi0-hd1 b", "scsi0-hd2 c", "scsi0-hd3 d" } },
    { "-cdrom c -hda a", { "scsi0-hd0 a", "scsi0-cd2 (c)" } },
    { "a,b -m 1G -cdrom c", { "scsi0-hd0 a,b", "scsi0-cd2 (c)" } },
    { "-m 1G -- -a", { "scsi0-hd0 -a" } },
    { "-drive file=a,index=8 -drive file=b,media=cdrom -drive file=c,if=virtio -hdb d",
        { "virtio0 c", "scsi0-cd0 (b)", "scsi0-hd1 d", "scsi1-hd1 a" } },
    { "-drive file=a,bus=1 -drive file=b,bus=1 -drive file=c,unit=6 -drive file=d,bus=0,unit=5",
        { "scsi0-hd5 d", "scsi0-hd6 c", "scsi1-hd0 a", "scsi1-hd1 b" } },
    { "-blockdev file,filename=a,node-name=n -drive file=b,if=none,id=m -pflash c", { NULL } },
};

static char *describe(const Options *options, unsigned index)
{
    if (index >= options->devices->len)
        return NULL;
    const DeviceOptions *device = options->devices->pdata[index];
    g_assert_true(device->implied);
    const char *id = ((const VirtioBlkValues *)device->values)->drive;
    const DriveOptions *drive = find(options, id);
    return g_strdup_printf(drive->image.readonly ? "%s (%s)" : "%s %s", id, drive->image.path);
}

static void test_disks(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(disks); i++) {
        Options options;
        parse_right(disks[i].text, &options);
        for (unsigned k = 0; k < G_N_ELEMENTS(disks[i].disks); k++) {
            g_autofree char *is = describe(&options, k);
            g_assert_cmpstr(is, ==, disks[i].disks[k]);
        }
        options_clear(&options);
    }
}

static GString *printed; // on standard error

static void note_line(const char *text)
{
    g_string_append(printed, text);
}

static void test_warning(gconstpointer data)
{
    const char *text = data;
    Options options;
    printed = g_string_new(NULL);
    GPrintFunc before = g_set_printerr_handler(note_line);
    parse_right(text, &options);
    g_set_printerr_handler(before);
    g_assert_cmpstr(printed->str, ==,
        strstr(text, "-hda")
            ? "lparun: warning: -hda file=a and -drive file=b: virtio (vda), where QEMU has SCSI "
              "(sda), which lparun has not yet; -drive with if=virtio says so\n"
            : "");
    g_string_free(printed, TRUE);
    options_clear(&options);
}

static void test_seven_of_a_bus(void)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < 8; i++)
        g_string_append_printf(text, "%s-drive file=f%u", i ? " " : "", i);
    Options options;
    parse_right(text->str, &options);
    g_assert_cmpstr(find(&options, "scsi0-hd6")->image.path, ==, "f6");
    g_assert_cmpstr(find(&options, "scsi1-hd0")->image.path, ==, "f7");
    options_clear(&options);
    g_string_free(text, TRUE);
}

static void test_nvram(void)
{
    static const char *const texts[] = { "-pflash n", "-drive if=pflash,file=n,unit=0,index=3",
        "-drive if=pflash,file=n,bus=0,unit=1",
        "-blockdev raw,node-name=x,file.filename=n -device spapr-nvram,drive=x" };
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        Options options;
        if (i == 1) // both
            continue;
        parse_right(texts[i], &options);
        g_assert_cmpstr(options.nvram->image.path, ==, "n");
        g_assert_cmpuint(options.drives->len, ==, 0);
        options_clear(&options);
    }
}

// -snapshot is of all drives that say nothing, and of no node.
static void test_snapshots(void)
{
    Options options;
    parse_right(
        "-drive file=a,if=none,id=a -drive file=b,if=none,id=b,snapshot=off -drive file=c,if=none,id=c,"
        "snapshot=on -blockdev file,filename=d,node-name=d -pflash e",
        &options);
    g_assert_true(find(&options, "c")->image.snapshot);
    g_assert_false(find(&options, "a")->image.snapshot || options.nvram->image.readonly);
    options_clear(&options);
    parse_right(
        "-drive file=a,if=none,id=a -snapshot -drive file=b,if=none,id=b,snapshot=off -pflash e -blockdev "
        "file,filename=d,node-name=d",
        &options);
    g_assert_true(find(&options, "a")->image.snapshot && options.nvram->image.readonly);
    g_assert_false(find(&options, "b")->image.snapshot || find(&options, "d")->image.snapshot);
    options_clear(&options);
}

static void test_devices(void)
{
    Options options;
    parse_right(
        "-blockdev file,filename=a,node-name=f -blockdev raw,file=f,node-name=n "
        "-device "
        "{\"driver\":\"virtio-blk-pci\",\"bus\":\"pci.0\",\"addr\":\"0x4\",\"drive\":\"n\",\"id\":\"v\","
        "\"bootindex\":1,\"write-cache\":\"off\",\"share-rw\":true,\"romfile\":\"\",\"disable-legacy\":"
        "\"on\"} "
        "-device virtio-blk,drive=m,scsi=off,config-wce=off,num-queues=1,event_idx=off,indirect_desc=off,"
        "logical_block_size=512,physical_block_size=512,werror=report,rerror=report,romfile=,discard=off,"
        "disable-modern=false,iommu_platform=off,packed=off,queue-size=256",
        &options);
    const DeviceOptions *device = options.devices->pdata[0];
    const VirtioBlkValues *blk = device->values;
    g_assert_cmpint(blk->write_cache, ==, BLOCK_CACHE_OFF);
    g_assert_true(blk->share_rw && device->event_index && device->indirect);
    g_assert_cmpint(device->slot, ==, 4);
    device = options.devices->pdata[1];
    blk = device->values;
    g_assert_cmpint(blk->write_cache, ==, BLOCK_CACHE_AS_SAID);
    g_assert_false(blk->share_rw || device->event_index || device->indirect);
    options_clear(&options);
}

static void test_help(void)
{
    static const char *const texts[][2] = { { "-blockdev help", "filename=PATH" },
        { "-drive help", "media=disk|cdrom" }, { "-device virtio-blk,help", "romfile=" } };
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        Options options;
        g_assert_cmpint(parse(texts[i][0], &options, NULL), ==, OPTIONS_HELP_OF);
        g_assert_nonnull(strstr(options.help, texts[i][1]));
        g_assert_null(strstr(options.help, "pr-manager"));
        options_clear(&options);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/storage-options/images", test_images);
    g_test_add_func("/storage-options/zeros", test_zeros);
    g_test_add_func("/storage-options/disks", test_disks);
    g_test_add_func("/storage-options/seven-of-a-bus", test_seven_of_a_bus);
    g_test_add_data_func("/storage-options/warned", "-hda a -drive file=b", test_warning);
    g_test_add_data_func("/storage-options/not-warned", "-drive file=b,if=virtio -pflash c", test_warning);
    g_test_add_func("/storage-options/nvram", test_nvram);
    g_test_add_func("/storage-options/snapshots", test_snapshots);
    g_test_add_func("/storage-options/devices", test_devices);
    g_test_add_func("/storage-options/help", test_help);
    return g_test_run();
}
