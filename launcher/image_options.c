// Images: the drivers that QEMU has for them, those that lparun has, and what their keys come to.
#include "image_options.h"
#include "lparun/error.h"
#include <string.h>

// --- What QEMU has and lparun has not.

#define CONVERT "lparun has raw images only; convert it with qemu-img"
#define FILTER "lparun puts nothing between a disk and its file; leave it out"

#define NAMES(...)                                                                                           \
    (const char *const[])                                                                                    \
    {                                                                                                        \
        __VA_ARGS__, NULL                                                                                    \
    }
static const struct {
    const char *why;
    const char *const *names;
} absent[] = {
    { CONVERT, NAMES("qcow2", "qcow", "qed", "vmdk", "vdi", "vpc", "vhdx", "parallels", "luks", "dmg",
                   "bochs", "cloop") },
    { "lparun opens files and devices; attach it (nbd-client HOST /dev/nbd0) and give the device",
        NAMES("nbd", "nbd+tcp", "nbd+unix", "nbd+vsock", "nbds") },
    { "lparun opens files and devices; attach it (iscsiadm --login) and give the device",
        NAMES("iscsi", "iser") },
    { "lparun opens files and devices; attach it (rbd map) and give the device", NAMES("rbd") },
    { "lparun opens files and devices; mount it (sshfs) and give the file", NAMES("ssh", "sftp") },
    { "lparun opens files and devices; fetch it (curl -O) and give the file",
        NAMES("http", "https", "ftp", "ftps") },
    { "lparun opens files and devices; mount it and give the file",
        NAMES("nfs", "gluster", "gluster+tcp", "gluster+unix", "gluster+rdma") },
    { "lparun opens files and devices; make an image of the folder (mkfs.vfat, mcopy)",
        NAMES("vvfat", "fat") },
    { "give driver=host_device", NAMES("host_cdrom") },
    { "lparun opens files and devices; give the device (/dev/nvme0n1)",
        NAMES("nvme", "nvme-io_uring", "virtio-blk-vfio-pci", "virtio-blk-vhost-user",
            "virtio-blk-vhost-vdpa") },
    { "give -blockdev, which takes JSON", NAMES("json") },
    { FILTER, NAMES("throttle", "copy-on-read", "copy-before-write", "backup-dump", "blkdebug", "blkverify",
                  "blklogwrites", "blkreplay", "quorum", "compress", "preallocate", "snapshot-access",
                  "replication", "io_uring") },
};

const char *image_absent_driver(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(absent); i++)
        if (g_strv_contains(absent[i].names, name))
            return absent[i].why;
    return NULL;
}

// A protocol is what stands before a colon that is before any slash.
const char *image_take_name(const char *option, const char *name, GError **error)
{
    size_t length = strcspn(name, ":/");
    g_autofree char *protocol = g_strndup(name, length);
    const char *why = name[length] == ':' ? image_absent_driver(protocol) : NULL;
    if (why) {
        error_user(error, "%s file=%s: %s", option, name, why);
        return NULL;
    }
    return g_str_has_prefix(name, "file:") ? name + strlen("file:") : name;
}

// --- A node's keys.

static const Word lockings[] = { { "auto", -1 }, { "on", true }, { "off", false }, { 0 } };
static const Word discards[] = { { "ignore" }, { "off" }, { "unmap" }, { "on" }, { 0 } };
static const Word zeroes[] = { { "off" }, { "on" }, { "unmap" }, { 0 } };
static const Word zero[] = { { "0" }, { 0 } };

#define TEXT(key, member, looks, text)                                                                       \
    {                                                                                                        \
        key, KEY_TEXT, offsetof(NodeOptions, member), .value = looks, .help = text                           \
    }
#define WORD(key, member, table, text)                                                                       \
    {                                                                                                        \
        key, KEY_WORD, offsetof(NodeOptions, member), .words = table, .help = text                           \
    }
#define ONLY(key, table, why, text)                                                                          \
    {                                                                                                        \
        .name = key, .type = KEY_ONLY, .words = table, .mend = why, .help = text                             \
    }
