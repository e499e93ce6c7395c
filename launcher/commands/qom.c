// Commands about objects (qapi/qom.json, qapi/qdev.json).
#include "../command.h"
#include "qom_tree.h"
#include "qom_types.h"
#include <string.h>

// --- Objects of the machine.

// By a whole path, or by its last parts where `found` counts more than one.
static const QomObject *search(const QomObject *object, const char *path, bool is_whole, unsigned *found)
{
    size_t length = strlen(object->path), wanted = strlen(path);
    const QomObject *result = NULL;
    bool fits = is_whole ? strcmp(object->path, path) == 0
                         : length > wanted && object->path[length - wanted - 1] == '/' &&
                               strcmp(object->path + length - wanted, path) == 0;
    if (fits) {
        ++*found;
        result = object;
    }
    for (unsigned i = 0; i < object->children->len; i++) {
        const QomObject *inner = search(object->children->pdata[i], path, is_whole, found);
        result = inner ? inner : result;
    }
    return result;
}

// NULL and `error`: there is none, or more than one.
static const QomObject *find(const QomObject *root, const char *path, GError **error)
{
    g_autofree char *name = g_strdup(path);
    unsigned found = 0;
    if (*name && name[strlen(name) - 1] == '/')
        name[strlen(name) - 1] = '\0';
    const QomObject *object = *path ? search(root, name, *path == '/', &found) : NULL;
    if (found == 1)
        return object;
    if (found > 1 || !*path)
        command_refuse(error, "Path '%s' is ambiguous", path);
    else
        command_refuse_as(CLASS_DEVICE_NOT_FOUND, error, "Device '%s' not found", path);
    return NULL;
}

static void list_property(GVariantBuilder *list, const char *name, const char *type)
{
    GVariantBuilder *object = command_object();
    command_add_text(object, "name", name);
    command_add_text(object, "type", type);
    command_append(list, command_end(object));
}

static GVariant *qom_list(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    g_autoptr(QomObject) root = qom_tree_new(machine);
    const QomObject *object = find(root, command_text(arguments, "path"), error);
    if (!object)
        return NULL;
    GVariantBuilder *list = command_list();
    for (unsigned i = 0; i < object->properties->len; i++) {
        const QomProperty *property = object->properties->pdata[i];
        list_property(list, property->name, property->type);
    }
    for (unsigned i = 0; i < object->children->len; i++) {
        const QomObject *child = object->children->pdata[i];
        g_autofree char *type = g_strdup_printf("child<%s>", child->type);
        list_property(list, child->name, type);
    }
    return command_end(list);
}

// The value of a property, or the path of a child; a new reference.
static GVariant *value_of(const QomObject *object, const char *name)
{
    for (unsigned i = 0; i < object->properties->len; i++) {
        const QomProperty *property = object->properties->pdata[i];
        if (strcmp(property->name, name) == 0)
            return g_variant_ref(property->value);
    }
    for (unsigned i = 0; i < object->children->len; i++) {
        const QomObject *child = object->children->pdata[i];
        if (strcmp(child->name, name) == 0)
            return g_variant_ref_sink(g_variant_new_string(child->path));
    }
    return NULL;
}

static GVariant *find_value(
    const QomObject *root, GVariant *arguments, const QomObject **object, GError **error)
{
    const char *name = command_text(arguments, "property");
    *object = find(root, command_text(arguments, "path"), error);
    GVariant *value = *object ? value_of(*object, name) : NULL;
    if (*object && !value)
        command_refuse(error, "Property '%s.%s' not found", (*object)->type, name);
    return value;
}

static GVariant *qom_get(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    g_autoptr(QomObject) root = qom_tree_new(machine);
    const QomObject *object;
    return find_value(root, arguments, &object, error);
}

// There is nothing to set: what a property says is of the start.
static GVariant *qom_set(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    g_autoptr(QomObject) root = qom_tree_new(machine);
    const QomObject *object;
    const char *name = command_text(arguments, "property");
    g_autoptr(GVariant) value = find_value(root, arguments, &object, error);
    if (!value)
        return NULL;
    if (object->is_device && strcmp(name, "type") != 0)
        command_refuse(error, "Attempt to set property '%s' on device '%s' (type '%s') after it was realized",
            name, object->name, object->type);
    else
        command_refuse(error, "Property '%s.%s' is not writable", object->type, name);
    return NULL;
}

