// What commands give back.
#include "../command.h"
#include "lparun/error.h"
#include <stdarg.h>

GVariantBuilder *command_object(void)
{
    return g_variant_builder_new(G_VARIANT_TYPE("a{sv}"));
}

void command_add(GVariantBuilder *object, const char *name, GVariant *value)
{
    g_variant_builder_add(object, "{sv}", name, value);
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

bool command_refuse(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, LPARUN_ERROR, LPARUN_ERROR_USER, text);
    return false;
}
