// What a guest needs before a program can run.
#include "system.h"
#include "bytes.h"
#include "calls.h"
#include "folder.h"
#include "order.h"
#include "say.h"
#include "stream.h"

#define DISK_NODE "/" ORDER_FOLDER "/disk"
#define DISK_PATIENCE 10000000000u // nanoseconds
#define HOW ", built in, or a module of --modules"

typedef struct Mount {
    const char *what, *where;
    const char *option; // what a kernel without it lacks; NULL: it goes without
    bool fresh;         // not over files of the initrd
} Mount;

static const Mount mounts[] = {
    { "proc", "/proc", "CONFIG_PROC_FS", false },
    { "sysfs", "/sys", "CONFIG_SYSFS", false },
    { "devtmpfs", "/dev", NULL, false },
    { "devpts", "/dev/pts", NULL, false },
    { "tmpfs", "/dev/shm", "CONFIG_TMPFS", true },
    { "tmpfs", "/tmp", "CONFIG_TMPFS", true },
    { "tmpfs", "/run", "CONFIG_TMPFS", true },
    { "debugfs", "/sys/kernel/debug", NULL, false },
};

typedef struct Node {
    const char *path;
    unsigned major, minor;
} Node;

static const Node nodes[] = {
    { "/dev/null", 1, 3 },
    { "/dev/zero", 1, 5 },
    { "/dev/full", 1, 7 },
    { "/dev/random", 1, 8 },
    { "/dev/urandom", 1, 9 },
    { "/dev/kmsg", 1, 11 },
    { "/dev/tty", 5, 0 },
    { "/dev/console", 5, 1 },
    { "/dev/ptmx", 5, 2 },
};

static int make_node(const char *path, unsigned type, unsigned major, unsigned minor)
{
    unsigned device = (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12; // as the system call has it
    return (int)call(__NR_mknodat, AT_FDCWD, path, type | 0600, device);
}

// What devtmpfs would have had.
static void make_nodes(void)
{
    for (unsigned i = 0; i < sizeof nodes / sizeof *nodes; i++)
        (void)make_node(nodes[i].path, 0020000, nodes[i].major, nodes[i].minor);
}

static void make_links(void)
{
    (void)call(__NR_symlinkat, "/proc/self/fd", AT_FDCWD, "/dev/fd");
    (void)call(__NR_symlinkat, "/proc/self/fd/0", AT_FDCWD, "/dev/stdin");
    (void)call(__NR_symlinkat, "/proc/self/fd/1", AT_FDCWD, "/dev/stdout");
    (void)call(__NR_symlinkat, "/proc/self/fd/2", AT_FDCWD, "/dev/stderr");
}

static void mount_one(const Mount *mount)
{
    if (mount->fresh && call(__NR_unlinkat, AT_FDCWD, mount->where, AT_REMOVEDIR) == -ENOTEMPTY)
        return;
    (void)sys_mkdir(mount->where);
    int error = sys_mount(mount->what, mount->where);
    if (error < 0 && error != -EBUSY && mount->option)
        fault(mount->what, error_words(error), mount->option);
    if (error < 0 && text_is(mount->what, "devtmpfs"))
        make_nodes();
}

void system_mount(void)
{
    for (unsigned i = 0; i < sizeof mounts / sizeof *mounts; i++)
        mount_one(&mounts[i]);
    make_links();
}

// --- Modules.

void system_load_modules(void)
{
    for (const char *path = order_next(ORDER_MODULE, NULL); path; path = order_next(ORDER_MODULE, path)) {
        int file = sys_open(path, O_RDONLY);
        int error = file < 0 ? file : (int)call(__NR_finit_module, file, "", 0);
        if (file >= 0)
            sys_close(file);
        if (error == -ENOSYS)
            fault("the kernel loads no modules", NULL, "CONFIG_MODULES");
        if (error == -ENOEXEC)
            fault(path, ": not a module of this kernel; give the --modules that were built with it", NULL);
        if (error == -EKEYREJECTED || error == -EBADMSG)
            fault(path, ": the kernel takes modules with a signature of its own alone", NULL);
        if (error < 0 && error != -EEXIST)
            fault(path, error_words(error), NULL);
    }
}

// --- The disk.

static int open_disk(const char *path)
{
    int file = sys_open(path, O_RDWR | O_DIRECT);
    return file == -EINVAL ? sys_open(path, O_RDWR | O_SYNC) : file;
}

// Without devtmpfs the node is made by hand.
static int open_node(const char *name)
{
    static char path[PATH_ROOM];
    char text[32];
    unsigned major, minor;
    if (path_join(path, "/dev", name) && sys_exists(path))
        return open_disk(path);
    if (!path_join(path, "/sys/block", name) || !path_join(path, path, "dev") ||
        !read_small(path, text, sizeof text))
        return -1;
    (void)text_number(text_number(text, &major) + 1, &minor);
    (void)call(__NR_unlinkat, AT_FDCWD, DISK_NODE, 0);
    return make_node(DISK_NODE, 0060000, major, minor) < 0 ? -1 : open_disk(DISK_NODE);
}

static bool is_other(const char *name)
{
    static char path[PATH_ROOM];
    char serial[32];
    return path_join(path, "/sys/block", name) && path_join(path, path, "serial") &&
           read_small(path, serial, sizeof serial) && !bytes_are(serial, DISK_SERIAL, sizeof DISK_SERIAL - 1);
}

// Its name is in `serial` of sysfs; one that says none is looked into.
static bool try_disk(const char *name)
{
    static char start[FRAME_ALIGN * 8] __attribute__((aligned(4096)));
    int file = is_other(name) ? -1 : open_node(name);
    if (file < 0)
        return false;
    if (sys_read(file, start, sizeof start) == sizeof start &&
        bytes_are(start, DISK_MAGIC, sizeof DISK_MAGIC - 1)) {
        stream_open(file, get64(start + DISK_SIZE_AT));
        return true;
    }
    sys_close(file);
    return false;
}

static bool look_for_disk(void)
{
    static char entries[FOLDER_ROOM];
    int folder = sys_open("/sys/block", O_RDONLY | O_DIRECTORY);
    bool found = false;
    for (const Entry *entry = NULL; !found && (entry = folder_next(folder, entries, entry));)
        found = try_disk(entry->name);
    if (folder >= 0)
        sys_close(folder);
    return found;
}

// What was built in is there before init, and modules are when they were loaded.
static void need(const char *path, const char *what, const char *option)
{
    if (!sys_exists(path))
        fault("the kernel has no ", what, option);
}

void system_find_disk(void)
{
    for (uint64_t start = sys_nanoseconds(); !look_for_disk(); sys_sleep(10)) {
        need("/sys/block", "disks, of which one takes the results", "CONFIG_BLOCK");
        need("/sys/bus/pci", "PCI, where the disk of results is", "CONFIG_PCI");
        need("/sys/bus/pci/drivers/virtio-pci", "virtio on PCI, for the disk of results",
            "CONFIG_VIRTIO_PCI" HOW);
        need("/sys/bus/virtio/drivers/virtio_blk", "virtio disks, of which one takes the results",
            "CONFIG_VIRTIO_BLK" HOW);
        if (sys_nanoseconds() - start > DISK_PATIENCE)
            fault("the disk of results did not appear", NULL, NULL);
    }
}
