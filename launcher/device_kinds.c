// The kinds of objects and devices.
#include "device_kinds.h"
#include "lparun/error.h"
#include "lparun/virtio_blk.h"
#include "memory_options.h"
#include "values.h"
#include <string.h>

// A kind's table is in the file that has its code: NAME_kind.
#define OBJECT_KINDS(row)                                                                                    \
    row(iothread) row(memory_backend_ram) row(memory_backend_file) row(rng_random) row(rng_builtin)
#define DEVICE_KINDS(row) row(virtio_blk) row(virtio_rng) row(spapr_nvram) row(spapr_rng)

#define DECLARE_OBJECT(name) extern const ObjectKind name##_kind;
#define DECLARE_DEVICE(name) extern const DeviceKind name##_kind;
#define ADDRESS(name) &name##_kind,
OBJECT_KINDS(DECLARE_OBJECT)
DEVICE_KINDS(DECLARE_DEVICE)
static const ObjectKind *const object_kinds[] = { OBJECT_KINDS(ADDRESS) NULL };
static const DeviceKind *const device_kinds[] = { DEVICE_KINDS(ADDRESS) NULL };

const DeviceKind *kinds_device(unsigned index)
{
    return device_kinds[index];
}

// --- What has no file of its own.

static const Key no_keys[] = { { 0 } };

const ObjectKind iothread_kind = {
    .name = "iothread", .help = "a thread that serves devices", .keys = no_keys
};

static const Key nvram_keys[] = {
    { "drive", KEY_TEXT, 0, .value = "ID", .needed = true, .help = "the -drive that NVRAM is kept in" },
    { 0 },
};

const DeviceKind spapr_nvram_kind = { .name = "spapr-nvram",
    .help = "NVRAM is kept in a file",
    .keys = nvram_keys,
    .size = sizeof(char *),
    .is_fixed = true };

// The keys of a struct that lies `behind` bytes behind another one, and those of that one (g_free).
static Key *join(const Key *keys, size_t behind, const Key *others)
{
    g_autoptr(GArray) joined = g_array_new(TRUE, FALSE, sizeof(Key));
    for (; keys->name; keys++) {
        Key key = *keys;
        key.at += behind;
        g_array_append_val(joined, key);
    }
    for (; others->name; others++)
        g_array_append_val(joined, *others);
    return (Key *)g_array_free(g_steal_pointer(&joined), FALSE);
}

// --- Objects.

static void object_free(gpointer data)
{
    Object *object = data;
    keys_clear(object->kind->keys, object->values);
    g_free(object->id);
    g_free(object);
}

static const ObjectKind *find_object_kind(const char *name)
{
    for (unsigned i = 0; object_kinds[i]; i++)
        if (g_strcmp0(object_kinds[i]->name, name) == 0)
            return object_kinds[i];
    return NULL;
}

static bool is_object(const Options *options, const char *id)
{
    for (unsigned i = 0; i < options->objects->len; i++)
        if (strcmp(((const Object *)options->objects->pdata[i])->id, id) == 0)
            return true;
    return false;
}

static char *objects_help(const ObjectKind *kind)
{
    GString *text = g_string_new(kind ? NULL : "objects:\n");
    if (kind)
        keys_help(kind->keys, text);
    for (unsigned i = 0; !kind && object_kinds[i]; i++)
        g_string_append_printf(text, "  %-24s %s\n", object_kinds[i]->name, object_kinds[i]->help);
    return g_string_free(text, FALSE);
}

static char *object_names(void)
{
    GString *list = g_string_new(object_kinds[0]->name);
    for (unsigned i = 1; object_kinds[i]; i++)
        g_string_append_printf(list, "%s%s", object_kinds[i + 1] ? ", " : " or ", object_kinds[i]->name);
    return g_string_free(list, FALSE);
}

static bool check_object(const Options *options, const Object *object, const Values *values, GError **error)
{
    if (is_object(options, object->id))
        return error_user(error, "%s,id=%s: that id is given twice; give each object its own",
            values_option(values), object->id);
    if (!object->kind->check || object->kind->check(object->values, error))
        return true;
    g_prefix_error(error, "%s ", values_option(values));
    return false;
}

