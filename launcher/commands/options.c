// query-command-line-options (qapi/misc.json): what -help has.
#include "../command.h"
#include "../option_table.h"
#include <string.h>

static void add_parameter(GVariantBuilder *list, const char *name, gsize length)
{
    g_autofree char *text = g_strndup(name, length);
    GVariantBuilder *object = command_object();
    command_add_text(object, "name", text);
    command_add_text(object, "type", "string");
    command_append(list, command_end(object));
}

// What is before a '=' in "N[,sockets=S][,cores=C]".
static void add_parameters(GVariantBuilder *list, const char *value)
{
    for (const char *at = value; at && (at = strchr(at, '=')); at++) {
        const char *start = at;
        while (start > value && (g_ascii_isalnum(start[-1]) || strchr("-_.", start[-1])))
            start--;
        if (start < at)
            add_parameter(list, start, (gsize)(at - start));
    }
}

// Rows of one option stand together.
static GVariant *describe_option(unsigned *index)
{
    const char *name = option_table[*index].name;
    GVariantBuilder *object = command_object(), *parameters = command_list();
    for (; *index < option_count() && strcmp(option_table[*index].name, name) == 0; (*index)++)
        add_parameters(parameters, option_table[*index].value);
    command_add_text(object, "option", name);
    command_add(object, "parameters", command_end(parameters));
    return command_end(object);
}

static GVariant *query_command_line_options(
    const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    const char *wanted = command_text(arguments, "option");
    g_autoptr(GVariantBuilder) list = command_list();
    bool found = false;
    for (unsigned i = 0; i < option_count();) {
        const OptionRow *row = &option_table[i];
        bool is_wanted = row->qemu != QEMU_REFUSED && (!wanted || strcmp(row->name, wanted) == 0);
        g_autoptr(GVariant) option = g_variant_ref_sink(describe_option(&i));
        if (is_wanted)
            command_append(list, option);
        found |= is_wanted;
    }
    if (found)
        return g_variant_builder_end(list);
    command_refuse(error, "invalid option name: %s", wanted);
    return NULL;
}

extern const Command options_commands[];
const Command options_commands[] = {
    { "query-command-line-options", query_command_line_options, "option?:str", "[CommandLineOptionInfo]" },
    { 0 },
};

extern const CommandType options_types[];
const CommandType options_types[] = {
    { "CommandLineOptionInfo", "option:str parameters:[CommandLineParameterInfo]" },
    { "CommandLineParameterInfo", "name:str type:CommandLineParameterType" },
    { "CommandLineParameterType", .words = "string" },
    { 0 },
};
