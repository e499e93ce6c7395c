// Devices from the command line, brought together with drives, objects and iothreads by their ids.
#include "devices.h"
#include "device_kinds.h"
#include "lparun/error.h"
#include "lparun/papr.h"
#include "storage_options.h"
#include <string.h>

struct Devices {
    const Options *options;
    const VirtioContext *context;
    PciHost *host;
    GPtrArray *iothreads;
    GPtrArray *list;   // of Device
    GPtrArray *drives; // that are a device's
};

static VirtioPci *transport(const Device *device)
{
    return virtio_device_pci(device->options->kind->virtio(device->device));
}

static void device_free(gpointer data)
{
    Device *device = data;
    if (device->device)
        device->options->kind->free(device->device);
    iothread_free(device->own);
    g_free(device->name);
    g_free(device);
}

static void free_iothread(gpointer data)
{
    iothread_free(data);
}

void devices_free(Devices *devices)
{
    if (!devices)
        return;
    g_ptr_array_unref(devices->list); // before the threads that serve them
    g_ptr_array_unref(devices->iothreads);
    g_ptr_array_unref(devices->drives);
    g_free(devices);
}

// --- What a device asks for.

static Iothread *add_iothread(Devices *devices, const char *id, GError **error)
{
    Iothread *iothread = iothread_new(id, error);
    if (iothread)
        g_ptr_array_add(devices->iothreads, iothread);
    return iothread;
}

// The one that is being made.
static Device *last(const Devices *devices)
{
    return devices->list->pdata[devices->list->len - 1];
}

static Iothread *iothread_for(const DeviceMaking *making, const char *id, GError **error)
{
    Devices *devices = making->owner;
    if (!id) {
        g_autofree char *own = g_strdup_printf("io-%s", making->name);
        return last(devices)->own = iothread_new(own, error);
    }
    for (unsigned i = 0; i < devices->iothreads->len; i++)
        if (strcmp(iothread_id(devices->iothreads->pdata[i]), id) == 0)
            return devices->iothreads->pdata[i];
    error_user(error, "-device iothread=%s: there is no such iothread; add -object iothread,id=%s", id, id);
    return NULL;
}

static bool check_drive(
    const Devices *devices, const DriveOptions *drive, const char *id, bool named, GError **error)
{
    const char *why = !drive                                    ? DRIVE_IS_MISSING
                      : named && drive->interface != DRIVE_NONE ? DRIVE_IS_A_DISK
                      : drive->is_part                          ? DRIVE_IS_A_PART
                      : g_ptr_array_find(devices->drives, drive, NULL)
                          ? "that drive has a device already; give each its own"
                          : NULL;
    return !why || error_user(error, "-device drive=%s: %s", id, why);
}

static void apply(const DriveWish *wish, BlockOptions *image)
{
    unsigned without = (unsigned)image->cache & ~(unsigned)BLOCK_THROUGH;
    if (wish->write_cache != BLOCK_CACHE_AS_SAID)
        image->cache = without | (wish->write_cache == BLOCK_CACHE_OFF ? BLOCK_THROUGH : 0);
    if (wish->shared && image->lock == BLOCK_LOCK)
        image->lock = BLOCK_LOCK_SHARED;
}

// A drive with if=virtio has its own device, which is behind all that were named.
static Block *drive_for(
    const DeviceMaking *making, const char *id, const DriveWish *wish, const char **serial, GError **error)
{
    Devices *devices = making->owner;
    const DriveOptions *drive = storage_options_find(devices->options, id);
    Device *device = last(devices);
    if (!check_drive(devices, drive, id, !device->options->implied, error))
        return NULL;
    BlockOptions image = drive->image;
    apply(wish, &image);
    Block *block = block_open(&image, error);
    if (!block)
        g_prefix_error(error, "%s ", drive->option);
    device->drive = drive;
    g_ptr_array_add(devices->drives, (gpointer)drive);
    *serial = drive->serial;
    return block;
}

const Object *devices_object(const Devices *devices, const char *id)
{
    const GPtrArray *objects = devices->options->objects;
    for (unsigned i = 0; i < objects->len; i++)
        if (strcmp(((const Object *)objects->pdata[i])->id, id) == 0)
            return objects->pdata[i];
    return NULL;
}

static const Object *object_for(const DeviceMaking *making, const char *id, GError **error)
{
    const Devices *devices = making->owner;
    const Object *object = devices_object(devices, id);
    if (object)
        return object;
    error_user(error, "-device: there is no object %s; add -object ...,id=%s", id, id);
    return NULL;
}

// --- Making them.

static bool choose_slot(Device *device, const PciHost *host, GError **error)
{
    device->slot = device->options->slot >= 0 ? device->options->slot : pci_host_free_slot(host);
    return device->slot >= 0 || error_user(error, "-device: more than 32 PCI functions; use fewer devices");
}

