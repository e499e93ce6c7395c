// KCIDB's JSON. It has no nulls, and no members of its own choice but in "misc".
#include "kcidb.h"
#include "kind.h"
#include "plain.h"
#include <json-glib/json-glib.h>
#include <string.h>

#define EXCERPT 16384
#define TEXT 1000
#define PATH 300

typedef struct Writer {
    const Results *results;
    const char *origin;
    char *start_time; // or NULL
    JsonArray *checkouts, *builds, *tests, *issues, *incidents;
    GHashTable *ids;   // of builds and issues that are there
    GHashTable *names; // of boots: how often each came
} Writer;

// A boot that is written.
typedef struct Tested {
    const Writer *writer;
    const Result *result;
    char *build;    // its id
    unsigned times; // that a boot of this name came
} Tested;

// --- Members. Names may be a guest's, too.

static void set_text(JsonObject *object, const char *name, const char *value)
{
    g_autofree char *plain_name = kind_name(name);
    g_autofree char *plain = plain_line(value, TEXT);
    if (*plain)
        json_object_set_string_member(object, plain_name, plain);
}

static void set_number(JsonObject *object, const char *name, double value)
{
    g_autofree char *plain_name = kind_name(name);
    json_object_set_double_member(object, plain_name, plain_number(value));
}

static void set_object(JsonObject *object, const char *name, JsonObject *value)
{
    if (json_object_get_size(value) > 0)
        json_object_set_object_member(object, name, value);
    else
        json_object_unref(value);
}

static void set_words(JsonObject *object, const char *name, GStrv words)
{
    JsonArray *array = json_array_new();
    for (unsigned i = 0; words && words[i]; i++) {
        g_autofree char *plain = plain_line(words[i], TEXT);
        json_array_add_string_element(array, plain);
    }
    json_object_set_array_member(object, name, array);
}

static JsonObject *marks_of(const GArray *marks)
{
    JsonObject *object = json_object_new();
    for (unsigned i = 0; i < marks->len; i++)
        set_number(object, g_array_index(marks, Mark, i).name, g_array_index(marks, Mark, i).seconds);
    return object;
}

static JsonObject *counts_of(const GArray *counts)
{
    JsonObject *object = json_object_new();
    for (unsigned i = 0; i < counts->len; i++) {
        g_autofree char *name = kind_name(g_array_index(counts, Count, i).name);
        json_object_set_int_member(object, name, g_array_index(counts, Count, i).value);
    }
    return object;
}

static JsonObject *axes_of(const Result *result)
{
    JsonObject *object = json_object_new();
    for (unsigned i = 0; i < result->axes->len; i++)
        set_text(object, ((const Axis *)result->axes->pdata[i])->name,
            ((const Axis *)result->axes->pdata[i])->value);
    return object;
}

// --- Ids: the origin, and a digest of what is told apart by it.

static void digest(GChecksum *checksum, const char *text)
{
    g_checksum_update(checksum, (const guchar *)(text ? text : ""), text ? (gssize)strlen(text) + 1 : 1);
}

static char *id_of(const Writer *writer, GChecksum *checksum)
{
    return g_strdup_printf("%s:%.40s", writer->origin, g_checksum_get_string(checksum));
}

static void digest_input(GChecksum *checksum, const Input *input)
{
    digest(checksum, input->what);
    digest(checksum, input->sha256 ? input->sha256 : input->path);
    digest(checksum, input->version);
}

static const Input *kernel_of(const Result *result)
{
    for (unsigned i = 0; i < result->inputs->len; i++)
        if (g_strcmp0(((const Input *)result->inputs->pdata[i])->what, "kernel") == 0)
            return result->inputs->pdata[i];
    return NULL;
}

// Of a kernel; without one, of all inputs; without those, of this run.
static char *build_id(const Writer *writer, const Result *result)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    const Input *kernel = kernel_of(result);
    if (kernel)
        digest_input(checksum, kernel);
    for (unsigned i = 0; !kernel && i < result->inputs->len; i++)
        digest_input(checksum, result->inputs->pdata[i]);
    if (result->inputs->len == 0) {
        digest(checksum, writer->results->suite);
        digest(checksum, writer->results->started);
    }
    return id_of(writer, checksum);
}

