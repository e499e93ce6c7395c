// Members of a JSON object.
#include "members.h"
#include <math.h>

static void add_string(JsonBuilder *builder, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    json_builder_add_string_value(builder, valid);
}

void members_text(JsonBuilder *builder, const char *name, const char *text)
{
    json_builder_set_member_name(builder, name);
    if (text)
        add_string(builder, text);
    else
        json_builder_add_null_value(builder);
}

void members_number(JsonBuilder *builder, const char *name, double number)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_double_value(builder, isfinite(number) ? number : 0);
}

void members_integer(JsonBuilder *builder, const char *name, gint64 number)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, number);
}

void members_truth(JsonBuilder *builder, const char *name, bool truth)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_boolean_value(builder, truth);
}

void members_texts(JsonBuilder *builder, const char *name, char *const *texts, unsigned count)
{
    members_array(builder, name);
    for (unsigned i = 0; i < count; i++)
        add_string(builder, texts[i]);
    json_builder_end_array(builder);
}

void members_array(JsonBuilder *builder, const char *name)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
}
