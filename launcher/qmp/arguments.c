// Arguments as QEMU's visitors take them (qapi/qobject-input-visitor.c), with their messages.
#include "arguments.h"
#include "types.h"
#include <string.h>

// Objects and lists in each other. GLib looks 128 levels into a GVariant, and an object's member is three of
// these further in.
#define DEPTH_MAX 32

typedef struct Take {
    const CommandSchema *schema;
    GError **error;
    unsigned depth; // how many are around what is taken
} Take;

static GVariant *take_value(const Take *take, const char *type, JsonNode *node, const char *path);

// NULL.
static GVariant *wrong_type(const Take *take, const char *path, const char *expected)
{
    command_refuse(take->error, "Invalid parameter type for '%s', expected: %s", path, expected);
    return NULL;
}

// For what is in an object or a list. False and an error: it is too deep.
static bool go_inside(const Take *take, const char *path, Take *inside)
{
    *inside = (Take){ take->schema, take->error, take->depth + 1 };
    return inside->depth <= DEPTH_MAX ||
           command_refuse(take->error, "Parameter '%s' is too deep inside others", path);
}

static char *inner_path(const char *path, const char *name)
{
    return *path ? g_strdup_printf("%s.%s", path, name) : g_strdup(name);
}

// --- Values that need no row.

static bool is_value(JsonNode *node, GType type)
{
    return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type;
}

static GVariant *take_any(const Take *take, JsonNode *node)
{
    return json_gvariant_deserialize(node, NULL, take->error);
}

static GVariant *take_builtin(const Take *take, const char *json, JsonNode *node, const char *path)
{
    if (strcmp(json, "string") == 0)
        return is_value(node, G_TYPE_STRING) ? g_variant_new_string(json_node_get_string(node))
                                             : wrong_type(take, path, "string");
    if (strcmp(json, "int") == 0)
        return is_value(node, G_TYPE_INT64) ? g_variant_new_int64(json_node_get_int(node))
                                            : wrong_type(take, path, "integer");
    if (strcmp(json, "boolean") == 0)
        return is_value(node, G_TYPE_BOOLEAN) ? g_variant_new_boolean(json_node_get_boolean(node))
                                              : wrong_type(take, path, "boolean");
    if (strcmp(json, "number") == 0)
        return is_value(node, G_TYPE_INT64) || is_value(node, G_TYPE_DOUBLE)
                   ? g_variant_new_double(json_node_get_double(node))
                   : wrong_type(take, path, "number");
    if (strcmp(json, "null") == 0 && !json_node_is_null(node))
        return wrong_type(take, path, "null");
    return take_any(take, node);
}

static GVariant *take_list(const Take *take, const char *element, JsonNode *node, const char *path)
{
    Take inside;
    if (!JSON_NODE_HOLDS_ARRAY(node))
        return wrong_type(take, path, "array");
    if (!go_inside(take, path, &inside))
        return NULL;
    JsonArray *array = json_node_get_array(node);
    g_autoptr(GVariantBuilder) list = command_list();
    for (unsigned i = 0; i < json_array_get_length(array); i++) {
        g_autofree char *inner = g_strdup_printf("%s[%u]", path, i);
        GVariant *value = take_value(&inside, element, json_array_get_element(array, i), inner);
        if (!value)
            return NULL;
        command_append(list, value);
    }
    return g_variant_builder_end(list);
}

// --- Objects.

static bool take_members(
    const Take *take, const char *members, JsonObject *object, GVariantDict *taken, const char *path)
{
    TypeMember member;
    while (members && type_next(&members, &member)) {
        g_autofree char *inner = inner_path(path, member.name);
        JsonNode *node = object ? json_object_get_member(object, member.name) : NULL;
        if (!node && member.optional)
            continue;
        if (!node)
            return command_refuse(take->error, "Parameter '%s' is missing", inner);
        GVariant *value = take_value(take, member.type, node, inner);
        if (!value)
            return false;
        g_variant_dict_insert_value(taken, member.name, value);
    }
    return true;
}

// Those that the word in the tag brings.
static bool take_variant(
    const Take *take, const CommandType *type, JsonObject *object, GVariantDict *taken, const char *path)
{
    const char *word;
    char name[TYPE_NAME_MAX];
    if (!type->tag || !g_variant_dict_lookup(taken, type->tag, "&s", &word) ||
        !type_members_by(type, word, name))
        return true;
    const CommandType *more = type_find(take->schema, name);
    return take_members(take, more->members, object, taken, path) &&
           take_variant(take, more, object, taken, path);
}

