// Reads JSON that another program wrote: what is missing, or of another type, reads as nothing.
#pragma once
#include <json-glib/json-glib.h>
#include <stdbool.h>

// The node's object; NULL where it has none, or there is no node.
JsonObject *json_read_object(JsonNode *node);
// Of a member `name`; all take an object that is NULL.
JsonObject *json_read_member(JsonObject *object, const char *name);
const char *json_read_text(JsonObject *object, const char *name); // NULL: none
gint64 json_read_integer(JsonObject *object, const char *name);   // 0: none
double json_read_number(JsonObject *object, const char *name);    // 0: none
bool json_read_truth(JsonObject *object, const char *name);       // false: none
// Elements of an array, up to `most`: each that is an object.
void json_read_each(JsonObject *object, const char *name, unsigned most,
    void (*each)(JsonObject *element, void *owner), void *owner);
