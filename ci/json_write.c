// JSON for other programs.
#include "json_write.h"
#include <math.h>

static void add_string(JsonBuilder *builder, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    json_builder_add_string_value(builder, valid);
}

void json_write_text(JsonBuilder *builder, const char *name, const char *text)
{
    json_builder_set_member_name(builder, name);
    if (text)
        add_string(builder, text);
    else
        json_builder_add_null_value(builder);
}

void json_write_number(JsonBuilder *builder, const char *name, double number)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_double_value(builder, isfinite(number) ? number : 0);
}

void json_write_integer(JsonBuilder *builder, const char *name, gint64 number)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, number);
}

void json_write_truth(JsonBuilder *builder, const char *name, bool truth)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_boolean_value(builder, truth);
}

void json_write_texts(JsonBuilder *builder, const char *name, char *const *texts, unsigned count)
{
    json_write_array(builder, name);
    for (unsigned i = 0; i < count; i++)
        add_string(builder, texts[i]);
    json_builder_end_array(builder);
}

void json_write_array(JsonBuilder *builder, const char *name)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
}