const Key node_keys[] = {
    TEXT("driver", driver, "DRIVER", "raw, file, host_device, or zeros: null-co, null-aio"),
    TEXT("node-name", name, "NAME", "its name, for -device and -blockdev"),
    TEXT("filename", filename, "PATH", "of file and host_device"),
    TEXT("file", file, "NAME", "of raw: the node that it is in; or file.KEY=, that node's keys"),
    { "size", KEY_SIZE, offsetof(NodeOptions, bytes), .unit = 1, .help = "of zeros (default 1 GiB)" },
    WORD("read-only", readonly, words_switch, "the guest cannot write (default off)"),
    WORD("auto-read-only", auto_readonly, words_switch, "so it is where the file cannot be written"),
    WORD("force-share", force_share, words_switch, "others may write; with read-only=on"),
    WORD("cache.direct", direct, words_switch, "past the host's page cache (default off)"),
    WORD("cache.no-flush", no_flush, words_switch, "never wait for the medium (default off)"),
    WORD("aio", aio, block_aio_words, "how the host is asked"),
    WORD("locking", locking, lockings, "off: other programs may have it, too"),
    WORD("force-raw", force_raw, words_switch, "of raw: whatever it begins with, a guest wrote it"),
    ONLY("discard", discards, NULL, "taken: a guest cannot discard yet"),
    ONLY("detect-zeroes", zeroes, NULL, "taken: zeros are written as they are"),
    ONLY("latency-ns", zero, "zeros come at once; leave it out", "zeros come at once"),
    ONLY("read-zeroes", words_switch, NULL, "taken: zeros are always read"),
    ONLY("aio-max-batch", NULL, NULL, "taken: batches are as large as a round"),
    ONLY("drop-cache", words_switch, NULL, "taken: it is for migration"),
    ONLY("x-check-cache-dropped", words_switch, NULL, "taken: it is for migration"),
    ONLY("offset", zero, "a disk begins where its file does; leave it out", "where its file begins"),
    { "pr-manager", KEY_REFUSED, .mend = "lparun has no SCSI yet; leave it out" },
    { 0 },
};

// --- What they come to.

static bool is_protocol(const char *driver, BlockFile *file)
{
    static const Word words[] = { { "file", BLOCK_REGULAR_FILE }, { "host_device", BLOCK_DEVICE_FILE },
        { "null-co", BLOCK_ZEROS }, { "null-aio", BLOCK_ZEROS }, { 0 } };
    int value = BLOCK_ANY_FILE;
    bool found = !driver || words_find(words, driver, &value);
    *file = (BlockFile)value;
    return found;
}

static bool refuse_driver(const char *option, const char *driver, GError **error)
{
    bool is_raw = strcmp(driver, "raw") == 0;
    const char *why = is_raw ? "raw is in a file; give driver=file" : image_absent_driver(driver);
    return error_user(error, "%s driver=%s: %s", option, driver,
        why ? why : "it takes raw, file, host_device, null-co or null-aio");
}

static bool check_file(const char *option, const NodeOptions *file, const BlockOptions *image, GError **error)
{
    bool zeros = image->file == BLOCK_ZEROS;
    if (!zeros && !file->filename)
        return error_user(error, "%s: no filename; give filename=PATH", option);
    if (zeros && file->filename)
        return error_user(
            error, "%s filename=%s: zeros are in no file; leave it out", option, file->filename);
    if (!zeros && file->bytes)
        return error_user(error, "%s size: a file has its own; leave it out", option);
    if (file->file)
        return error_user(error, "%s file=%s: driver=%s is in no other node; leave it out", option,
            file->file, file->driver ? file->driver : "file");
    if (file->force_raw >= 0)
        return error_user(
            error, "%s force-raw: it is for driver=raw; give that, with this as its file", option);
    return true;
}

// What both kinds of nodes say. False: force-share=on of what is written.
static bool take_common(const NodeOptions *node, BlockOptions *image)
{
    image->readonly |= node->readonly > 0;
    image->auto_readonly |= node->auto_readonly > 0;
    image->cache |= node->no_flush > 0 ? BLOCK_NO_FLUSH : 0;
    if (node->locking == false || node->force_share > 0)
        image->lock = BLOCK_LOCK_NONE;
    return node->force_share <= 0 || image->readonly;
}

static bool refuse_share(const char *option, GError **error)
{
    return error_user(
        error, "%s force-share=on: what others write can only be read; add read-only=on", option);
}

bool image_take_file(const char *option, const NodeOptions *file, BlockOptions *image, GError **error)
{
    if (!is_protocol(file->driver, &image->file))
        return refuse_driver(option, file->driver, error);
    if (!check_file(option, file, image, error))
        return false;
    image->path = g_strdup(file->filename);
    image->bytes = file->bytes ? file->bytes : 1ULL << 30;
    if (file->direct >= 0)
        image->cache = (image->cache & ~(unsigned)BLOCK_DIRECT) | (file->direct ? BLOCK_DIRECT : 0);
    if (file->aio)
        image->aio = (BlockAio)file->aio;
    return take_common(file, image) || refuse_share(option, error);
}

bool image_take_raw(const char *option, const NodeOptions *top, BlockOptions *image, GError **error)
{
    if (image->readonly && top->readonly <= 0 && top->auto_readonly <= 0)
        return error_user(error, "%s: its file is read-only, and it is not; add read-only=on", option);
    if (top->driver)
        image->content = BLOCK_CONTENT_RAW;
    if (top->force_raw > 0)
        image->content = BLOCK_CONTENT_ANY;
    return take_common(top, image) || refuse_share(option, error);
}