// Of this run of it: the same test has another id in another run. Of the boot itself, `number` is 0; of its
// cases, one and more.
static char *test_id(const Tested *tested, unsigned number)
{
    const Result *result = tested->result;
    const Results *results = tested->writer->results;
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *seconds = plain_seconds(result_outcome(result)->seconds);
    g_autofree char *numbers = g_strdup_printf("%u %u", tested->times, number);
    const char *const parts[] = { results->suite, results->started, results->host, result->name,
        result->reason, seconds, numbers };
    for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++)
        digest(checksum, parts[i]);
    return id_of(tested->writer, checksum);
}

// --- Paths: [A-Za-z0-9_-], and dots between.

static void add_part(GString *path, const char *text, bool nested)
{
    if (path->len > 0)
        g_string_append_c(path, '.');
    for (; *text; text++)
        if (g_ascii_isalnum(*text) || *text == '-')
            g_string_append_c(path, *text);
        else if (*text == '/' && nested && path->str[path->len - 1] != '.' && text[1])
            g_string_append_c(path, '.');
        else if (path->str[path->len - 1] != '_')
            g_string_append_c(path, '_');
}

static char *path_of(const Result *result, const char *name)
{
    GString *path = g_string_new("boot");
    g_autofree char *boot = kind_name(result->name);
    g_autofree char *one = name ? kind_name(name) : NULL;
    add_part(path, boot, false);
    if (one)
        add_part(path, one, true);
    return g_string_free(path, FALSE);
}

// --- Checkouts and builds.

static JsonObject *with_id(const Writer *writer, const char *id)
{
    JsonObject *object = json_object_new();
    json_object_set_string_member(object, "id", id);
    json_object_set_string_member(object, "origin", writer->origin);
    return object;
}

static void set_start(const Writer *writer, JsonObject *object)
{
    if (writer->start_time)
        json_object_set_string_member(object, "start_time", writer->start_time);
}

static void add_checkout(const Writer *writer, const char *id, const Input *kernel)
{
    JsonObject *checkout = with_id(writer, id);
    set_text(checkout, "comment", kernel ? kernel->version : NULL);
    set_start(writer, checkout);
    json_object_set_boolean_member(checkout, "valid", TRUE);
    json_array_add_object_element(writer->checkouts, checkout);
}

static JsonObject *input_of(const Input *input)
{
    JsonObject *object = json_object_new();
    set_text(object, "what", input->what);
    set_text(object, "path", input->path);
    set_text(object, "sha256", input->sha256);
    set_text(object, "version", input->version);
    json_object_set_int_member(object, "size", input->size);
    return object;
}

static JsonArray *inputs_of(const Result *result)
{
    JsonArray *array = json_array_new();
    for (unsigned i = 0; i < result->inputs->len; i++)
        json_array_add_object_element(array, input_of(result->inputs->pdata[i]));
    return array;
}

static void add_build(const Tested *tested)
{
    const Writer *writer = tested->writer;
    const Input *kernel = kernel_of(tested->result);
    if (!g_hash_table_add(writer->ids, g_strdup(tested->build)))
        return;
    add_checkout(writer, tested->build, kernel);
    JsonObject *build = with_id(writer, tested->build);
    JsonObject *misc = json_object_new();
    json_object_set_string_member(build, "checkout_id", tested->build);
    json_object_set_string_member(build, "architecture", "powerpc");
    set_text(build, "comment", kernel ? kernel->version : NULL);
    set_start(writer, build);
    if (kernel)
        set_object(misc, "kernel", input_of(kernel));
    set_object(build, "misc", misc);
    json_array_add_object_element(writer->builds, build);
}

// --- Issues.

// The suite's word for why a boot fails is the issue; without one, that it does.
static char *issue_of(const Writer *writer, const Result *result)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *unsaid = g_strdup_printf("%s is expected to fail", result->name);
    const char *known = result->known ? result->known : unsaid;
    digest(checksum, "issue");
    digest(checksum, known);
    char *id = id_of(writer, checksum);
    if (!g_hash_table_add(writer->ids, g_strdup(id)))
        return id;
    JsonObject *issue = with_id(writer, id);
    json_object_set_int_member(issue, "version", 1);
    set_text(issue, "comment", known);
    json_array_add_object_element(writer->issues, issue);
    return id;
}