// --- Types.

static GVariant *describe_type(const QomType *type)
{
    GVariantBuilder *object = command_object();
    command_add_text(object, "name", type->name);
    if (type->is_abstract)
        command_add_bool(object, "abstract", true);
    command_add_text(object, "parent", type->parent);
    return command_end(object);
}

static GVariant *qom_list_types(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    const char *implements = command_text(arguments, "implements");
    bool abstract = command_switch(arguments, "abstract", false);
    GStringChunk *names = g_string_chunk_new(256);
    g_autoptr(GArray) types = qom_all_types(names);
    GVariantBuilder *list = command_list();
    for (unsigned i = 0; i < types->len; i++) {
        const QomType *type = &g_array_index(types, QomType, i);
        if ((abstract || !type->is_abstract) && (!implements || qom_type_is_a(types, type, implements)))
            command_append(list, describe_type(type));
    }
    g_string_chunk_free(names);
    return command_end(list);
}

static void list_keys(GVariantBuilder *list, const Key *keys)
{
    for (; keys && keys->name; keys++) {
        if (keys->type == KEY_REFUSED || strcmp(keys->name, "id") == 0 ||
            strcmp(keys->name, "type") == 0) // no properties, or another's
            continue;
        GVariantBuilder *object = command_object();
        command_add_text(object, "name", keys->name);
        command_add_text(object, "type", qom_key_type(keys));
        command_add_text(object, "description", keys->help);
        command_append(list, command_end(object));
    }
}

static GVariant *list_of_type(const QomType *type, bool with_type)
{
    GVariantBuilder *list = command_list();
    if (with_type)
        list_property(list, "type", "string");
    list_keys(list, type->keys);
    list_keys(list, type->more_keys);
    return command_end(list);
}

static GVariant *qom_list_properties(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    const char *name = command_text(arguments, "typename");
    GStringChunk *names = g_string_chunk_new(256);
    g_autoptr(GArray) types = qom_all_types(names);
    const QomType *type = qom_type_find(types, name);
    if (!type)
        command_refuse_as(CLASS_DEVICE_NOT_FOUND, error, "Class '%s' not found", name);
    GVariant *result = type ? list_of_type(type, true) : NULL;
    g_string_chunk_free(names);
    return result;
}

static GVariant *device_list_properties(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    const char *name = command_text(arguments, "typename");
    GStringChunk *names = g_string_chunk_new(256);
    g_autoptr(GArray) types = qom_all_types(names);
    const QomType *type = qom_type_find(types, name);
    GVariant *result = NULL;
    if (!type)
        command_refuse_as(CLASS_DEVICE_NOT_FOUND, error, "Device '%s' not found", name);
    else if (type->is_abstract || !qom_type_is_a(types, type, "device"))
        command_refuse(error, "Parameter 'typename' expects a non-abstract device type");
    else
        result = list_of_type(type, false);
    g_string_chunk_free(names);
    return result;
}

extern const Command qom_commands[];
const Command qom_commands[] = {
    { "device-list-properties", device_list_properties, "typename:str", "[ObjectPropertyInfo]" },
    { "qom-get", qom_get, "path:str property:str", "any" },
    { "qom-list", qom_list, "path:str", "[ObjectPropertyInfo]" },
    { "qom-list-properties", qom_list_properties, "typename:str", "[ObjectPropertyInfo]" },
    { "qom-list-types", qom_list_types, "implements?:str abstract?:bool", "[ObjectTypeInfo]" },
    { "qom-set", qom_set, "path:str property:str value:any" },
    { 0 },
};

extern const CommandType qom_types[];
const CommandType qom_types[] = {
    { "ObjectPropertyInfo", "name:str type:str description?:str default-value?:any" },
    { "ObjectTypeInfo", "name:str abstract?:bool parent?:str" },
    { 0 },
};
