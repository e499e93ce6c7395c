// Types of objects: what qom-list-types and its like tell.
#include "qom_types.h"
#include "../device_kinds.h"
#include "../machine_options.h"
#include <string.h>

static const QomType fixed[] = {
    { "object", NULL, true },
    { "container", "object" },
    { "machine", "object", true },
    { "spapr-machine", "machine", true },
    { "device", "object", true },
    { "pci-device", "device", true },
    { "spapr-rtc", "device" },
    { "spapr-tce-table", "device" },
    { "spapr-pci-host-bridge", "device" },
    { "spapr-vty", "device" },
    { "cpu", "device", true },
    { "powerpc64-cpu", "cpu", true },
    { QOM_CPU, "powerpc64-cpu" },
    { "cpu-core", "device", true },
    { "spapr-cpu-core", "cpu-core", true },
    { QOM_CORE, "spapr-cpu-core" },
    { "memory-backend", "object", true },
    { "rng-backend", "object", true },
};

static void add(GArray *types, const QomType *type)
{
    g_array_append_val(types, *type);
}

static const char *parent_of_object(const char *name)
{
    return g_str_has_prefix(name, "memory-backend-") ? "memory-backend"
           : g_str_has_prefix(name, "rng-")          ? "rng-backend"
                                                     : "object";
}

static void add_kinds(GArray *types)
{
    const Kind *object;
    const DeviceKind *device;
    for (unsigned i = 0; (object = kinds_object(i)); i++)
        add(types, &(QomType){ object->name, parent_of_object(object->name), .keys = object->keys });
    for (unsigned i = 0; (device = kinds_device(i)); i++)
        add(types, &(QomType){ device->kind.name, device->is_fixed ? "device" : "pci-device",
                       .keys = device->kind.keys, .more_keys = kinds_device_keys(device) });
}

GArray *qom_all_types(GStringChunk *names)
{
    GArray *types = g_array_new(FALSE, FALSE, sizeof(QomType));
    for (unsigned i = 0; i < G_N_ELEMENTS(fixed); i++)
        add(types, &fixed[i]);
    for (const Word *type = MACHINE_NEWEST; type->word; type++) {
        g_autofree char *name = g_strdup_printf("%s-machine", type->word);
        const char *kept = g_string_chunk_insert_const(names, name);
        add(types, &(QomType){ kept, "spapr-machine", .keys = machine_keys });
    }
    add_kinds(types);
    return types;
}

const QomType *qom_type_find(const GArray *types, const char *name)
{
    for (unsigned i = 0; i < types->len; i++)
        if (strcmp(g_array_index(types, QomType, i).name, name) == 0)
            return &g_array_index(types, QomType, i);
    return NULL;
}

bool qom_type_is_a(const GArray *types, const QomType *type, const char *name)
{
    for (; type; type = type->parent ? qom_type_find(types, type->parent) : NULL)
        if (strcmp(type->name, name) == 0)
            return true;
    return false;
}

const char *qom_key_type(const Key *key)
{
    const char *link = qom_key_is_link(key);
    switch (key->type) {
    case KEY_SWITCH:
        return "bool";
    case KEY_NUMBER:
        return "uint32";
    case KEY_SIZE:
        return "size";
    default:
        return link ? link : "str";
    }
}

const char *qom_key_is_link(const Key *key)
{
    static const struct {
        const char *key, *type;
    } links[] = {
        { "iothread", "link<iothread>" },
        { "rng", "link<rng-backend>" },
        { "memory-backend", "link<memory-backend>" },
    };
    for (unsigned i = 0; key->type == KEY_TEXT && i < G_N_ELEMENTS(links); i++)
        if (strcmp(key->name, links[i].key) == 0)
            return links[i].type;
    return NULL;
}
