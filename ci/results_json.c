// results.json, written and read.
#include "results_json.h"
#include "json_read.h"
#include "json_write.h"

// --- Writing.

static void add_strv(JsonBuilder *builder, const char *name, GStrv words)
{
    json_write_texts(builder, name, words, words ? g_strv_length(words) : 0);
}

static void add_lines(JsonBuilder *builder, const char *name, const GPtrArray *lines)
{
    json_write_texts(builder, name, (char *const *)lines->pdata, lines->len);
}

static void add_marks(JsonBuilder *builder, const char *name, const GArray *marks)
{
    json_write_array(builder, name);
    for (unsigned i = 0; i < marks->len; i++) {
        const Mark *mark = &g_array_index(marks, Mark, i);
        json_builder_begin_object(builder);
        json_write_text(builder, "name", mark->name);
        json_write_number(builder, "seconds", mark->seconds);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

static void add_counts(JsonBuilder *builder, const GArray *counts)
{
    json_builder_set_member_name(builder, "counts");
    json_builder_begin_object(builder);
    for (unsigned i = 0; i < counts->len; i++)
        json_write_integer(
            builder, g_array_index(counts, Count, i).name, g_array_index(counts, Count, i).value);
    json_builder_end_object(builder);
}

static void add_cases(JsonBuilder *builder, const GPtrArray *cases)
{
    json_write_array(builder, "cases");
    for (unsigned i = 0; i < cases->len; i++) {
        const Case *one = cases->pdata[i];
        json_builder_begin_object(builder);
        json_write_text(builder, "name", one->name);
        json_write_text(builder, "result", words_name(case_words, (int)one->result));
        json_write_text(builder, "text", one->text);
        json_write_text(builder, "output", one->output);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

static void add_outcome(JsonBuilder *builder, const Outcome *outcome)
{
    json_builder_begin_object(builder);
    json_write_text(builder, "verdict", words_name(verdict_words, (int)outcome->verdict));
    json_write_text(builder, "reason", outcome->reason);
    json_write_text(builder, "signature", outcome->signature);
    json_write_text(builder, "stage", outcome->stage);
    json_write_text(builder, "hang", outcome->hang);
    json_write_number(builder, "seconds", outcome->seconds);
    json_write_integer(builder, "exit-status", outcome->exit_status);
    json_write_truth(builder, "flooded", outcome->flooded);
    json_write_truth(builder, "incomplete", outcome->incomplete);
    json_write_text(builder, "folder", outcome->folder);
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
        json_write_text(builder, ((const Axis *)axes->pdata[i])->name, ((const Axis *)axes->pdata[i])->value);
    json_builder_end_object(builder);
}

static void add_inputs(JsonBuilder *builder, const GPtrArray *inputs)
{
    json_write_array(builder, "inputs");
    for (unsigned i = 0; i < inputs->len; i++) {
        const Input *input = inputs->pdata[i];
        json_builder_begin_object(builder);
        json_write_text(builder, "what", input->what);
        json_write_text(builder, "path", input->path);
        json_write_text(builder, "sha256", input->sha256);
        json_write_text(builder, "version", input->version);
        json_write_integer(builder, "size", input->size);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

static void add_result(JsonBuilder *builder, const Result *result)
{
    json_builder_begin_object(builder);
    json_write_text(builder, "name", result->name);
    json_write_text(builder, "verdict", words_name(verdict_words, (int)result->verdict));
    json_write_text(builder, "reason", result->reason);
    json_write_text(builder, "known", result->known);
    add_axes(builder, result->axes);
    add_strv(builder, "tags", result->tags);
    add_strv(builder, "command", result->command);
    json_write_text(builder, "again", result->again);
    add_inputs(builder, result->inputs);
    json_write_array(builder, "outcomes");
    for (unsigned i = 0; i < result->outcomes->len; i++)
        add_outcome(builder, result->outcomes->pdata[i]);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
}

JsonNode *results_to_json(const Results *results)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    json_write_integer(builder, "schema", RESULTS_SCHEMA);
    json_write_text(builder, "lparun-ci", results->version);
    json_write_text(builder, "suite", results->suite);
    json_write_text(builder, "started", results->started);
    json_write_number(builder, "seconds", results->seconds);
    json_write_text(builder, "host", results->host);
    json_write_integer(builder, "shard", results->shard);
    json_write_integer(builder, "shards", results->shards);
    add_strv(builder, "all", results->all);
    json_write_array(builder, "boots");
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

// --- Reading.

static char *copy_of(JsonObject *object, const char *name)
{
    return g_strdup(json_read_text(object, name));
}

static int word_of(JsonObject *object, const char *name, const Word *words, int otherwise)
{
    const char *text = json_read_text(object, name);
    int value;
    return text && words_find(words, text, &value) ? value : otherwise;
}

static void read_lines(JsonObject *object, const char *name, GPtrArray *lines)
{
    JsonNode *node = json_object_get_member(object, name);
    JsonArray *array = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
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
    const char *name = json_read_text(object, "name");
    outcome_add_mark(owner, name ? name : "", json_read_number(object, "seconds"));
}

static void read_case(JsonObject *object, void *owner)
{
    const char *name = json_read_text(object, "name");
    outcome_add_case(owner, name ? name : "", (CaseResult)word_of(object, "result", case_words, CASE_ERROR),
        json_read_text(object, "text"), json_read_text(object, "output"));
}

static void read_count(JsonObject *counts, const char *name, JsonNode *value, gpointer owner)
{
    if (JSON_NODE_HOLDS_VALUE(value))
        outcome_add_count(owner, name, json_node_get_int(value));
}

// -1: none is said.
static int status_of(JsonObject *object)
{
    JsonNode *node = json_object_get_member(object, "exit-status");
    return node && JSON_NODE_HOLDS_VALUE(node) ? (int)CLAMP(json_node_get_int(node), -1, G_MAXINT) : -1;
}

static void read_outcome(JsonObject *object, void *owner)
{
    Outcome *outcome = outcome_new();
    JsonObject *counts = json_read_member(object, "counts");
    outcome->verdict = (Verdict)word_of(object, "verdict", verdict_words, VERDICT_NO_RESULT);
    outcome->reason = copy_of(object, "reason");
    outcome->signature = copy_of(object, "signature");
    outcome->stage = copy_of(object, "stage");
    outcome->hang = copy_of(object, "hang");
    outcome->folder = copy_of(object, "folder");
    outcome->seconds = json_read_number(object, "seconds");
    outcome->exit_status = status_of(object);
    outcome->flooded = json_read_truth(object, "flooded");
    outcome->incomplete = json_read_truth(object, "incomplete");
    json_read_each(object, "timeline", G_MAXUINT, read_mark, outcome->timeline);
    json_read_each(object, "stages", G_MAXUINT, read_mark, outcome->stages);
    json_read_each(object, "cases", G_MAXUINT, read_case, outcome);
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
    input->size = json_read_integer(object, "size");
    g_ptr_array_add(((Result *)owner)->inputs, input);
}

static void read_result(JsonObject *object, void *owner)
{
    const char *name = json_read_text(object, "name");
    Result *result = result_new(name ? name : "");
    JsonObject *axes = json_read_member(object, "axes");
    result->verdict = (Verdict)word_of(object, "verdict", verdict_words, VERDICT_NO_RESULT);
    result->reason = copy_of(object, "reason");
    result->known = copy_of(object, "known");
    result->again = copy_of(object, "again");
    result->tags = strv_of(object, "tags");
    result->command = strv_of(object, "command");
    if (axes)
        json_object_foreach_member(axes, read_axis, result);
    json_read_each(object, "inputs", G_MAXUINT, read_input, result);
    json_read_each(object, "outcomes", G_MAXUINT, read_outcome, result);
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
    results->seconds = json_read_number(object, "seconds");
    results->shard = (unsigned)json_read_integer(object, "shard");
    results->shards = (unsigned)json_read_integer(object, "shards");
    results->all = strv_of(object, "all");
    json_read_each(object, "boots", G_MAXUINT, read_result, results);
    return results;
}

Results *results_read(const char *path, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    if (!json_parser_load_from_file(parser, path, error)) {
        g_prefix_error(error, "%s: ", path);
        return NULL;
    }
    JsonObject *object = json_read_object(json_parser_get_root(parser));
    if (!object || json_read_integer(object, "schema") != RESULTS_SCHEMA) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: no results.json of schema %d", path,
            RESULTS_SCHEMA);
        return NULL;
    }
    return read_all(object);
}
