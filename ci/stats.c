// Counts and marks.
#include "stats.h"
#include "json_read.h"

#define COUNTS 1000u // of one boot; more would be a mistake
#define MARKS 1000u  // likewise

typedef struct Marking {
    gint64 start;
    GArray *marks;
} Marking;

static void add_mark(JsonObject *mark, void *owner)
{
    const Marking *marking = owner;
    const char *name = json_read_text(mark, "name"), *disk = json_read_text(mark, "disk");
    gint64 at = json_read_integer(mark, "at");
    double seconds = at ? (double)(at - marking->start) / G_USEC_PER_SEC : 0;
    g_autofree char *whole = disk ? g_strdup_printf("%s %s", name, disk) : NULL;
    if (name)
        outcome_add_mark(marking->marks, whole ? whole : name, seconds);
}

void stats_marks(JsonNode *answer, gint64 start, GArray *marks)
{
    Marking marking = { start, marks };
    json_read_each(json_read_object(answer), "marks", MARKS, add_mark, &marking);
}

static void flatten(JsonNode *node, const char *way, Outcome *outcome);

static void flatten_member(const char *way, const char *name, JsonNode *value, Outcome *outcome)
{
    g_autofree char *deeper = *way ? g_strdup_printf("%s.%s", way, name) : g_strdup(name);
    flatten(value, deeper, outcome);
}

static void flatten_object(JsonObject *object, const char *way, Outcome *outcome)
{
    g_autoptr(GList) names = json_object_get_members(object);
    for (GList *name = names; name; name = name->next)
        flatten_member(way, name->data, json_object_get_member(object, name->data), outcome);
}

static void flatten_array(JsonArray *array, const char *way, Outcome *outcome)
{
    for (unsigned i = 0; i < json_array_get_length(array); i++) {
        g_autofree char *number = g_strdup_printf("%u", i);
        flatten_member(way, number, json_array_get_element(array, i), outcome);
    }
}

static void flatten(JsonNode *node, const char *way, Outcome *outcome)
{
    if (JSON_NODE_HOLDS_OBJECT(node))
        flatten_object(json_node_get_object(node), way, outcome);
    else if (JSON_NODE_HOLDS_ARRAY(node))
        flatten_array(json_node_get_array(node), way, outcome);
    else if (JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_INT64 &&
             outcome->counts->len < COUNTS)
        outcome_add_count(outcome, way, json_node_get_int(node));
}

void stats_counts(const char *path, Outcome *outcome)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    if (json_parser_load_from_file(parser, path, NULL) && json_parser_get_root(parser))
        flatten(json_parser_get_root(parser), "", outcome);
}
