// The kinds of objects and devices.
#include "device_kinds.h"
#include "absent_kinds.h"
#include "device_keys.h"
#include "lparun/error.h"
#include "lparun/virtio_blk.h"
#include "memory_options.h"
#include "values.h"
#include <string.h>

// A kind's table is in the file that has its code: NAME_kind.
#define OBJECT_KINDS(row)                                                                                    \
    row(iothread) row(memory_backend_ram) row(memory_backend_file) row(memory_backend_memfd) row(rng_random) \
        row(rng_builtin)
#define DEVICE_KINDS(row) row(virtio_blk) row(virtio_rng) row(spapr_nvram) row(spapr_rng) row(spapr_vty)

#define DECLARE_OBJECT(name) extern const Kind name##_kind;
#define DECLARE_DEVICE(name) extern const DeviceKind name##_kind;
#define OBJECT(name) &name##_kind,
#define DEVICE(name) &name##_kind.kind,
OBJECT_KINDS(DECLARE_OBJECT)
DEVICE_KINDS(DECLARE_DEVICE)
static const Kind *const object_kinds[] = { OBJECT_KINDS(OBJECT) NULL };
static const Kind *const device_kinds[] = { DEVICE_KINDS(DEVICE) NULL };

static const DeviceKind *device_kind(const Kind *kind)
{
    return (const DeviceKind *)kind;
}

const DeviceKind *kinds_device(unsigned index)
{
    return device_kind(device_kinds[index]);
}

const Kind *kinds_object(unsigned index)
{
    return object_kinds[index];
}

// --- What has no file of its own.

const Kind iothread_kind = { .name = "iothread", .help = "a thread that serves devices" };

typedef struct NvramValues {
    char *drive;
    uint32_t unit; // 0: not given
} NvramValues;

static bool read_unit(const char *text, void *to)
{
    char *end;
    guint64 unit = g_ascii_strtoull(text, &end, 0);
    if (!g_ascii_isdigit(*text) || *end || unit == 0 || unit > UINT32_MAX)
        return false;
    *(uint32_t *)to = (uint32_t)unit;
    return true;
}

static const Key nvram_keys[] = {
    { "drive", KEY_TEXT, offsetof(NvramValues, drive), .value = "ID",
        .help = "the -drive that NVRAM is kept in (default: none)" },
    { "reg", KEY_READ, offsetof(NvramValues, unit), .read = read_unit, .value = "ADDRESS",
        .mend = "not a unit address; give a number such as 0x71000001",
        .help = "its unit address (default: behind those of -serial)" },
    { 0 },
};

const DeviceKind spapr_nvram_kind = {
    .kind = { .name = "spapr-nvram",
        .help = "NVRAM is kept in a file",
        .keys = nvram_keys,
        .size = sizeof(NvramValues) },
    .is_fixed = true,
};

// The keys of a struct that lies `behind` bytes behind another one, and those of that one (g_free).
Key *kinds_join_keys(const Key *keys, size_t behind, const Key *others)
{
    g_autoptr(GArray) joined = g_array_new(TRUE, FALSE, sizeof(Key));
    for (; keys && keys->name; keys++) {
        Key key = *keys;
        key.at += behind;
        g_array_append_val(joined, key);
    }
    for (; others->name; others++)
        g_array_append_val(joined, *others);
    return (Key *)g_array_free(g_steal_pointer(&joined), FALSE);
}

// --- What objects and devices have in common.

typedef struct Family {
    const char *noun;      // "object"
    const char *first_key; // that names the kind
    const Kind *const *kinds;
    const Key *(*common_keys)(const Kind *kind); // what they have besides their own
    AbsentFamily absent;                         // those that lparun has not
    const char *heading;                         // of what "help" lists, a kind a line
    void (*list)(const Kind *kind, GString *text);
} Family;

static bool has_name(const Kind *kind, const char *name)
{
    return strcmp(kind->name, name) == 0 || (kind->other_names && g_strv_contains(kind->other_names, name));
}

static const Kind *find(const Family *family, const char *name)
{
    for (unsigned i = 0; name && family->kinds[i]; i++)
        if (has_name(family->kinds[i], name))
            return family->kinds[i];
    return NULL;
}

static char *names(const Family *family)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (unsigned i = 0; family->kinds[i]; i++)
        g_ptr_array_add(names, (char *)family->kinds[i]->name);
    return words_join(names, ", ", " or ");
}

// In QEMU's form, which scripts read.
static char *help_of(const Family *family, const Kind *kind)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "%s options:\n", kind->name);
    keys_help(kind->keys, text);
    keys_help(family->common_keys(kind), text);
    return g_string_free(text, FALSE);
}

static void list_device(const Kind *kind, GString *text)
{
    g_string_append_printf(
        text, "name \"%s\", bus %s", kind->name, device_kind(kind)->is_fixed ? "spapr-vio-bus" : "PCI");
    if (kind->other_names)
        g_string_append_printf(text, ", alias \"%s\"", kind->other_names[0]);
    g_string_append_printf(text, ", desc \"%s\"\n", kind->help);
}

