// Writes members of a JSON object that is being built, whatever their value is: a file may be another's.
#pragma once
#include <json-glib/json-glib.h>
#include <stdbool.h>

// Paths may be any bytes: what is no UTF-8 becomes U+FFFD. NULL: null.
void json_write_text(JsonBuilder *builder, const char *name, const char *text);
// 0 for what is no number.
void json_write_number(JsonBuilder *builder, const char *name, double number);
void json_write_integer(JsonBuilder *builder, const char *name, gint64 number);
void json_write_truth(JsonBuilder *builder, const char *name, bool truth);
// Of texts.
void json_write_texts(JsonBuilder *builder, const char *name, char *const *texts, unsigned count);
// Begins it: elements and its end come by the builder.
void json_write_array(JsonBuilder *builder, const char *name);
