// Commands: what the client sent is checked by their rows, with QEMU's words.
#include "commands.h"
#include <stdio.h>

// --- The conversation's own.

// The schema calls the triple "qemu"; the number is lparun's own, as the package says.
static GVariant *version(void)
{
    static const char *const names[] = { "major", "minor", "micro" };
    unsigned number[3] = { 0 };
    sscanf(LPARUN_VERSION, "%u.%u.%u", &number[0], &number[1], &number[2]);
    GVariantBuilder *version = command_object(), *triple = command_object();
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        command_add(triple, names[i], g_variant_new_int64(number[i]));
    command_add(version, "qemu", command_end(triple));
    command_add(version, "package", g_variant_new_string("lparun " LPARUN_VERSION));
    return command_end(version);
}

static GVariant *query_version(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    return version();
}

static const Command own[] = {
    { "qmp_capabilities" },
    { "query-commands" },
    { "query-version", query_version },
    { 0 },
};
enum { OWN_CAPABILITIES, OWN_COMMANDS };

static const Command *find_in(const Command *table, const char *name)
{
    for (; table->name; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

const Command *command_find(const CommandSet *set, const char *name)
{
    const Command *found = find_in(own, name);
    for (unsigned i = 0; set->tables[i] && !found; i++)
        found = find_in(set->tables[i], name);
    return found;
}

bool command_negotiates(const Command *command)
{
    return command == &own[OWN_CAPABILITIES];
}

static void list_names(const Command *table, GVariantBuilder *list)
{
    for (; table->name; table++) {
        if (command_negotiates(table)) // which is over when this can be asked
            continue;
        GVariantBuilder *command = command_object();
        command_add(command, "name", g_variant_new_string(table->name));
        command_append(list, command_end(command));
    }
}

static GVariant *query_commands(const CommandSet *set)
{
    GVariantBuilder *list = command_list();
    list_names(own, list);
    for (unsigned i = 0; set->tables[i]; i++)
        list_names(set->tables[i], list);
    return command_end(list);
}

// --- Arguments.

// NULL and `error` for a value of another type.
static GVariant *take_argument(const CommandArgument *argument, JsonNode *value, GError **error)
{
    static const struct {
        GType type;
        const char *name;
    } types[] = {
        [ARGUMENT_TEXT] = { G_TYPE_STRING, "string" },
        [ARGUMENT_INTEGER] = { G_TYPE_INT64, "integer" },
        [ARGUMENT_SWITCH] = { G_TYPE_BOOLEAN, "boolean" },
    };
    if (!JSON_NODE_HOLDS_VALUE(value) || json_node_get_value_type(value) != types[argument->type].type) {
        command_refuse(error, "Invalid parameter type for '%s', expected: %s", argument->name,
            types[argument->type].name);
        return NULL;
    }
    switch (argument->type) {
    case ARGUMENT_TEXT:
        return g_variant_new_string(json_node_get_string(value));
    case ARGUMENT_INTEGER:
        return g_variant_new_int64(json_node_get_int(value));
    default:
        return g_variant_new_boolean(json_node_get_boolean(value));
    }
}

// In the row's order.
static bool take_arguments(const Command *command, JsonObject *arguments, GVariantDict *taken, GError **error)
{
    for (const CommandArgument *argument = command->arguments; argument && argument->name; argument++) {
        JsonNode *node = arguments ? json_object_get_member(arguments, argument->name) : NULL;
        if (!node && argument->needed)
            return command_refuse(error, "Parameter '%s' is missing", argument->name);
        GVariant *value = node ? take_argument(argument, node, error) : NULL;
        if (node && !value)
            return false;
        if (value)
            g_variant_dict_insert_value(taken, argument->name, value);
    }
    return true;
}

static bool is_argument(const Command *command, const char *name)
{
    for (const CommandArgument *argument = command->arguments; argument && argument->name; argument++)
        if (strcmp(argument->name, name) == 0)
            return true;
    return false;
}

static bool check_unexpected(const Command *command, JsonObject *arguments, GError **error)
{
    JsonObjectIter iter;
    const char *name;
    if (!arguments)
        return true;
    json_object_iter_init_ordered(&iter, arguments);
    while (json_object_iter_next_ordered(&iter, &name, NULL))
        if (!is_argument(command, name))
            return command_refuse(error, "Parameter '%s' is unexpected", name);
    return true;
}

// One of a list of QMPCapability, of which lparun offers none.
static bool check_capability(unsigned index, JsonNode *element, GError **error)
{
    if (json_node_get_value_type(element) != G_TYPE_STRING)
        return command_refuse(error, "Invalid parameter type for 'enable[%u]', expected: string", index);
    const char *name = json_node_get_string(element);
    if (strcmp(name, "oob") == 0)
        return command_refuse(error, "Capability %s not available", name);
    return command_refuse(error, "Parameter 'enable[%u]' does not accept value '%s'", index, name);
}

// qmp_capabilities' one argument.
static bool negotiate(JsonObject *arguments, GError **error)
{
    static const CommandArgument rows[] = { { "enable" }, { 0 } };
    static const Command command = { .arguments = rows };
    JsonNode *enable = arguments ? json_object_get_member(arguments, "enable") : NULL;
    if (enable && !JSON_NODE_HOLDS_ARRAY(enable))
        return command_refuse(error, "Invalid parameter type for 'enable', expected: array");
    JsonArray *list = enable ? json_node_get_array(enable) : NULL;
    if (list && json_array_get_length(list) > 0)
        return check_capability(0, json_array_get_element(list, 0), error);
    return check_unexpected(&command, arguments, error);
}

// --- Running one.

// Takes `value`; its members keep their order.
static JsonNode *to_json(GVariant *value)
{
    g_autoptr(GVariant) held = g_variant_ref_sink(value);
    return g_variant_is_of_type(held, G_VARIANT_TYPE_BYTESTRING)
               ? json_from_string(g_variant_get_bytestring(held), NULL)
               : json_gvariant_serialize(held);
}

JsonNode *command_version(void)
{
    return to_json(version());
}

JsonNode *command_run(const CommandSet *set, const Command *command, JsonObject *arguments, GError **error)
{
    if (command_negotiates(command))
        return negotiate(arguments, error) ? to_json(command_nothing()) : NULL;
    GVariantDict taken;
    g_variant_dict_init(&taken, NULL);
    bool right =
        take_arguments(command, arguments, &taken, error) && check_unexpected(command, arguments, error);
    g_autoptr(GVariant) checked = g_variant_ref_sink(g_variant_dict_end(&taken));
    if (!right)
        return NULL;
    if (command == &own[OWN_COMMANDS])
        return to_json(query_commands(set));
    GVariant *result = command->run(set->machine, checked, error);
    return result ? to_json(result) : NULL;
}