static void add_incident(const Writer *writer, const Result *result, const char *test, bool present)
{
    g_autofree char *issue = issue_of(writer, result);
    JsonObject *incident = with_id(writer, test);
    json_object_set_string_member(incident, "issue_id", issue);
    json_object_set_int_member(incident, "issue_version", 1);
    json_object_set_string_member(incident, "test_id", test);
    json_object_set_boolean_member(incident, "present", present);
    json_array_add_object_element(writer->incidents, incident);
}

// --- Tests.

static const char *status_of(Verdict verdict)
{
    switch (verdict) {
    case VERDICT_PASS:
    case VERDICT_FLAKY:
    case VERDICT_UNEXPECTED_PASS:
        return "PASS";
    case VERDICT_COULD_NOT_TEST:
        return "MISS";
    case VERDICT_WRONG:
    case VERDICT_NO_RESULT:
        return "ERROR";
    default:
        return "FAIL";
    }
}

static const char *status_of_case(const Result *result, const Case *one)
{
    static const char *const statuses[] = { [CASE_PASS] = "PASS",
        [CASE_FAIL] = "FAIL",
        [CASE_SKIP] = "SKIP",
        [CASE_EXPECTED_FAIL] = "SKIP",
        [CASE_TIMEOUT] = "FAIL",
        [CASE_ERROR] = "ERROR" };
    bool says_nothing = case_is_bad(one) && kind_of_verdict(result->verdict) == KIND_ERROR;
    return says_nothing ? "MISS" : statuses[one->result];
}

static JsonObject *environment_of(const Tested *tested)
{
    JsonObject *environment = json_object_new();
    JsonObject *misc = json_object_new();
    set_object(misc, "axes", axes_of(tested->result));
    set_text(environment, "comment", tested->writer->results->host);
    set_object(environment, "misc", misc);
    return environment;
}

static JsonObject *test_of(const Tested *tested, const char *id, const char *name)
{
    g_autofree char *path = path_of(tested->result, name);
    g_autofree char *comment = kind_name(name ? name : tested->result->name);
    JsonObject *test = with_id(tested->writer, id);
    json_object_set_string_member(test, "build_id", tested->build);
    json_object_set_string_member(test, "path", path);
    json_object_set_string_member(test, "comment", comment);
    set_start(tested->writer, test);
    set_object(test, "environment", environment_of(tested));
    return test;
}

static void set_excerpt(JsonObject *test, const char *text)
{
    if (*text)
        json_object_set_string_member(test, "log_excerpt", text);
}

static void set_boot_excerpt(JsonObject *test, const Outcome *outcome)
{
    g_autofree char *block = plain_lines(outcome->block, EXCERPT / 2 - 1);
    g_autofree char *last = plain_lines(outcome->last, EXCERPT / 2 - 1);
    g_autofree char *text = g_strconcat(block, *block && *last ? "\n" : "", last, NULL);
    set_excerpt(test, text);
}

static void set_times(JsonObject *test, const char *status, double seconds)
{
    JsonObject *number = json_object_new();
    set_number(test, "duration", MAX(seconds, 0));
    set_number(number, "value", MAX(seconds, 0));
    json_object_set_string_member(number, "unit", "s");
    json_object_set_string_member(number, "prefix", "metric");
    if (strcmp(status, "MISS") == 0) // there is nothing that was measured
        json_object_unref(number);
    else
        json_object_set_object_member(test, "number", number);
}

static JsonObject *outcome_of(const Outcome *outcome)
{
    JsonObject *object = json_object_new();
    set_text(object, "verdict", words_name(verdict_words, (int)outcome->verdict));
    set_text(object, "reason", outcome->reason);
    set_text(object, "signature", outcome->signature);
    set_text(object, "stage", outcome->stage);
    set_text(object, "hang", outcome->hang);
    set_text(object, "folder", outcome->folder);
    set_number(object, "seconds", outcome->seconds);
    json_object_set_boolean_member(object, "flooded", outcome->flooded);
    json_object_set_boolean_member(object, "incomplete", outcome->incomplete);
    if (outcome->exit_status >= 0)
        json_object_set_int_member(object, "exit-status", outcome->exit_status);
    set_object(object, "timeline", marks_of(outcome->timeline));
    set_object(object, "stages", marks_of(outcome->stages));
    set_object(object, "counts", counts_of(outcome->counts));
    return object;
}

