// A JSON object as a list of keys and texts, as QEMU's -device and -object take it.
#include "json_values.h"
#include "json_text.h"
#include "lparun/error.h"
#include <json-glib/json-glib.h>
#include <string.h>

typedef struct Walk {
    JsonEach *each;
    void *data;
} Walk;

static void walk(const Walk *to, const char *key, JsonNode *node);

static void walk_object(const Walk *to, const char *key, JsonObject *object)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;
    json_object_iter_init_ordered(&iter, object);
    while (json_object_iter_next_ordered(&iter, &name, &value)) {
        g_autofree char *inner = key ? g_strdup_printf("%s.%s", key, name) : g_strdup(name);
        walk(to, inner, value);
    }
}

static void walk_array(const Walk *to, const char *key, JsonArray *array)
{
    for (unsigned i = 0; i < json_array_get_length(array); i++) {
        g_autofree char *inner = g_strdup_printf("%s.%u", key, i);
        walk(to, inner, json_array_get_element(array, i));
    }
}

static void tell(const Walk *to, const char *key, JsonNode *node)
{
    if (json_node_is_null(node)) {
        to->each(to->data, key, "null");
    } else if (json_node_get_value_type(node) == G_TYPE_STRING) {
        to->each(to->data, key, json_node_get_string(node));
    } else if (json_node_get_value_type(node) == G_TYPE_BOOLEAN) {
        to->each(to->data, key, json_node_get_boolean(node) ? "on" : "off");
    } else {
        g_autofree char *number = json_to_string(node, FALSE);
        to->each(to->data, key, number);
    }
}

static void walk(const Walk *to, const char *key, JsonNode *node)
{
    if (JSON_NODE_HOLDS_OBJECT(node))
        walk_object(to, key, json_node_get_object(node));
    else if (JSON_NODE_HOLDS_ARRAY(node))
        walk_array(to, key, json_node_get_array(node));
    else
        tell(to, key, node);
}

bool json_values_read(const char *text, JsonEach *each, void *data, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    g_autoptr(GString) whole = g_string_new(text);
    g_autofree char *id = NULL;
    g_autoptr(GError) why = NULL;
    // json-glib alone takes more than is JSON.
    if (!json_text_take(whole, &id, &why) || !json_parser_load_from_data(parser, text, -1, &why))
        return error_user(error, "not JSON: %s", why->message);
    JsonNode *root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root))
        return error_user(error, "not a JSON object");
    const Walk to = { each, data };
    walk_object(&to, NULL, json_node_get_object(root));
    return true;
}
