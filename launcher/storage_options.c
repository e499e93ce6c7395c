// Drives and nodes: their names, and what is made of each when all is read.
#include "storage_options.h"
#include "device_kinds.h"
#include "lparun/error.h"
#include <string.h>

#define NODE_NAME_MAX 31 // QEMU's

static void drive_free(gpointer data)
{
    DriveOptions *drive = data;
    g_free(drive->id);
    g_free(drive->node);
    g_free(drive->serial);
    g_free((char *)drive->image.path);
    g_free(drive);
}

void storage_options_init(Options *options)
{
    options->drives = g_ptr_array_new_with_free_func(drive_free);
}

void storage_options_clear(Options *options)
{
    g_clear_pointer(&options->nvram, drive_free);
    g_clear_pointer(&options->drives, g_ptr_array_unref);
}

DriveOptions *storage_options_new(const char *option, DriveInterface interface)
{
    DriveOptions *drive = g_new0(DriveOptions, 1);
    drive->option = g_intern_string(option);
    drive->interface = interface;
    drive->snapshot = -1;
    return drive;
}

bool storage_options_add(Options *options, DriveOptions *drive, bool right)
{
    if (right)
        g_ptr_array_add(options->drives, drive);
    else
        drive_free(drive);
    return right;
}

static DriveOptions *at(const Options *options, unsigned index)
{
    return options->drives->pdata[index];
}

DriveOptions *storage_options_find(const Options *options, const char *name)
{
    for (unsigned i = 0; i < options->drives->len; i++)
        if (g_strcmp0(at(options, i)->id, name) == 0 || g_strcmp0(at(options, i)->node, name) == 0)
            return at(options, i);
    return NULL;
}

static bool is_name(const char *name)
{
    return g_ascii_isalpha(*name) &&
           name[strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-._")] == '\0';
}

bool storage_options_check_name(
    const Options *options, const char *option, const char *key, const char *name, GError **error)
{
    bool is_node = strcmp(key, "node-name") == 0;
    if (!is_name(name))
        return error_user(error, "%s %s=%s: not a name; give a letter, then letters, digits, -, . and _",
            option, key, name);
    if (is_node && strlen(name) > NODE_NAME_MAX)
        return error_user(
            error, "%s %s=%s: longer than %u letters; give a shorter one", option, key, name, NODE_NAME_MAX);
    if (!storage_options_find(options, name))
        return true;
    return error_user(error, "%s %s=%s: that %s is given twice; give each %s its own", option, key, name,
        is_node ? "name" : "id", is_node ? "node" : "drive");
}

// --- NVRAM's.

bool storage_options_use_for_nvram(Options *options, DriveOptions *drive, GError **error)
{
    if (options->nvram)
        return error_user(error, "-drive if=pflash: there is one NVRAM; give it once");
    unsigned index;
    g_ptr_array_find(options->drives, drive, &index);
    options->nvram = g_ptr_array_steal_index(options->drives, index);
    return true;
}

// -device spapr-nvram names its drive, which may have come later.
static bool take_nvram(Options *options, const char *id, GError **error)
{
    DriveOptions *drive = storage_options_find(options, id);
    if (drive && drive->interface == DRIVE_NONE && drive->image.file != BLOCK_ZEROS)
        return storage_options_use_for_nvram(options, drive, error);
    return error_user(
        error, "-device spapr-nvram,drive=%s: %s", id, drive ? DRIVE_IS_A_DISK : DRIVE_IS_MISSING);
}

// --- Disks.

// QEMU's name for a drive that has none.
static char *make_id(const DriveOptions *drive, int unit)
{
    if (drive->interface == DRIVE_DEFAULT)
        return g_strdup_printf("scsi%d-%s%d", drive->bus, drive->is_cdrom ? "cd" : "hd", unit);
    return g_strdup_printf(drive->interface == DRIVE_VIRTIO ? "virtio%d" : "none%d", unit);
}

static char *own_id(const Options *options, const DriveOptions *drive)
{
    for (int unit = drive->unit;; unit++) {
        g_autofree char *id = make_id(drive, unit);
        if (!storage_options_find(options, id))
            return g_steal_pointer(&id);
    }
}

static GPtrArray *drives_for(const Options *options, DriveInterface interface)
{
    GPtrArray *list = g_ptr_array_new();
    for (unsigned i = 0; i < options->drives->len; i++)
        if (at(options, i)->interface == interface)
            g_ptr_array_add(list, at(options, i));
    return list;
}

static int by_place(gconstpointer a, gconstpointer b)
{
    const DriveOptions *first = *(DriveOptions *const *)a, *second = *(DriveOptions *const *)b;
    return first->bus != second->bus ? first->bus - second->bus : first->unit - second->unit;
}

static bool is_snapshot(const Options *options, const DriveOptions *drive)
{
    return drive->snapshot < 0 ? options->snapshot && !drive->is_node : drive->snapshot;
}

static void take_snapshots(Options *options)
{
    for (unsigned i = 0; i < options->drives->len; i++)
        at(options, i)->image.snapshot = is_snapshot(options, at(options, i));
    if (options->nvram && is_snapshot(options, options->nvram))
        options->nvram->image.readonly = true; // what is stored is not saved then
}

static void name_all(Options *options)
{
    for (unsigned i = 0; i < options->drives->len; i++)
        if (!at(options, i)->id)
            at(options, i)->id = own_id(options, at(options, i));
}

static void add_disks(Options *options, const GPtrArray *drives)
{
    for (unsigned i = 0; i < drives->len; i++)
        kinds_add_disk(options, ((const DriveOptions *)drives->pdata[i])->id);
}

// Nothing said which device they are, and a guest's /etc/fstab may.
static void warn(const GPtrArray *drives)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < drives->len; i++) {
        const DriveOptions *drive = drives->pdata[i];
        g_ptr_array_add(names, g_strdup_printf("%s file=%s", drive->option, drive->image.path));
    }
    g_autofree char *list = words_join(names, ", ", " and ");
    error_tell("warning: %s: virtio (vda), where QEMU has SCSI (sda), which lparun has not yet; "
               "-drive with if=virtio says so",
        list);
}

// Those that are SCSI disks of QEMU's are behind the others, which have their names from QEMU's own order.
bool storage_options_resolve(Options *options, GError **error)
{
    const char *nvram = kinds_nvram_drive(options);
    if (nvram && !take_nvram(options, nvram, error))
        return false;
    g_autoptr(GPtrArray) disks = drives_for(options, DRIVE_VIRTIO);
    g_autoptr(GPtrArray) others = drives_for(options, DRIVE_DEFAULT);
    g_ptr_array_sort(others, by_place);
    name_all(options);
    take_snapshots(options);
    add_disks(options, disks);
    add_disks(options, others);
    if (others->len)
        warn(others);
    return true;
}
