// Commands are found and run, the conversation's own among them.
#include "commands.h"
#include "arguments.h"
#include "schema.h"
#include <stdio.h>

// --- The conversation's own.

// The schema calls the triple "qemu"; the package says what it is.
static GVariant *version(const MonitorMachine *machine)
{
    static const char *const names[] = { "major", "minor", "micro" };
    unsigned number[3] = { 0 };
    sscanf(machine->version, "%u.%u.%u", &number[0], &number[1], &number[2]);
    GVariantBuilder *version = command_object(), *triple = command_object();
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        command_add_int(triple, names[i], number[i]);
    command_add(version, "qemu", command_end(triple));
    command_add_text(version, "package", "lparun " LPARUN_VERSION);
    return command_end(version);
}

static GVariant *query_version(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    return version(machine);
}

static const Command own[] = {
    { "qmp_capabilities", NULL, "enable?:[QMPCapability]" },
    { "query-commands", NULL, NULL, "[CommandInfo]" },
    { "query-qmp-schema", NULL, NULL, "[SchemaInfo]" },
    { "query-version", query_version, NULL, "VersionInfo" },
    { 0 },
};
enum { OWN_CAPABILITIES, OWN_COMMANDS, OWN_SCHEMA };

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
        command_add_text(command, "name", table->name);
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

static GVariant *query_schema(const CommandSet *set)
{
    SchemaWriter *writer = schema_writer_new(set->machine->schema);
    schema_writer_add(writer, own);
    for (unsigned i = 0; set->tables[i]; i++)
        schema_writer_add(writer, set->tables[i]);
    return schema_writer_finish(writer);
}

// Capabilities can be asked for, and lparun offers none.
static GVariant *negotiate(GVariant *arguments, GError **error)
{
    g_autoptr(GVariant) wanted = g_variant_lookup_value(arguments, "enable", G_VARIANT_TYPE("av"));
    if (!wanted || g_variant_n_children(wanted) == 0)
        return command_nothing();
    command_refuse(error, "Capability oob not available");
    return NULL;
}

// --- Running one.

// Takes `value`; its members keep their order.
JsonNode *command_json(GVariant *value)
{
    g_autoptr(GVariant) held = g_variant_take_ref(value);
    return g_variant_is_of_type(held, G_VARIANT_TYPE_BYTESTRING)
               ? json_from_string(g_variant_get_bytestring(held), NULL)
               : json_gvariant_serialize(held);
}

JsonNode *command_version(const CommandSet *set)
{
    return command_json(version(set->machine));
}

static GVariant *run(const CommandSet *set, const Command *command, GVariant *arguments, GError **error)
{
    if (command_negotiates(command))
        return negotiate(arguments, error);
    if (command == &own[OWN_COMMANDS])
        return query_commands(set);
    if (command == &own[OWN_SCHEMA])
        return query_schema(set);
    return command->run(set->machine, arguments, error);
}

// NULL and `error`: they are not what the row says.
static GVariant *check_arguments(
    const CommandSet *set, const Command *command, JsonObject *arguments, GError **error)
{
    return arguments_take(set->machine->schema, command, arguments, error);
}

JsonNode *command_run(const CommandSet *set, const Command *command, JsonObject *arguments, GError **error)
{
    g_autoptr(GVariant) checked = check_arguments(set, command, arguments, error);
    GVariant *result = checked ? run(set, command, checked, error) : NULL;
    return result ? command_json(result) : NULL;
}

bool command_begin(
    const CommandSet *set, const Command *command, JsonObject *arguments, CommandLater *later, GError **error)
{
    g_autoptr(GVariant) checked = check_arguments(set, command, arguments, error);
    return checked && command->begin(set->machine, checked, later, error);
}
