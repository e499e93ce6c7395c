// The objects of a machine: made for each question, as nothing else has them so.
#include "qom_tree.h"
#include "../device_kinds.h"
#include "../devices.h"
#include "../machine_options.h"
#include "qom_types.h"
#include <string.h>

static void property_free(gpointer data)
{
    QomProperty *property = data;
    g_free(property->type);
    g_variant_unref(property->value);
    g_free(property);
}

static void object_free(gpointer data)
{
    qom_tree_free(data);
}

void qom_tree_free(QomObject *root)
{
    g_ptr_array_unref(root->children);
    g_ptr_array_unref(root->properties);
    g_free(root->path);
    g_free(root->name);
    g_free(root->type);
    g_free(root);
}

// Takes `value`.
static void add_value(QomObject *object, const char *name, const char *type, GVariant *value)
{
    QomProperty *property = g_new0(QomProperty, 1);
    *property = (QomProperty){ name, g_strdup(type), g_variant_ref_sink(value) };
    g_ptr_array_add(object->properties, property);
}

static void add_text(QomObject *object, const char *name, const char *type, const char *text)
{
    add_value(object, name, type, g_variant_new_string(text ? text : ""));
}

static void add_switch(QomObject *object, const char *name, bool on)
{
    add_value(object, name, "bool", g_variant_new_boolean(on));
}

static void add_number(QomObject *object, const char *name, gint64 number)
{
    add_value(object, name, "int", g_variant_new_int64(number));
}

// `parent` NULL: the root. Takes `name`.
static QomObject *add(QomObject *parent, char *name, const char *type)
{
    QomObject *object = g_new0(QomObject, 1);
    object->path = parent ? g_strdup_printf("%s/%s", parent->path, name) : g_strdup("");
    object->name = name;
    object->type = g_strdup(type);
    object->children = g_ptr_array_new_with_free_func(object_free);
    object->properties = g_ptr_array_new_with_free_func(property_free);
    add_text(object, "type", "string", type);
    if (parent)
        g_ptr_array_add(parent->children, object);
    return object;
}

static QomObject *add_container(QomObject *parent, const char *name)
{
    return add(parent, g_strdup(name), "container");
}

// --- Keys of options, which are properties.

// The value that a key has filled in the struct at `of`. NULL: it has no form that could be told.
static GVariant *value_of(const Key *key, const void *of)
{
    const void *at = (const char *)of + key->at;
    const char *text = key->type == KEY_TEXT   ? *(char *const *)at
                       : key->type == KEY_WORD ? words_name(key->words, *(const int *)at)
                                               : NULL;
    switch (key->type) {
    case KEY_SWITCH:
        return g_variant_new_boolean(*(const bool *)at);
    case KEY_NUMBER:
        return g_variant_new_int64(*(const unsigned *)at);
    case KEY_SIZE:
        return g_variant_new_int64(*(const gint64 *)at);
    case KEY_TEXT:
    case KEY_WORD:
        return g_variant_new_string(text ? text : "");
    default:
        return NULL;
    }
}

static void add_keys(QomObject *object, const Key *keys, const void *of)
{
    for (; keys && keys->name; keys++) {
        if (strcmp(keys->name, "type") == 0) // the object's own
            continue;
        const char *link = qom_key_is_link(keys),
                   *text = link ? *(char *const *)((const char *)of + keys->at) : NULL;
        g_autofree char *path = text ? g_strdup_printf("/objects/%s", text) : NULL;
        GVariant *value = link ? NULL : value_of(keys, of);
        if (link)
            add_text(object, keys->name, link, path);
        else if (value)
            add_value(object, keys->name, qom_key_type(keys), value);
    }
}

// --- What is where.