static bool check_unexpected(const Take *take, JsonObject *object, GVariantDict *taken, const char *path)
{
    JsonObjectIter iter;
    const char *name;
    if (!object)
        return true;
    json_object_iter_init_ordered(&iter, object);
    while (json_object_iter_next_ordered(&iter, &name, NULL)) {
        g_autofree char *inner = inner_path(path, name);
        if (!g_variant_dict_contains(taken, name))
            return command_refuse(take->error, "Parameter '%s' is unexpected", inner);
    }
    return true;
}

static GVariant *take_object(const Take *take, const CommandType *type, JsonNode *node, const char *path)
{
    Take inside;
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return wrong_type(take, path, "object");
    if (!go_inside(take, path, &inside))
        return NULL;
    JsonObject *object = json_node_get_object(node);
    GVariantDict taken;
    g_variant_dict_init(&taken, NULL);
    bool right = take_members(&inside, type->members, object, &taken, path) &&
                 take_variant(&inside, type, object, &taken, path) &&
                 check_unexpected(take, object, &taken, path);
    g_autoptr(GVariant) value = g_variant_ref_sink(g_variant_dict_end(&taken));
    return right ? g_steal_pointer(&value) : NULL;
}

// --- Types that have a row.

static GVariant *take_word(const Take *take, const CommandType *type, JsonNode *node, const char *path)
{
    if (!is_value(node, G_TYPE_STRING))
        return wrong_type(take, path, "string");
    const char *word = json_node_get_string(node);
    if (type_has_word(type, word))
        return g_variant_new_string(word);
    command_refuse(take->error, "Parameter '%s' does not accept value '%s'", path, word);
    return NULL;
}

// Whether a value of JSON is of the kind that the type has there.
static bool fits(const Take *take, const char *type, JsonNode *node)
{
    const char *json = type_builtin(type);
    if (!json) {
        char element[TYPE_NAME_MAX];
        const CommandType *row = type_is_list(type, element) ? NULL : type_find(take->schema, type);
        return !row           ? JSON_NODE_HOLDS_ARRAY(node)
               : row->members ? JSON_NODE_HOLDS_OBJECT(node)
                              : is_value(node, G_TYPE_STRING);
    }
    if (strcmp(json, "null") == 0)
        return json_node_is_null(node);
    return is_value(node, strcmp(json, "string") == 0    ? G_TYPE_STRING
                          : strcmp(json, "boolean") == 0 ? G_TYPE_BOOLEAN
                                                         : G_TYPE_INT64);
}

static GVariant *take_either(const Take *take, const CommandType *type, JsonNode *node, const char *path)
{
    TypeMember one;
    for (const char *rest = type->either; type_next(&rest, &one);)
        if (fits(take, one.name, node))
            return take_value(take, one.name, node, path);
    return wrong_type(take, path, type->name);
}

static GVariant *take_value(const Take *take, const char *type, JsonNode *node, const char *path)
{
    char element[TYPE_NAME_MAX];
    const char *json = type_builtin(type);
    if (json)
        return take_builtin(take, json, node, path);
    if (type_is_list(type, element))
        return take_list(take, element, node, path);
    const CommandType *row = type_find(take->schema, type);
    if (row->members)
        return take_object(take, row, node, path);
    return row->either ? take_either(take, row, node, path) : take_word(take, row, node, path);
}

// --- A command's.

static bool take_more(const Take *take, JsonObject *arguments, GVariantDict *taken)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *node;
    if (!arguments)
        return true;
    json_object_iter_init_ordered(&iter, arguments);
    while (json_object_iter_next_ordered(&iter, &name, &node)) {
        if (g_variant_dict_contains(taken, name))
            continue;
        GVariant *value = take_any(take, node);
        if (!value)
            return false;
        g_variant_dict_insert_value(taken, name, value);
    }
    return true;
}

// The arguments are all of one type, or members of no type's: "ObjectOptions" or "id:str".
static const CommandType *whole_type(const CommandSchema *schema, const Command *command)
{
    return command->arguments && !strpbrk(command->arguments, " :") ? type_find(schema, command->arguments)
                                                                    : NULL;
}

GVariant *arguments_take(
    const CommandSchema *schema, const Command *command, JsonObject *arguments, GError **error)
{
    const Take take = { .schema = schema, .error = error };
    const CommandType *whole = whole_type(schema, command);
    GVariantDict taken;
    g_variant_dict_init(&taken, NULL);
    bool right = take_members(&take, whole ? whole->members : command->arguments, arguments, &taken, "") &&
                 (!whole || take_variant(&take, whole, arguments, &taken, "")) &&
                 (!command->takes_more || take_more(&take, arguments, &taken)) &&
                 check_unexpected(&take, arguments, &taken, "");
    g_autoptr(GVariant) checked = g_variant_ref_sink(g_variant_dict_end(&taken));
    return right ? g_steal_pointer(&checked) : NULL;
}
