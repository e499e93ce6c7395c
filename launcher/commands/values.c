// What commands give back.
#include "../command.h"
#include <stdarg.h>
#include <string.h>

G_DEFINE_QUARK(lparun - command - error, command_error)

GVariantBuilder *command_object(void)
{
    return g_variant_builder_new(G_VARIANT_TYPE("a{sv}"));
}

void command_add(GVariantBuilder *object, const char *name, GVariant *value)
{
    g_variant_builder_add(object, "{sv}", name, value);
}

void command_add_text(GVariantBuilder *object, const char *name, const char *text)
{
    if (text)
        command_add(object, name, g_variant_new_string(text));
}

void command_add_int(GVariantBuilder *object, const char *name, gint64 value)
{
    command_add(object, name, g_variant_new_int64(value));
}

void command_add_bool(GVariantBuilder *object, const char *name, bool value)
{
    command_add(object, name, g_variant_new_boolean(value));
}

const char *command_text(GVariant *arguments, const char *name)
{
    const char *text = NULL;
    g_variant_lookup(arguments, name, "&s", &text);
    return text;
}

gint64 command_number(GVariant *arguments, const char *name, gint64 otherwise)
{
    gint64 value = otherwise;
    g_variant_lookup(arguments, name, "x", &value);
    return value;
}

bool command_switch(GVariant *arguments, const char *name, bool otherwise)
{
    gboolean value = otherwise;
    g_variant_lookup(arguments, name, "b", &value);
    return value;
}

bool command_cpu(const MonitorMachine *machine, GVariant *arguments, unsigned *cpu, GError **error)
{
    gint64 index = command_number(arguments, "cpu-index", 0);
    if (index < 0 || index >= machine->cpus(machine->owner))
        return command_refuse(error, "Parameter 'cpu-index' expects a CPU number");
    *cpu = (unsigned)index;
    return true;
}

bool command_is_id(const char *text)
{
    return g_ascii_isalpha(*text) && !text[strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-._")];
}

GVariantBuilder *command_list(void)
{
    return g_variant_builder_new(G_VARIANT_TYPE("av"));
}

void command_append(GVariantBuilder *list, GVariant *value)
{
    g_variant_builder_add(list, "v", value);
}

GVariant *command_end(GVariantBuilder *builder)
{
    GVariant *value = g_variant_builder_end(builder);
    g_variant_builder_unref(builder);
    return value;
}

GVariant *command_nothing(void)
{
    return command_end(command_object());
}

static bool refuse(CommandClass class, GError **error, const char *format, va_list arguments)
{
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    g_set_error_literal(error, COMMAND_ERROR, class, text);
    return false;
}

bool command_refuse(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    refuse(CLASS_GENERIC, error, format, arguments);
    va_end(arguments);
    return false;
}

bool command_refuse_as(CommandClass class, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    refuse(class, error, format, arguments);
    va_end(arguments);
    return false;
}