static JsonObject *boot_misc(const Writer *writer, const Result *result)
{
    JsonObject *misc = json_object_new();
    JsonArray *outcomes = json_array_new();
    for (unsigned i = 0; i < result->outcomes->len; i++)
        json_array_add_object_element(outcomes, outcome_of(result->outcomes->pdata[i]));
    set_text(misc, "lparun-ci", writer->results->version);
    set_text(misc, "suite", writer->results->suite);
    set_text(misc, "verdict", words_name(verdict_words, (int)result->verdict));
    set_text(misc, "reason", result->reason);
    set_text(misc, "known", result->known);
    set_text(misc, "again", result->again);
    set_words(misc, "tags", result->tags);
    set_words(misc, "command", result->command);
    json_object_set_array_member(misc, "inputs", inputs_of(result));
    json_object_set_array_member(misc, "outcomes", outcomes);
    return misc;
}

static void add_boot(const Tested *tested)
{
    const Result *result = tested->result;
    const Outcome *outcome = result_outcome(result);
    const char *status = status_of(result->verdict);
    g_autofree char *id = test_id(tested, 0);
    JsonObject *test = test_of(tested, id, NULL);
    json_object_set_string_member(test, "status", status);
    set_times(test, status, outcome->seconds);
    if (result->verdict != VERDICT_PASS)
        set_boot_excerpt(test, outcome);
    json_object_set_object_member(test, "misc", boot_misc(tested->writer, result));
    json_array_add_object_element(tested->writer->tests, test);
    if (result->verdict == VERDICT_KNOWN_FAILURE || result->verdict == VERDICT_UNEXPECTED_PASS)
        add_incident(tested->writer, result, id, result->verdict == VERDICT_KNOWN_FAILURE);
}

static void add_case(const Tested *tested, const Case *one, unsigned number)
{
    const char *status = status_of_case(tested->result, one);
    g_autofree char *excerpt = plain_text(one->output, EXCERPT / 4);
    g_autofree char *id = test_id(tested, number);
    JsonObject *test = test_of(tested, id, one->name);
    JsonObject *misc = json_object_new();
    json_object_set_string_member(test, "status", status);
    if (one->result != CASE_PASS)
        set_excerpt(test, excerpt);
    set_text(misc, "result", words_name(case_words, (int)one->result));
    set_text(misc, "reason", one->text);
    json_object_set_object_member(test, "misc", misc);
    json_array_add_object_element(tested->writer->tests, test);
    if (tested->result->verdict == VERDICT_KNOWN_FAILURE && strcmp(status, "FAIL") == 0)
        add_incident(tested->writer, tested->result, id, true);
}

static void add_result(const Writer *writer, const Result *result)
{
    const GPtrArray *cases = result_outcome(result)->cases;
    g_autofree char *build = build_id(writer, result);
    unsigned times = GPOINTER_TO_UINT(g_hash_table_lookup(writer->names, result->name));
    const Tested tested = { writer, result, build, times + 1 };
    g_hash_table_insert(writer->names, result->name, GUINT_TO_POINTER(tested.times));
    add_build(&tested);
    add_boot(&tested);
    for (unsigned i = 0; i < cases->len; i++)
        add_case(&tested, cases->pdata[i], i + 1);
}

// --- All of it.

static JsonArray *array_in(JsonObject *object, const char *name)
{
    JsonArray *array = json_array_new();
    json_object_set_array_member(object, name, array);
    return array;
}

static JsonObject *whole(const Results *results, const char *origin)
{
    JsonObject *object = json_object_new();
    JsonObject *version = json_object_new();
    json_object_set_int_member(version, "major", 5);
    json_object_set_int_member(version, "minor", 3);
    json_object_set_object_member(object, "version", version);
    g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    g_autofree char *start = plain_time(results->started, PLAIN_ISO "+00:00");
    const Writer writer = { results, origin, start, array_in(object, "checkouts"), array_in(object, "builds"),
        array_in(object, "tests"), array_in(object, "issues"), array_in(object, "incidents"), ids, names };
    for (unsigned i = 0; i < results->results->len; i++)
        add_result(&writer, results->results->pdata[i]);
    return object;
}

static bool is_origin(const char *origin)
{
    return *origin && origin[strspn(origin, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

char *kcidb_text(const Results *results, const char *origin)
{
    if (!is_origin(origin))
        return NULL;
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    json_node_take_object(root, whole(results, origin));
    return json_to_string(root, TRUE);
}
