// Disks from the command line: images, iothreads and virtio-blk functions, brought together by their ids.
#include "disks.h"
#include "lparun/error.h"
#include "lparun/papr.h"
#include <string.h>

typedef struct Disk {
    char *name; // "virtio-blk0", or the -device's id
    Block *block;
    VirtioBlk *blk;
    int slot, bootindex;
    const DriveOptions *drive;
} Disk;

struct Disks {
    GPtrArray *iothreads;
    GPtrArray *disks;
};

static VirtioPci *transport(const Disk *disk)
{
    return virtio_device_pci(virtio_blk_device(disk->blk));
}

static void disk_free(gpointer data)
{
    Disk *disk = data;
    if (disk->blk)
        virtio_blk_free(disk->blk);
    if (disk->block)
        block_close(disk->block);
    g_free(disk->name);
    g_free(disk);
}

static void free_iothread(gpointer data)
{
    iothread_free(data);
}

void disks_free(Disks *disks)
{
    if (!disks)
        return;
    g_ptr_array_unref(disks->disks); // before the threads that serve them
    g_ptr_array_unref(disks->iothreads);
    g_free(disks);
}

static Iothread *add_iothread(Disks *disks, const char *id, GError **error)
{
    Iothread *iothread = iothread_new(id, error);
    if (iothread)
        g_ptr_array_add(disks->iothreads, iothread);
    return iothread;
}

// The thread that `id` names, or a new one for this disk alone.
static Iothread *iothread_for(Disks *disks, const char *id, const char *disk, GError **error)
{
    if (!id) {
        g_autofree char *own = g_strdup_printf("io-%s", disk);
        return add_iothread(disks, own, error);
    }
    for (unsigned i = 0; i < disks->iothreads->len; i++)
        if (strcmp(iothread_id(disks->iothreads->pdata[i]), id) == 0)
            return disks->iothreads->pdata[i];
    error_user(error, "-device iothread=%s: there is no such iothread; add -object iothread,id=%s", id, id);
    return NULL;
}

static int slot_for(PciHost *host, int wanted, GError **error)
{
    int slot = wanted >= 0 ? wanted : pci_host_free_slot(host);
    if (slot < 0)
        error_user(error, "-device: more than 32 PCI functions; use fewer disks");
    return slot;
}

static bool add_disk(Disks *disks, const DriveOptions *drive, const DiskOptions *options,
    const VirtioContext *context, PciHost *host, GError **error)
{
    unsigned index = disks->disks->len;
    Disk *disk = g_new0(Disk, 1);
    g_ptr_array_add(disks->disks, disk);
    disk->drive = drive;
    disk->bootindex = options->bootindex;
    disk->name = options->id ? g_strdup(options->id) : g_strdup_printf("virtio-blk%u", index);
    disk->slot = slot_for(host, options->slot, error);
    Iothread *iothread = disk->slot < 0 ? NULL : iothread_for(disks, options->iothread, disk->name, error);
    if (!iothread)
        return false;
    BlockOptions image = {
        .path = drive->file, .readonly = drive->readonly, .cache = drive->cache, .aio = drive->aio
    };
    disk->block = block_open(&image, error);
    if (!disk->block) {
        g_prefix_error(error, "-drive ");
        return false;
    }
    const char *serial = options->serial ? options->serial : drive->serial;
    disk->blk = virtio_blk_new(
        context, disk->name, serial, disk->block, iothread, pci_slot_source((unsigned)disk->slot), error);
    if (!disk->blk)
        return false;
    if (pci_host_add(host, (unsigned)disk->slot, virtio_pci_device(transport(disk))))
        return true;
    error_user(error, "-device addr=%x: that PCI slot is taken; give another", (unsigned)disk->slot);
    pci_device_free(virtio_pci_device(transport(disk)));
    return false;
}

static const DriveOptions *find_drive(const Options *options, const char *id)
{
    for (unsigned i = 0; i < options->drives->len; i++) {
        const DriveOptions *drive = options->drives->pdata[i];
        if (g_strcmp0(drive->id, id) == 0)
            return drive;
    }
    return NULL;
}

static bool is_used(const Disks *disks, const DriveOptions *drive)
{
    for (unsigned i = 0; i < disks->disks->len; i++)
        if (((const Disk *)disks->disks->pdata[i])->drive == drive)
            return true;
    return false;
}

