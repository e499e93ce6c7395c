// results.json, written and read.
#include "results_json.h"
#include "members.h"

// --- Writing.

static void add_strv(JsonBuilder *builder, const char *name, GStrv words)
{
    members_texts(builder, name, words, words ? g_strv_length(words) : 0);
}

static void add_lines(JsonBuilder *builder, const char *name, const GPtrArray *lines)
{
    members_texts(builder, name, (char *const *)lines->pdata, lines->len);
}

static void add_marks(JsonBuilder *builder, const char *name, const GArray *marks)
{
    members_array(builder, name);
    for (unsigned i = 0; i < marks->len; i++) {
        const Mark *mark = &g_array_index(marks, Mark, i);
        json_builder_begin_object(builder);
        members_text(builder, "name", mark->name);
        members_number(builder, "seconds", mark->seconds);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

static void add_counts(JsonBuilder *builder, const GArray *counts)
{
    json_builder_set_member_name(builder, "counts");
    json_builder_begin_object(builder);
    for (unsigned i = 0; i < counts->len; i++)
        members_integer(builder, g_array_index(counts, Count, i).name, g_array_index(counts, Count, i).value);
    json_builder_end_object(builder);
}

static void add_cases(JsonBuilder *builder, const GPtrArray *cases)
{
    members_array(builder, "cases");
    for (unsigned i = 0; i < cases->len; i++) {
        const Case *one = cases->pdata[i];
        json_builder_begin_object(builder);
        members_text(builder, "name", one->name);
        members_text(builder, "result", words_name(case_words, (int)one->result));
        members_text(builder, "text", one->text);
        members_text(builder, "output", one->output);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

static void add_outcome(JsonBuilder *builder, const Outcome *outcome)
{
    json_builder_begin_object(builder);
    members_text(builder, "verdict", words_name(verdict_words, (int)outcome->verdict));
    members_text(builder, "reason", outcome->reason);
    members_text(builder, "signature", outcome->signature);
    members_text(builder, "stage", outcome->stage);
    members_text(builder, "hang", outcome->hang);
    members_number(builder, "seconds", outcome->seconds);
    members_integer(builder, "exit-status", outcome->exit_status);
    members_truth(builder, "flooded", outcome->flooded);
    members_truth(builder, "incomplete", outcome->incomplete);
    members_text(builder, "folder", outcome->folder);
    add_marks(builder, "timeline", outcome->timeline);
    add_marks(builder, "stages", outcome->stages);
    add_counts(builder, outcome->counts);
    add_cases(builder, outcome->cases);
    add_lines(builder, "block", outcome->block);
    add_lines(builder, "last", outcome->last);
    json_builder_end_object(builder);
}

static void add_axes(JsonBuilder *builder, const GPtrArray *axes)
{
    json_builder_set_member_name(builder, "axes");
    json_builder_begin_object(builder);
    for (unsigned i = 0; i < axes->len; i++)
        members_text(builder, ((const Axis *)axes->pdata[i])->name, ((const Axis *)axes->pdata[i])->value);
    json_builder_end_object(builder);
}

static void add_inputs(JsonBuilder *builder, const GPtrArray *inputs)
{
    members_array(builder, "inputs");
    for (unsigned i = 0; i < inputs->len; i++) {
        const Input *input = inputs->pdata[i];
        json_builder_begin_object(builder);
        members_text(builder, "what", input->what);
        members_text(builder, "path", input->path);
        members_text(builder, "sha256", input->sha256);
        members_text(builder, "version", input->version);
        members_integer(builder, "size", input->size);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

static void add_result(JsonBuilder *builder, const Result *result)
{
    json_builder_begin_object(builder);
    members_text(builder, "name", result->name);
    members_text(builder, "verdict", words_name(verdict_words, (int)result->verdict));
    members_text(builder, "reason", result->reason);
    members_text(builder, "known", result->known);
    add_axes(builder, result->axes);
    add_strv(builder, "tags", result->tags);
    add_strv(builder, "command", result->command);
    members_text(builder, "again", result->again);
    add_inputs(builder, result->inputs);
    members_array(builder, "outcomes");
    for (unsigned i = 0; i < result->outcomes->len; i++)
        add_outcome(builder, result->outcomes->pdata[i]);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
}

JsonNode *results_to_json(const Results *results)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    members_integer(builder, "schema", RESULTS_SCHEMA);
    members_text(builder, "lparun-ci", results->version);
    members_text(builder, "suite", results->suite);
    members_text(builder, "started", results->started);
    members_number(builder, "seconds", results->seconds);
    members_text(builder, "host", results->host);
    members_integer(builder, "shard", results->shard);
    members_integer(builder, "shards", results->shards);
    add_strv(builder, "all", results->all);
    members_array(builder, "boots");
    for (unsigned i = 0; i < results->results->len; i++)
        add_result(builder, results->results->pdata[i]);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    return json_builder_get_root(builder);
}

bool results_write(const Results *results, const char *path, GError **error)
{
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) root = results_to_json(results);
    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    gsize length;
    g_autofree char *text = json_generator_to_data(generator, &length);
    return g_file_set_contents(path, text, (gssize)length, error);
}

// --- Reading. A file is another's: what is missing or of another type reads as nothing.

static JsonNode *value_of(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);
    return node && JSON_NODE_HOLDS_VALUE(node) ? node : NULL;
}

static const char *text_of(JsonObject *object, const char *name)
{
    JsonNode *node = value_of(object, name);
    return node ? json_node_get_string(node) : NULL;
}

static char *copy_of(JsonObject *object, const char *name)
{
    return g_strdup(text_of(object, name));
}

static double number_of(JsonObject *object, const char *name)
{
    JsonNode *node = value_of(object, name);
    return node ? json_node_get_double(node) : 0;
}

static gint64 integer_of(JsonObject *object, const char *name)
{
    JsonNode *node = value_of(object, name);
    return node ? json_node_get_int(node) : 0;
}

static bool truth_of(JsonObject *object, const char *name)
{
    JsonNode *node = value_of(object, name);
    return node && json_node_get_boolean(node);
}

static int word_of(JsonObject *object, const char *name, const Word *words, int otherwise)
{
    const char *text = text_of(object, name);
    int value;
    return text && words_find(words, text, &value) ? value : otherwise;
}

static JsonArray *array_of(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);
    return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

static JsonObject *object_of(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);
    return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

// Calls `each` for the objects of an array.
static void each_of(
    JsonObject *object, const char *name, void (*each)(JsonObject *element, void *owner), void *owner)
{
    JsonArray *array = array_of(object, name);
    for (unsigned i = 0; array && i < json_array_get_length(array); i++) {
        JsonNode *element = json_array_get_element(array, i);
        if (JSON_NODE_HOLDS_OBJECT(element))
            each(json_node_get_object(element), owner);
    }
}

static void read_lines(JsonObject *object, const char *name, GPtrArray *lines)
{
    JsonArray *array = array_of(object, name);
    for (unsigned i = 0; array && i < json_array_get_length(array); i++) {
        JsonNode *element = json_array_get_element(array, i);
        const char *text = JSON_NODE_HOLDS_VALUE(element) ? json_node_get_string(element) : NULL;
        g_ptr_array_add(lines, g_strdup(text ? text : ""));
    }
}

static GStrv strv_of(JsonObject *object, const char *name)
{
    GPtrArray *words = g_ptr_array_new();
    read_lines(object, name, words);
    g_ptr_array_add(words, NULL);
    return (GStrv)g_ptr_array_free(words, FALSE);
}

static void read_mark(JsonObject *object, void *owner)
{
    const char *name = text_of(object, "name");
    outcome_add_mark(owner, name ? name : "", number_of(object, "seconds"));
}

static void read_case(JsonObject *object, void *owner)
{
    const char *name = text_of(object, "name");
    outcome_add_case(owner, name ? name : "", (CaseResult)word_of(object, "result", case_words, CASE_ERROR),
        text_of(object, "text"), text_of(object, "output"));
}

static void read_count(JsonObject *counts, const char *name, JsonNode *value, gpointer owner)
{
    if (JSON_NODE_HOLDS_VALUE(value))
        outcome_add_count(owner, name, json_node_get_int(value));
}

static void read_outcome(JsonObject *object, void *owner)
{
    Outcome *outcome = outcome_new();
    JsonObject *counts = object_of(object, "counts");
    outcome->verdict = (Verdict)word_of(object, "verdict", verdict_words, VERDICT_NO_RESULT);
    outcome->reason = copy_of(object, "reason");
    outcome->signature = copy_of(object, "signature");
    outcome->stage = copy_of(object, "stage");
    outcome->hang = copy_of(object, "hang");
    outcome->folder = copy_of(object, "folder");
    outcome->seconds = number_of(object, "seconds");
    if (value_of(object, "exit-status"))
        outcome->exit_status = (int)CLAMP(integer_of(object, "exit-status"), -1, G_MAXINT);
    outcome->flooded = truth_of(object, "flooded");
    outcome->incomplete = truth_of(object, "incomplete");
    each_of(object, "timeline", read_mark, outcome->timeline);
    each_of(object, "stages", read_mark, outcome->stages);
    each_of(object, "cases", read_case, outcome);
    if (counts)
        json_object_foreach_member(counts, read_count, outcome);
    read_lines(object, "block", outcome->block);
    read_lines(object, "last", outcome->last);
    g_ptr_array_add(((Result *)owner)->outcomes, outcome);
}

static void read_axis(JsonObject *axes, const char *name, JsonNode *value, gpointer owner)
{
    if (JSON_NODE_HOLDS_VALUE(value))
        result_add_axis(owner, name, json_node_get_string(value));
}

static void read_input(JsonObject *object, void *owner)
{
    Input *input = g_new0(Input, 1);
    input->what = copy_of(object, "what");
    input->path = copy_of(object, "path");
    input->sha256 = copy_of(object, "sha256");
    input->version = copy_of(object, "version");
    input->size = integer_of(object, "size");
    g_ptr_array_add(((Result *)owner)->inputs, input);
}

static void read_result(JsonObject *object, void *owner)
{
    const char *name = text_of(object, "name");
    Result *result = result_new(name ? name : "");
    JsonObject *axes = object_of(object, "axes");
    result->verdict = (Verdict)word_of(object, "verdict", verdict_words, VERDICT_NO_RESULT);
    result->reason = copy_of(object, "reason");
    result->known = copy_of(object, "known");
    result->again = copy_of(object, "again");
    result->tags = strv_of(object, "tags");
    result->command = strv_of(object, "command");
    if (axes)
        json_object_foreach_member(axes, read_axis, result);
    each_of(object, "inputs", read_input, result);
    each_of(object, "outcomes", read_outcome, result);
    if (result->outcomes->len == 0)
        g_ptr_array_add(result->outcomes, outcome_new());
    g_ptr_array_add(((Results *)owner)->results, result);
}

static Results *read_all(JsonObject *object)
{
    Results *results = results_new();
    results->version = copy_of(object, "lparun-ci");
    results->suite = copy_of(object, "suite");
    results->started = copy_of(object, "started");
    results->host = copy_of(object, "host");
    results->seconds = number_of(object, "seconds");
    results->shard = (unsigned)integer_of(object, "shard");
    results->shards = (unsigned)integer_of(object, "shards");
    results->all = strv_of(object, "all");
    each_of(object, "boots", read_result, results);
    return results;
}

Results *results_read(const char *path, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    if (!json_parser_load_from_file(parser, path, error)) {
        g_prefix_error(error, "%s: ", path);
        return NULL;
    }
    JsonNode *root = json_parser_get_root(parser);
    JsonObject *object = root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root) : NULL;
    if (!object || integer_of(object, "schema") != RESULTS_SCHEMA) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: no results.json of schema %d", path,
            RESULTS_SCHEMA);
        return NULL;
    }
    return read_all(object);
}