static char *make_name(const Devices *devices, const DeviceOptions *options)
{
    unsigned number = 0;
    for (unsigned i = 0; i < devices->list->len; i++)
        number += ((const Device *)devices->list->pdata[i])->options->kind == options->kind;
    return options->id ? g_strdup(options->id) : g_strdup_printf("%s%u", options->kind->prefix, number);
}

static bool plug(Devices *devices, Device *device, GError **error)
{
    PciDevice *function = virtio_pci_device(transport(device));
    if (pci_host_add(devices->host, (unsigned)device->slot, function))
        return true;
    error_user(error, "-device addr=%x: that PCI slot is taken; give another", (unsigned)device->slot);
    pci_device_free(function);
    return false;
}

static uint64_t withheld(const DeviceOptions *options)
{
    return (options->event_index ? 0 : VIRTIO_F_EVENT_IDX) | (options->indirect ? 0 : VIRTIO_F_INDIRECT_DESC);
}

static bool add(Devices *devices, const DeviceOptions *options, GError **error)
{
    Device *device = g_new0(Device, 1);
    device->options = options;
    device->name = make_name(devices, options);
    g_ptr_array_add(devices->list, device);
    if (!choose_slot(device, devices->host, error))
        return false;
    const DeviceMaking making = { .context = devices->context,
        .name = device->name,
        .first_source = pci_slot_source((unsigned)device->slot),
        .owner = devices,
        .iothread = iothread_for,
        .drive = drive_for,
        .object = object_for };
    device->device = options->kind->make(options->values, &making, error);
    if (!device->device)
        return false;
    virtio_pci_withhold(transport(device), withheld(options));
    return plug(devices, device, error);
}

static bool add_iothreads(Devices *devices, GError **error)
{
    for (unsigned i = 0; i < devices->options->objects->len; i++) {
        const Object *object = devices->options->objects->pdata[i];
        if (object->kind == &iothread_kind && !add_iothread(devices, object->id, error))
            return false;
    }
    return true;
}

static bool add_all(Devices *devices, GError **error)
{
    for (unsigned i = 0; i < devices->options->devices->len; i++) {
        const DeviceOptions *options = devices->options->devices->pdata[i];
        if (!options->kind->is_fixed && !add(devices, options, error))
            return false;
    }
    return true;
}

Devices *devices_new(const Options *options, const VirtioContext *context, PciHost *host, GError **error)
{
    Devices *devices = g_new0(Devices, 1);
    devices->options = options;
    devices->context = context;
    devices->host = host;
    devices->iothreads = g_ptr_array_new_with_free_func(free_iothread);
    devices->list = g_ptr_array_new_with_free_func(device_free);
    devices->drives = g_ptr_array_new();
    if (add_iothreads(devices, error) && add_all(devices, error))
        return devices;
    devices_free(devices);
    return NULL;
}

static Device *find(const Devices *devices, const char *name)
{
    for (unsigned i = 0; i < devices->list->len; i++) {
        Device *device = devices->list->pdata[i];
        if (strcmp(device->name, name) == 0)
            return device;
    }
    return NULL;
}

bool devices_remove(Devices *devices, const char *name, VcpuSet *vcpus, GError **error)
{
    Device *device = find(devices, name);
    if (!device)
        return error_user(error, "there is no device %s", name);
    PciDevice *function = pci_host_remove(devices->host, (unsigned)device->slot);
    vcpu_set_settle(vcpus); // none of them is in its registers any more
    const DriveOptions *drive = device->drive;
    g_ptr_array_remove(devices->list, device);
    pci_device_free(function);
    g_ptr_array_remove(devices->drives, (gpointer)drive);
    return true;
}

// --- Objects while the machine runs.

const Iothread *devices_iothread(const Devices *devices, unsigned index)
{
    return index < devices->iothreads->len ? devices->iothreads->pdata[index] : NULL;
}

static void forget_object(Devices *devices, const char *id)
{
    g_ptr_array_remove(devices->options->objects, (gpointer)devices_object(devices, id));
}

bool devices_add_object(Devices *devices, const char *text, GError **error)
{
    Options shared = { .objects = devices->options->objects };
    if (!options_parse_object(&shared, "object-add", text, error))
        return false;
    const Object *object = shared.objects->pdata[shared.objects->len - 1];
    if (object->kind != &iothread_kind || add_iothread(devices, object->id, error))
        return true;
    forget_object(devices, object->id);
    return false;
}

// One of its keys has the id.
static bool refers_to(const Device *device, const char *id)
{
    const char *values = device->options->values;
    for (const Key *key = device->options->kind->kind.keys; key && key->name; key++)
        if (key->type == KEY_TEXT && strcmp(key->name, "drive") != 0 && strcmp(key->name, "serial") != 0 &&
            g_strcmp0(*(char *const *)(values + key->at), id) == 0)
            return true;
    return false;
}