static bool add_devices(
    Disks *disks, const Options *options, const VirtioContext *context, PciHost *host, GError **error)
{
    for (unsigned i = 0; i < options->disks->len; i++) {
        const DiskOptions *device = options->disks->pdata[i];
        const DriveOptions *drive = find_drive(options, device->drive);
        if (!drive || drive->virtio || is_used(disks, drive))
            return error_user(error, "-device drive=%s: %s", device->drive,
                !drive          ? "there is no such drive; add -drive file=PATH,if=none,id=ID"
                : drive->virtio ? DRIVE_IS_A_DISK
                                : "that drive has a device already; give each its own");
        if (!add_disk(disks, drive, device, context, host, error))
            return false;
    }
    return true;
}

static bool add_drives(
    Disks *disks, const Options *options, const VirtioContext *context, PciHost *host, GError **error)
{
    const DiskOptions plain = { .slot = -1, .bootindex = -1 };
    for (unsigned i = 0; i < options->drives->len; i++) {
        const DriveOptions *drive = options->drives->pdata[i];
        if (drive->virtio && !add_disk(disks, drive, &plain, context, host, error))
            return false;
    }
    return true;
}

Disks *disks_new(const Options *options, const VirtioContext *context, PciHost *host, GError **error)
{
    Disks *disks = g_new0(Disks, 1);
    disks->iothreads = g_ptr_array_new_with_free_func(free_iothread);
    disks->disks = g_ptr_array_new_with_free_func(disk_free);
    bool done = true;
    for (unsigned i = 0; done && i < options->iothreads->len; i++)
        done = add_iothread(disks, options->iothreads->pdata[i], error);
    if (done && add_devices(disks, options, context, host, error) &&
        add_drives(disks, options, context, host, error))
        return disks;
    disks_free(disks);
    return NULL;
}

// Disks with a bootindex first, in its order, then the others as they were given.
static int by_boot_order(gconstpointer a, gconstpointer b)
{
    const Disk *first = *(Disk *const *)a, *second = *(Disk *const *)b;
    unsigned left = (unsigned)first->bootindex, right = (unsigned)second->bootindex; // -1 is last
    return left < right ? -1 : left > right ? 1 : first->slot - second->slot;
}

char *disks_boot_list(const Disks *disks)
{
    if (disks->disks->len == 0)
        return NULL;
    g_autoptr(GPtrArray) sorted = g_ptr_array_copy(disks->disks, NULL, NULL);
    g_ptr_array_set_free_func(sorted, NULL);
    g_ptr_array_sort(sorted, by_boot_order);
    g_autoptr(GString) list = g_string_new(NULL);
    for (unsigned i = 0; i < sorted->len; i++) {
        const Disk *disk = sorted->pdata[i];
        // SLOF names a disk "scsi" after its PCI class.
        g_string_append_printf(list, "%s/pci@%llx/scsi@%x", i ? " " : "", PHB_BUID, (unsigned)disk->slot);
    }
    return g_string_free(g_steal_pointer(&list), FALSE);
}

static const Disk *at(const Disks *disks, unsigned index)
{
    return disks->disks->pdata[index];
}

static bool hold_part(void *part)
{
    Disks *disks = part;
    bool held = true;
    for (unsigned i = 0; i < disks->disks->len; i++)
        held &= virtio_pci_hold(transport(at(disks, i)));
    return held;
}

static void release_part(void *part)
{
    Disks *disks = part;
    for (unsigned i = 0; i < disks->disks->len; i++)
        virtio_pci_release(transport(at(disks, i)));
}

static void count_doorbells(const VirtioDevice *device, Counts *counts)
{
    for (unsigned i = 0; i < virtio_device_queues(device); i++) {
        Doorbell *bell = virtio_pci_doorbell(virtio_device_pci(device), i);
        counts_row(counts);
        counts_text(counts, "name", doorbell_name(bell));
        counts_value(counts, "fired", doorbell_fired(bell));
        counts_value(counts, "rung", doorbell_rung(bell));
    }
}

static void count_disk(const Disk *disk, Counts *counts)
{
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

static void count_part(const void *part, Counts *counts)
{
    const Disks *disks = part;
    counts_section(counts, "doorbells", COUNTS_ROWS);
    for (unsigned i = 0; i < disks->disks->len; i++)
        count_doorbells(virtio_blk_device(at(disks, i)->blk), counts);
    counts_section(counts, "disks", COUNTS_ROWS);
    for (unsigned i = 0; i < disks->disks->len; i++)
        count_disk(at(disks, i), counts);
}

static void free_part(void *part)
{
    disks_free(part);
}

const PartOps disks_part = {
    .kind = "disks", .hold = hold_part, .release = release_part, .count = count_part, .free = free_part
};