static void list_object(const Kind *kind, GString *text)
{
    g_string_append_printf(text, "  %-24s %s\n", kind->name, kind->help);
}

static char *help_of_all(const Family *family)
{
    GString *text = g_string_new(family->heading);
    for (unsigned i = 0; family->kinds[i]; i++)
        family->list(family->kinds[i], text);
    return g_string_free(text, FALSE);
}

// A name that is no kind's. True where it is left out.
static bool refuse_kind(
    const Family *family, const Options *options, const char *option, const char *name, GError **error)
{
    Absent absent = absent_check(family->absent, options, name, error);
    g_autofree char *list = names(family);
    if (absent == ABSENT_UNKNOWN)
        error_user(error, "%s %s: there is no such %s; it takes %s", option, name, family->noun, list);
    return absent == ABSENT_LEFT_OUT;
}

// The kind; or NULL, and true where there is nothing to do: it is left out, or `options->help` was asked for.
static bool take_kind(const Family *family, Options *options, Values *values, const char *text,
    const Kind **kind, GError **error)
{
    const char *option = values_option(values), *name = values_take(values, family->first_key);
    *kind = find(family, name);
    if (values_ask_help(values) && (!name || *kind)) {
        options->help = *kind ? help_of(family, *kind) : help_of_all(family);
        *kind = NULL;
        return true;
    }
    if (!*kind)
        return refuse_kind(family, options, option, name ? name : text, error);
    g_autofree char *both = g_strdup_printf("%s %s", option, name);
    values_rename(values, both);
    return true;
}

// What the keys filled, together.
static bool check_values(const Kind *kind, const void *filled, const Values *values, GError **error)
{
    if (!kind->check || kind->check(filled, error))
        return true;
    g_prefix_error(error, "%s ", values_option(values));
    return false;
}

// --- Objects.

static void object_free(gpointer data)
{
    Object *object = data;
    keys_clear(object->kind->keys, object->values);
    g_free(object->id);
    g_free(object);
}

static bool is_object(const Options *options, const char *id)
{
    for (unsigned i = 0; i < options->objects->len; i++)
        if (strcmp(((const Object *)options->objects->pdata[i])->id, id) == 0)
            return true;
    return false;
}

static bool check_object(const Options *options, const Object *object, const Values *values, GError **error)
{
    if (is_object(options, object->id))
        return error_user(error, "%s,id=%s: that id is given twice; give each object its own",
            values_option(values), object->id);
    return check_values(object->kind, object->values, values, error);
}

static const Key id_key[] = {
    { "id", KEY_TEXT, offsetof(Object, id), .value = "NAME", .needed = true, .help = "its name" },
    { 0 },
};

static const Key *object_keys(const Kind *kind)
{
    return id_key;
}

static bool add_object(Options *options, const Kind *kind, Values *values, GError **error)
{
    Object *object = g_malloc0(sizeof *object + kind->size);
    object->kind = kind;
    object->values = object + 1;
    g_autofree Key *keys = kinds_join_keys(kind->keys, sizeof *object, id_key);
    bool done = values_fill(values, keys, object, error) && check_object(options, object, values, error);
    if (done)
        g_ptr_array_add(options->objects, object);
    else
        object_free(object);
    return done;
}

bool options_parse_object(Options *options, const char *option, const char *value, GError **error)
{
    static const Family objects = { "object", "qom-type", object_kinds, object_keys, ABSENT_OBJECT,
        "List of user creatable objects:\n", list_object };
    g_autoptr(Values) values = values_parse(option, value, objects.first_key, error);
    const Kind *kind;
    if (!values || !take_kind(&objects, options, values, value, &kind, error))
        return false;
    return !kind || add_object(options, kind, values, error);
}

// --- Devices.

static void device_free(gpointer data)
{
    DeviceOptions *device = data;
    keys_clear(device->kind->kind.keys, device->values);
    g_strfreev(device->given);
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

static const Key name_keys[] = {
    { "id", KEY_TEXT, offsetof(DeviceOptions, id), .value = "NAME", .help = "its name" },
    { 0 },
};

static const Key *device_keys(const Kind *kind)
{
    return device_kind(kind)->is_fixed ? name_keys : device_function_keys;
}

const Key *kinds_device_keys(const DeviceKind *kind)
{
    return device_keys(&kind->kind);
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
        if (device->kind->is_fixed && !device->kind->is_many && other->kind == device->kind)
            return error_user(error, "-device %s: there is one; give it once", device->kind->kind.name);
    }
    return true;
}

static DeviceOptions *add_device(Options *options, const DeviceKind *kind)
{
    DeviceOptions *device = g_malloc0(sizeof *device + kind->kind.size);
    *device = (DeviceOptions){
        .kind = kind, .slot = -1, .bootindex = -1, .event_index = true, .indirect = true, .values = device + 1
    };
    g_ptr_array_add(options->devices, device);
    return device;
}

