// JSON of other programs.
#include "json_read.h"

JsonObject *json_read_object(JsonNode *node)
{
    return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static JsonNode *member(JsonObject *object, const char *name)
{
    return object ? json_object_get_member(object, name) : NULL;
}

static JsonNode *value(JsonObject *object, const char *name)
{
    JsonNode *node = member(object, name);
    return node && JSON_NODE_HOLDS_VALUE(node) ? node : NULL;
}

JsonObject *json_read_member(JsonObject *object, const char *name)
{
    return json_read_object(member(object, name));
}

const char *json_read_text(JsonObject *object, const char *name)
{
    JsonNode *node = value(object, name);
    return node ? json_node_get_string(node) : NULL;
}

gint64 json_read_integer(JsonObject *object, const char *name)
{
    JsonNode *node = value(object, name);
    return node && json_node_get_value_type(node) == G_TYPE_INT64 ? json_node_get_int(node) : 0;
}

double json_read_number(JsonObject *object, const char *name)
{
    JsonNode *node = value(object, name);
    return node ? json_node_get_double(node) : 0;
}

bool json_read_truth(JsonObject *object, const char *name)
{
    JsonNode *node = value(object, name);
    return node && json_node_get_boolean(node);
}

void json_read_each(JsonObject *object, const char *name, unsigned most,
    void (*each)(JsonObject *element, void *owner), void *owner)
{
    JsonNode *node = member(object, name);
    JsonArray *array = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    for (unsigned i = 0; array && i < json_array_get_length(array) && i < most; i++) {
        JsonObject *element = json_read_object(json_array_get_element(array, i));
        if (element)
            each(element, owner);
    }
}