static const Key id_key[] = {
    { "id", KEY_TEXT, offsetof(Object, id), .value = "NAME", .needed = true, .help = "its name" },
    { 0 },
};

static bool add_object(Options *options, const ObjectKind *kind, Values *values, GError **error)
{
    Object *object = g_malloc0(sizeof *object + kind->size);
    object->kind = kind;
    object->values = object + 1;
    g_autofree Key *keys = join(kind->keys, sizeof *object, id_key);
    bool done = values_fill(values, keys, object, error) && check_object(options, object, values, error);
    if (done)
        g_ptr_array_add(options->objects, object);
    else
        object_free(object);
    return done;
}

bool options_parse_object(Options *options, const char *option, const char *value, GError **error)
{
    g_autoptr(Values) values = values_parse(option, value, "qom-type", error);
    if (!values)
        return false;
    const char *type = values_take(values, "qom-type");
    const ObjectKind *kind = find_object_kind(type);
    if (values_ask_help(values) && (!type || kind)) {
        options->help = objects_help(kind);
        return true;
    }
    if (!kind) {
        g_autofree char *names = object_names();
        return error_user(
            error, "%s %s: there is no such object; it takes %s", option, type ? type : value, names);
    }
    g_autofree char *name = g_strdup_printf("%s %s", option, type);
    values_rename(values, name);
    return add_object(options, kind, values, error);
}

// --- Devices.

static void device_free(gpointer data)
{
    DeviceOptions *device = data;
    keys_clear(device->kind->keys, device->values);
    g_free(device->id);
    g_free(device);
}

void kinds_init(Options *options)
{
    options->objects = g_ptr_array_new_with_free_func(object_free);
    options->devices = g_ptr_array_new_with_free_func(device_free);
}

void kinds_clear(Options *options)
{
    g_clear_pointer(&options->objects, g_ptr_array_unref);
    g_clear_pointer(&options->devices, g_ptr_array_unref);
}

static bool has_name(const DeviceKind *kind, const char *name)
{
    return strcmp(kind->name, name) == 0 || (kind->other_names && g_strv_contains(kind->other_names, name));
}

static const DeviceKind *find_device_kind(const char *name)
{
    for (unsigned i = 0; name && device_kinds[i]; i++)
        if (has_name(device_kinds[i], name))
            return device_kinds[i];
    return NULL;
}

// "3", "0x3" or "3.0": QEMU's words.
static bool read_slot(const char *text, void *to)
{
    guint64 number;
    g_autofree char *digits = g_strdup(g_str_has_prefix(text, "0x") ? text + 2 : text);
    if (g_str_has_suffix(digits, ".0"))
        digits[strlen(digits) - 2] = '\0';
    if (!g_ascii_string_to_unsigned(digits, 16, 0, 31, &number, NULL))
        return false;
    *(int *)to = (int)number;
    return true;
}

static const Key name_keys[] = {
    { "id", KEY_TEXT, offsetof(DeviceOptions, id), .value = "NAME", .help = "its name" },
    { 0 },
};

static const Key function_keys[] = {
    { "id", KEY_TEXT, offsetof(DeviceOptions, id), .value = "NAME", .help = "its name" },
    { "addr", KEY_READ, offsetof(DeviceOptions, slot), .value = "SLOT", .read = read_slot,
        .mend = "not a PCI slot; give 0 to 1f, hexadecimal (its function is 0)",
        .help = "its PCI slot, hexadecimal (default: the first that is free)" },
    { "bootindex", KEY_NUMBER, offsetof(DeviceOptions, bootindex), .most = G_MAXINT, .value = "N",
        .help = "its place among what firmware starts from" },
    { 0 },
};

static void help_of(const DeviceKind *kind, GString *text)
{
    g_string_append_printf(text, "%s: %s\n", kind->name, kind->help);
    keys_help(kind->keys, text);
    keys_help(kind->is_fixed ? name_keys : function_keys, text);
}

static char *devices_help(const DeviceKind *kind)
{
    GString *text = g_string_new(kind ? NULL : "devices:\n");
    if (kind)
        help_of(kind, text);
    for (unsigned i = 0; !kind && device_kinds[i]; i++)
        g_string_append_printf(text, "  %-24s %s\n", device_kinds[i]->name, device_kinds[i]->help);
    return g_string_free(text, FALSE);
}

