// -drive.
#include "storage_options.h"
#include "device_kinds.h"
#include "lparun/error.h"
#include "values.h"
#include <string.h>

static const Word interfaces[] = { { "virtio", DRIVE_VIRTIO }, { "none", DRIVE_NONE },
    { "pflash", DRIVE_PFLASH }, { 0 } };
static const Word formats[] = { { "raw" }, { 0 } };

static const Key keys[] = {
    { "file", KEY_TEXT, offsetof(DriveOptions, file), .value = "PATH", .needed = true,
        .help = "the image: a file or a block device" },
    { "if", KEY_WORD, offsetof(DriveOptions, interface), .words = interfaces,
        .mend = "give virtio, pflash for NVRAM, or none with a -device",
        .help = "what it is for (default virtio: a disk with an iothread of its own)" },
    { "id", KEY_TEXT, offsetof(DriveOptions, id), .value = "ID", .help = "for -device" },
    { "format", KEY_WORD, offsetof(DriveOptions, format), .words = formats,
        .mend = "lparun has raw images only; convert it with qemu-img", .help = "what is in the file" },
    { "readonly", KEY_SWITCH, offsetof(DriveOptions, readonly),
        .help = "the guest cannot write (default off)" },
    { "cache", KEY_WORD, offsetof(DriveOptions, cache), .words = block_cache_words,
        .help = "how writes reach the medium (default writeback)" },
    { "aio", KEY_WORD, offsetof(DriveOptions, aio), .words = block_aio_words,
        .help = "how the host is asked (default: io_uring where the host has it)" },
    { "serial", KEY_TEXT, offsetof(DriveOptions, serial), .value = "TEXT", .help = "20 bytes for the guest" },
    { 0 },
};

static void drive_free(gpointer data)
{
    keys_clear(keys, data);
    g_free(data);
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

DriveOptions *storage_options_find(const Options *options, const char *id)
{
    for (unsigned i = 0; i < options->drives->len; i++) {
        DriveOptions *drive = options->drives->pdata[i];
        if (g_strcmp0(drive->id, id) == 0)
            return drive;
    }
    return NULL;
}

// NVRAM's is none of the others.
static bool use_for_nvram(Options *options, DriveOptions *drive, GError **error)
{
    if (options->nvram)
        return error_user(error, "-drive if=pflash: there is one NVRAM; give it once");
    unsigned index;
    g_ptr_array_find(options->drives, drive, &index);
    options->nvram = g_ptr_array_steal_index(options->drives, index);
    return true;
}

static bool take_drive(Options *options, DriveOptions *drive, GError **error)
{
    if (drive->id && storage_options_find(options, drive->id) != drive)
        return error_user(error, "-drive id=%s: that id is given twice; give each drive its own", drive->id);
    if (drive->interface == DRIVE_NONE && !drive->id)
        return error_user(
            error, "-drive if=none: no id, so no -device can name it; give id=NAME or if=virtio");
    return drive->interface != DRIVE_PFLASH || use_for_nvram(options, drive, error);
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
    DriveOptions *drive = g_new0(DriveOptions, 1);
    g_ptr_array_add(options->drives, drive);
    return values_fill(values, keys, drive, error) && take_drive(options, drive, error);
}

// -device spapr-nvram names its drive, which may have come later.
static bool take_nvram(Options *options, const char *id, GError **error)
{
    DriveOptions *drive = storage_options_find(options, id);
    if (drive && drive->interface == DRIVE_NONE)
        return use_for_nvram(options, drive, error);
    return error_user(
        error, "-device spapr-nvram,drive=%s: %s", id, drive ? DRIVE_IS_A_DISK : DRIVE_IS_MISSING);
}

// QEMU's name for the drive of a disk that has none.
static char *own_id(const Options *options)
{
    for (unsigned i = 0;; i++) {
        g_autofree char *id = g_strdup_printf("virtio%u", i);
        if (!storage_options_find(options, id))
            return g_steal_pointer(&id);
    }
}

bool storage_options_resolve(Options *options, GError **error)
{
    const char *nvram = kinds_nvram_drive(options);
    if (nvram && !take_nvram(options, nvram, error))
        return false;
    for (unsigned i = 0; i < options->drives->len; i++) {
        DriveOptions *drive = options->drives->pdata[i];
        if (drive->interface != DRIVE_VIRTIO)
            continue;
        if (!drive->id)
            drive->id = own_id(options);
        kinds_add_disk(options, drive->id);
    }
    return true;
}