static bool is_used(const Devices *devices, const Object *object)
{
    const GPtrArray *memory = devices->options->memory_options.used;
    for (unsigned i = 0; i < devices->list->len; i++)
        if (refers_to(devices->list->pdata[i], object->id))
            return true;
    return memory && g_ptr_array_find((GPtrArray *)memory, object, NULL);
}

bool devices_remove_object(Devices *devices, const char *id)
{
    const Object *object = devices_object(devices, id);
    if (is_used(devices, object))
        return false;
    for (unsigned i = devices->iothreads->len; i-- > 0;)
        if (strcmp(iothread_id(devices->iothreads->pdata[i]), id) == 0)
            g_ptr_array_remove_index(devices->iothreads, i);
    forget_object(devices, id);
    return true;
}

// --- What is asked of them.

static bool is_disk(const Device *device)
{
    return g_strcmp0(device->options->kind->section, "disks") == 0;
}

// QEMU's firmware finds a SCSI disk before a virtio disk, and a CD-ROM last.
static int rank(const Device *device)
{
    if (!device->drive || device->drive->interface != DRIVE_DEFAULT)
        return 1;
    return device->drive->is_cdrom ? 2 : 0;
}

// Devices with a bootindex first, in its order, then disks by their kinds, as they were given.
static int by_boot_order(gconstpointer a, gconstpointer b)
{
    const Device *first = *(Device *const *)a, *second = *(Device *const *)b;
    unsigned left = (unsigned)first->options->bootindex, right = (unsigned)second->options->bootindex;
    if (left != right)
        return left < right ? -1 : 1; // -1 is last
    return rank(first) != rank(second) ? rank(first) - rank(second) : first->slot - second->slot;
}

static bool has_bootindex(const Device *device)
{
    return device->options->bootindex >= 0;
}

char *devices_boot_list(const Devices *devices, bool only_given, bool strict)
{
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    for (unsigned i = 0; i < devices->list->len; i++)
        if (is_disk(devices->list->pdata[i]) && (!only_given || has_bootindex(devices->list->pdata[i])))
            g_ptr_array_add(sorted, devices->list->pdata[i]);
    if (sorted->len == 0)
        return NULL;
    g_ptr_array_sort(sorted, by_boot_order);
    GString *list = g_string_new(NULL);
    for (unsigned i = 0; i < sorted->len; i++) {
        const Device *disk = sorted->pdata[i];
        // SLOF names a disk "scsi" after its PCI class.
        g_string_append_printf(list, "%s/pci@%llx/scsi@%x", i ? " " : "", PHB_BUID, (unsigned)disk->slot);
    }
    return g_string_free(g_string_append(list, strict ? " HALT" : ""), FALSE);
}

static const Device *at(const Devices *devices, unsigned index)
{
    return devices->list->pdata[index];
}

const Device *devices_at(const Devices *devices, unsigned index)
{
    return index < devices->list->len ? at(devices, index) : NULL;
}

static bool hold_part(void *part)
{
    Devices *devices = part;
    bool held = true;
    for (unsigned i = 0; i < devices->list->len; i++)
        held &= virtio_pci_hold(transport(at(devices, i)));
    return held;
}

static void release_part(void *part)
{
    Devices *devices = part;
    for (unsigned i = 0; i < devices->list->len; i++)
        virtio_pci_release(transport(at(devices, i)));
}

static void count_doorbells(const Device *device, Counts *counts)
{
    const VirtioDevice *virtio = device->options->kind->virtio(device->device);
    for (unsigned i = 0; i < virtio_device_queues(virtio); i++) {
        Doorbell *bell = virtio_pci_doorbell(virtio_device_pci(virtio), i);
        counts_row(counts);
        counts_text(counts, "name", doorbell_name(bell));
        counts_value(counts, "fired", doorbell_fired(bell));
        counts_value(counts, "rung", doorbell_rung(bell));
    }
}

static void count_kind(const Devices *devices, const DeviceKind *kind, Counts *counts)
{
    counts_section(counts, kind->section, COUNTS_ROWS);
    for (unsigned i = 0; i < devices->list->len; i++)
        if (at(devices, i)->options->kind == kind)
            kind->count(at(devices, i)->device, counts);
}

static void count_part(const void *part, Counts *counts)
{
    const Devices *devices = part;
    counts_section(counts, "doorbells", COUNTS_ROWS);
    for (unsigned i = 0; i < devices->list->len; i++)
        count_doorbells(at(devices, i), counts);
    const DeviceKind *kind;
    for (unsigned i = 0; (kind = kinds_device(i)); i++)
        if (kind->section)
            count_kind(devices, kind, counts);
}

static void free_part(void *part)
{
    devices_free(part);
}

const PartOps devices_part = {
    .kind = "devices", .hold = hold_part, .release = release_part, .count = count_part, .free = free_part
};