static bool wrong_device(const char *option, const char *name, GError **error)
{
    GString *list = g_string_new(device_kinds[0]->name);
    for (unsigned i = 1; device_kinds[i]; i++)
        g_string_append_printf(list, "%s%s", device_kinds[i + 1] ? ", " : " or ", device_kinds[i]->name);
    g_autofree char *names = g_string_free(list, FALSE);
    return error_user(error, "%s %s: there is no such device; it takes %s", option, name, names);
}

// What two devices may not share.
static bool check_device(const Options *options, const DeviceOptions *device, GError **error)
{
    for (unsigned i = 0; i < options->devices->len; i++) {
        const DeviceOptions *other = options->devices->pdata[i];
        if (other == device)
            continue;
        if (device->id && g_strcmp0(other->id, device->id) == 0)
            return error_user(
                error, "-device id=%s: that id is given twice; give each device its own", device->id);
        if (device->bootindex >= 0 && other->bootindex == device->bootindex)
            return error_user(
                error, "-device bootindex=%d: two devices have it; give each its own", device->bootindex);
        if (device->kind->is_fixed && other->kind == device->kind)
            return error_user(error, "-device %s: there is one; give it once", device->kind->name);
    }
    return true;
}

static void list_keys(const Key *keys, GString *text)
{
    for (; keys->name; keys++) {
        g_autofree char *value = keys_value(keys);
        g_string_append_printf(text, keys->needed ? ",%s=%s" : "[,%s=%s]", keys->name, value);
    }
}

static void list(
    const char *option, const char *name, const char *help, const Key *keys, const Key *others, GString *text)
{
    g_string_append_printf(text, "%s %s", option, name);
    list_keys(keys, text);
    list_keys(others, text);
    g_string_append_printf(text, "\n        %s\n", help);
}

void kinds_list_objects(GString *text)
{
    for (unsigned i = 0; object_kinds[i]; i++)
        list("-object", object_kinds[i]->name, object_kinds[i]->help, id_key, object_kinds[i]->keys, text);
}

void kinds_list_devices(GString *text)
{
    for (unsigned i = 0; device_kinds[i]; i++)
        list("-device", device_kinds[i]->name, device_kinds[i]->help, device_kinds[i]->keys,
            device_kinds[i]->is_fixed ? name_keys : function_keys, text);
}

static DeviceOptions *add_device(Options *options, const DeviceKind *kind)
{
    DeviceOptions *device = g_malloc0(sizeof *device + kind->size);
    *device = (DeviceOptions){ .kind = kind, .slot = -1, .bootindex = -1, .values = device + 1 };
    g_ptr_array_add(options->devices, device);
    return device;
}

bool options_parse_device(Options *options, const char *option, const char *value, GError **error)
{
    g_autoptr(Values) values = values_parse(option, value, "driver", error);
    if (!values)
        return false;
    const char *driver = values_take(values, "driver");
    const DeviceKind *kind = find_device_kind(driver);
    if (values_ask_help(values) && (!driver || kind)) {
        options->help = devices_help(kind);
        return true;
    }
    if (!kind)
        return wrong_device(option, driver ? driver : value, error);
    g_autofree char *name = g_strdup_printf("%s %s", option, driver);
    values_rename(values, name);
    DeviceOptions *device = add_device(options, kind);
    g_autofree Key *keys = join(kind->keys, sizeof *device, kind->is_fixed ? name_keys : function_keys);
    return values_fill(values, keys, device, error) && check_device(options, device, error);
}

const char *kinds_nvram_drive(const Options *options)
{
    for (unsigned i = 0; i < options->devices->len; i++) {
        const DeviceOptions *device = options->devices->pdata[i];
        if (device->kind == &spapr_nvram_kind)
            return *(char **)device->values;
    }
    return NULL;
}

void kinds_add_disk(Options *options, const char *drive)
{
    DeviceOptions *device = add_device(options, &virtio_blk_kind);
    device->implied = true;
    VirtioBlkValues *values = device->values;
    values->drive = g_strdup(drive);
}