bool options_parse_device(Options *options, const char *option, const char *value, GError **error)
{
    static const Family devices = { "device", "driver", device_kinds, device_keys, ABSENT_DEVICE,
        "Devices:\n", list_device };
    g_autoptr(Values) values = values_parse(option, value, devices.first_key, error);
    const Kind *kind;
    if (!values || !take_kind(&devices, options, values, value, &kind, error))
        return false;
    if (!kind)
        return true;
    DeviceOptions *device = add_device(options, device_kind(kind));
    device->given = values_names(values);
    g_autofree Key *keys = kinds_join_keys(kind->keys, sizeof *device, device_keys(kind));
    return values_fill(values, keys, device, error) && check_values(kind, device->values, values, error) &&
           check_device(options, device, error);
}

// --- Defaults.

static const Family device_names = { .kinds = device_kinds };

bool kinds_is_device(const char *name)
{
    return find(&device_names, name);
}

static Key *find_key(Key *keys, const char *name)
{
    for (; keys->name; keys++)
        if (strcmp(keys->name, name) == 0)
            return keys;
    return NULL;
}

// One key, as if the device's option had it.
static bool set_key(DeviceOptions *device, const Key *key, const char *value, GError **error)
{
    const Key alone[] = { *key, { 0 } };
    g_autofree char *option = g_strconcat("-global ", device->kind->kind.name, NULL);
    g_auto(GStrv) parts = g_strsplit(value, ",", 0);
    g_autofree char *whole = g_strjoinv(",,", parts), *text = g_strdup_printf("%s=%s", key->name, whole);
    g_autoptr(Values) values = values_parse(option, text, NULL, error);
    return values && values_fill(values, alone, device, error);
}

// What is in every machine needs no -device for it.
static void have_fixed(Options *options, const Kind *kind)
{
    bool there = !device_kind(kind)->is_fixed;
    for (unsigned i = 0; i < options->devices->len && !there; i++)
        there = &((const DeviceOptions *)options->devices->pdata[i])->kind->kind == kind;
    if (!there)
        add_device(options, device_kind(kind));
}

bool kinds_set_default(
    Options *options, const char *name, const char *key_name, const char *value, GError **error)
{
    const Kind *kind = find(&device_names, name);
    g_autofree Key *keys = kinds_join_keys(kind->keys, sizeof(DeviceOptions), device_keys(kind));
    Key *key = find_key(keys, key_name);
    if (!key)
        return error_user(error, "-global %s.%s: that device has no such key; see -device %s,help", name,
            key_name, kind->name);
    key->needed = false;
    have_fixed(options, kind);
    for (unsigned i = 0; i < options->devices->len; i++) {
        DeviceOptions *device = options->devices->pdata[i];
        bool given = device->given && g_strv_contains((const char *const *)device->given, key_name);
        if (&device->kind->kind == kind && !given && !set_key(device, key, value, error))
            return false;
    }
    return true;
}

const char *kinds_nvram_drive(const Options *options)
{
    for (unsigned i = 0; i < options->devices->len; i++) {
        const DeviceOptions *device = options->devices->pdata[i];
        if (device->kind == &spapr_nvram_kind)
            return ((const NvramValues *)device->values)->drive;
    }
    return NULL;
}

uint32_t kinds_nvram_unit(const Options *options)
{
    for (unsigned i = 0; i < options->devices->len; i++) {
        const DeviceOptions *device = options->devices->pdata[i];
        if (device->kind == &spapr_nvram_kind)
            return ((const NvramValues *)device->values)->unit;
    }
    return 0;
}

void kinds_add_disk(Options *options, const char *drive)
{
    DeviceOptions *device = add_device(options, &virtio_blk_kind);
    device->implied = true;
    VirtioBlkValues *values = device->values;
    values->drive = g_strdup(drive);
}

// --- Listing all of them, for -help.

void kinds_list_keys(const Key *keys, GString *text)
{
    for (; keys && keys->name; keys++) {
        if (keys->type == KEY_ONLY || keys->type == KEY_REFUSED || keys->unlisted)
            continue;
        g_autofree char *value = keys_value(keys);
        g_string_append_printf(text, keys->needed ? ",%s=%s" : "[,%s=%s]", keys->name, value);
    }
}

static void list(const char *option, const Kind *kind, const Key *keys, const Key *others, GString *text)
{
    g_string_append_printf(text, "%s %s", option, kind->name);
    kinds_list_keys(keys, text);
    kinds_list_keys(others, text);
    g_string_append_printf(text, "\n        %s\n", kind->help);
}

void kinds_list_objects(GString *text)
{
    for (unsigned i = 0; object_kinds[i]; i++)
        list("-object", object_kinds[i], id_key, object_kinds[i]->keys, text);
}

void kinds_list_devices(GString *text)
{
    for (unsigned i = 0; device_kinds[i]; i++)
        list("-device", device_kinds[i], device_kinds[i]->keys, device_keys(device_kinds[i]), text);
}