static void add_device(QomObject *parent, char *name, const Device *device)
{
    const Kind *kind = &device->options->kind->kind;
    g_autofree char *address = g_strdup_printf("%02x.0", (unsigned)device->slot);
    QomObject *object = add(parent, name, kind->name);
    object->is_device = true;
    add_switch(object, "realized", true);
    add_switch(object, "hotplugged", false);
    add_switch(object, "hotpluggable", false);
    add_value(object, "addr", "str", g_variant_new_int64(device->slot << 3)); // a number, as QEMU has it
    add_text(object, "legacy-addr", "str", address);
    if (device->options->bootindex >= 0)
        add_value(object, "bootindex", "int32", g_variant_new_int64(device->options->bootindex));
    add_keys(object, kind->keys, device->options->values);
}

static void add_devices(QomObject *named, QomObject *unnamed, const Devices *devices)
{
    const Device *device;
    for (unsigned i = 0; devices && (device = devices_at(devices, i)); i++)
        if (device->options->id)
            add_device(named, g_strdup(device->name), device);
        else
            add_device(unnamed, g_strdup_printf("device[%u]", unnamed->children->len), device);
}

static void add_cpus(QomObject *parent, const MonitorMachine *machine)
{
    QomObject *core = NULL;
    for (unsigned i = 0; i < machine->cpus(machine->owner); i++) {
        MonitorCpu cpu = machine->cpu(machine->owner, i);
        if (cpu.thread == 0) {
            core = add(parent, g_strdup_printf("device[%u]", cpu.core), QOM_CORE);
            core->is_device = true;
            add_switch(core, "realized", true);
            add_number(core, "core-id", cpu.core);
        }
        QomObject *thread = add(core, g_strdup_printf("thread[%u]", cpu.thread), QOM_CPU);
        thread->is_device = true;
        add_switch(thread, "realized", true);
    }
}

// Objects beside keys, by the names that QEMU has for them.
static void add_machine_values(QomObject *object, const Options *options)
{
    GVariantBuilder *memory = command_object(), *smp = command_object();
    command_add_int(memory, "size", (gint64)options->memory);
    command_add_int(smp, "cpus", options->cpus);
    command_add_int(smp, "maxcpus", options->cpus);
    command_add_int(smp, "sockets", 1);
    command_add_int(smp, "cores", options->cpus / options->threads);
    command_add_int(smp, "threads", options->threads);
    add_value(object, "memory", "MemorySizeConfiguration", command_end(memory));
    add_value(object, "smp", "SMPConfiguration", command_end(smp));
    add_text(object, "kernel", "string", options->kernel);
    add_text(object, "initrd", "string", options->initrd);
    add_text(object, "append", "string", options->append);
    add_text(object, "max-cpu-compat", "string", options->max_compat ? options->max_compat->name : NULL);
    add_switch(object, "usb", false);
    add_switch(object, "graphics", false);
}

static void add_machine(QomObject *root, const MonitorMachine *machine)
{
    g_autofree char *type = g_strdup_printf("%s-machine", MACHINE_NEWEST->word);
    QomObject *object = add(root, g_strdup("machine"), type);
    add_machine_values(object, machine->options);
    add_keys(object, machine_keys, machine->options);
    add(object, g_strdup("rtc"), "spapr-rtc"); // that RTC_CHANGE tells of
    QomObject *named = add_container(object, "peripheral");
    add_devices(named, add_container(object, "peripheral-anon"), machine->devices);
    add_cpus(add_container(object, "unattached"), machine);
}

static void add_objects(QomObject *parent, const GPtrArray *objects)
{
    for (unsigned i = 0; objects && i < objects->len; i++) {
        const Object *one = objects->pdata[i];
        add_keys(add(parent, g_strdup(one->id), one->kind->name), one->kind->keys, one->values);
    }
}

QomObject *qom_tree_new(const MonitorMachine *machine)
{
    QomObject *root = add(NULL, g_strdup(""), "container");
    add_machine(root, machine);
    add_objects(add_container(root, "objects"), machine->options->objects);
    add_container(root, "chardevs");
    return root;
}
