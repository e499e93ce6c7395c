// JUnit XML.
#include "junit.h"
#include "kind.h"
#include "plain.h"
#include <string.h>

// GitLab takes no more than 30 MB. Each boot has its share, with what those before it left of theirs; what
// all may share comes on top, for those with many cases.
#define SHARES (8u << 20)
#define COMMON (4u << 20)
#define TAIL (8u << 10)
#define BLOCK (4u << 10)
#define TAIL_ATTEMPT (2u << 10)
#define ATTEMPTS 10u
#define AXES 32u

typedef struct Counts {
    unsigned tests, failures, errors, skipped;
} Counts;

typedef struct Writer {
    const Results *results;
    char *package, *file; // of the suite; there may be no file ("")
    char *timestamp;      // or NULL
    GHashTable *names;    // of "class\nname": how often it is there
    GString *suites;      // those that are written
    unsigned boots;       // that were begun
    Counts counts;
} Writer;

typedef struct Suite {
    Writer *writer;
    const Result *result;
    char *class;
    GString *cases;
    unsigned left_out;
    Counts counts;
} Suite;

// --- XML of plain text.

static void add_attribute(GString *text, const char *name, const char *value)
{
    g_autofree char *escaped = g_markup_escape_text(value, -1);
    g_string_append_printf(text, " %s=\"%s\"", name, escaped);
}

static void add_seconds(GString *text, double seconds)
{
    g_autofree char *decimal = plain_seconds(MAX(seconds, 0));
    add_attribute(text, "time", decimal);
}

static void add_element(GString *text, const char *name, const char *content)
{
    g_autofree char *escaped = g_markup_escape_text(content, -1);
    if (*content)
        g_string_append_printf(text, "<%s>%s</%s>\n", name, escaped, name);
}

static void add_counts(GString *text, const Counts *counts)
{
    g_string_append_printf(text, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\"", counts->tests,
        counts->failures, counts->errors, counts->skipped);
}

static void add_property(GString *text, const char *name, const char *value)
{
    g_autofree char *plain_name = kind_name(name);
    g_autofree char *plain = plain_line(value, 1000);
    if (!*plain)
        return;
    g_string_append(text, "<property");
    add_attribute(text, "name", plain_name);
    add_attribute(text, "value", plain);
    g_string_append(text, "/>\n");
}

// --- Cases.

static bool has_room(const Suite *suite)
{
    const Writer *writer = suite->writer;
    gsize shares = (gsize)SHARES * writer->boots / writer->results->results->len;
    return writer->suites->len + suite->cases->len < COMMON + shares;
}

static char *key_of(const Suite *suite, const char *name)
{
    return g_strdup_printf("%s\n%s", suite->class, name);
}

static bool take_name(Suite *suite, const char *name)
{
    char *key = key_of(suite, name);
    bool is_new = !g_hash_table_contains(suite->writer->names, key);
    if (is_new)
        g_hash_table_insert(suite->writer->names, key, GUINT_TO_POINTER(1));
    else
        g_free(key);
    return is_new;
}

// GitLab takes the first of those that are named alike, and forgets the others. Counted, as a guest may have
// many.
static char *unique_name(Suite *suite, const char *name)
{
    g_autofree char *plain = kind_name(name);
    char *key = key_of(suite, plain);
    unsigned times = GPOINTER_TO_UINT(g_hash_table_lookup(suite->writer->names, key));
    char *unique = times == 0 ? g_strdup(plain) : g_strdup_printf("%s (%u)", plain, times + 1);
    while (!take_name(suite, unique)) {
        g_free(unique);
        times++;
        unique = g_strdup_printf("%s (%u)", plain, times + 1);
    }
    g_hash_table_insert(suite->writer->names, key, GUINT_TO_POINTER(times + 1));
    return unique;
}

static void open_case(Suite *suite, const char *name)
{
    g_autofree char *unique = unique_name(suite, name);
    const char *file = suite->writer->file;
    g_string_append(suite->cases, "<testcase");
    add_attribute(suite->cases, "classname", suite->class);
    add_attribute(suite->cases, "name", unique);
    if (*file)
        add_attribute(suite->cases, "file", file);
    suite->counts.tests++;
}

static void add_kind(Suite *suite, Kind kind, const char *type, const char *message, const char *body)
{
    static const char *const elements[] = {
        [KIND_FAIL] = "failure", [KIND_ERROR] = "error", [KIND_EXPECTED] = "skipped", [KIND_SKIP] = "skipped"
    };
    Counts *counts = &suite->counts;
    unsigned *const count[] = { [KIND_FAIL] = &counts->failures,
        [KIND_ERROR] = &counts->errors,
        [KIND_EXPECTED] = &counts->skipped,
        [KIND_SKIP] = &counts->skipped };
    if (kind == KIND_PASS)
        return;
    g_autofree char *escaped = g_markup_escape_text(body, -1);
    g_string_append_printf(suite->cases, "<%s", elements[kind]);
    if (kind == KIND_FAIL || kind == KIND_ERROR)
        add_attribute(suite->cases, "type", type);
    add_attribute(suite->cases, "message", message);
    g_string_append_printf(suite->cases, ">%s</%s>\n", escaped, elements[kind]);
    (*count[kind])++;
}

static void add_case(Suite *suite, const Case *one)
{
    Kind kind = kind_of_case(suite->result, one);
    g_autofree char *why = kind_why_case(suite->result, one);
    g_autofree char *output = plain_text(one->output, TAIL_ATTEMPT);
    open_case(suite, one->name);
    g_string_append(suite->cases, ">\n");
    add_kind(suite, kind, words_name(case_words, (int)one->result), why, output);
    g_string_append(suite->cases, "</testcase>\n");
}

static void add_cases(Suite *suite)
{
    const GPtrArray *cases = result_outcome(suite->result)->cases;
    for (unsigned i = 0; i < cases->len; i++)
        if (has_room(suite))
            add_case(suite, cases->pdata[i]);
        else
            suite->left_out++;
}

// --- The boot itself.

static void add_fact(GString *text, const char *name, const char *value)
{
    g_autofree char *plain = plain_line(value, 1000);
    if (*plain)
        g_string_append_printf(text, "%s: %s\n", name, plain);
}

// GitLab shows this and no system-out of a case.
static char *boot_body(const Suite *suite)
{
    const Outcome *outcome = result_outcome(suite->result);
    const GPtrArray *lines = outcome->block->len > 0 ? outcome->block : outcome->last;
    GString *body = g_string_new(NULL);
    add_fact(body, "stage", outcome->stage);
    add_fact(body, "hang", outcome->hang);
    add_fact(body, "again", suite->result->again);
    if (has_room(suite)) {
        g_autofree char *plain = plain_lines(lines, BLOCK);
        g_string_append(body, plain);
    }
    return g_string_free(body, FALSE);
}

// Surefire's words for the runs that do not count: "flaky" where the boot is well in the end.
static void add_attempt(Suite *suite, const Outcome *outcome)
{
    g_autofree char *element =
        g_strdup_printf("%s%s", verdict_is_good(suite->result->verdict) ? "flaky" : "rerun",
            kind_of_verdict(outcome->verdict) == KIND_ERROR ? "Error" : "Failure");
    g_autofree char *why = kind_why_outcome(outcome);
    g_autofree char *block = plain_lines(outcome->block, TAIL_ATTEMPT);
    g_autofree char *last = plain_lines(outcome->last, TAIL_ATTEMPT);
    g_string_append_printf(suite->cases, "<%s", element);
    add_attribute(suite->cases, "type", words_name(verdict_words, (int)outcome->verdict));
    add_attribute(suite->cases, "message", why);
    g_string_append(suite->cases, ">\n");
    add_element(suite->cases, "stackTrace", *block ? block : why);
    add_element(suite->cases, "system-out", last);
    g_string_append_printf(suite->cases, "</%s>\n", element);
}

// Those that failed, without the one that "boot" itself tells of.
static void add_attempts(Suite *suite)
{
    const GPtrArray *outcomes = suite->result->outcomes;
    Kind kind = kind_of_verdict(suite->result->verdict);
    unsigned count = outcomes->len - (kind == KIND_PASS ? 0 : 1), written = 0;
    for (unsigned i = 0; i < count && written < ATTEMPTS && kind != KIND_EXPECTED; i++) {
        const Outcome *outcome = outcomes->pdata[i];
        if (verdict_is_good(outcome->verdict) || !has_room(suite))
            continue;
        add_attempt(suite, outcome);
        written++;
    }
}

static void add_boot(Suite *suite)
{
    const Outcome *outcome = result_outcome(suite->result);
    Kind kind = kind_of_verdict(suite->result->verdict);
    g_autofree char *why = kind_why(suite->result);
    g_autofree char *body = boot_body(suite);
    g_autofree char *last = plain_lines(outcome->last, TAIL);
    open_case(suite, "boot");
    add_seconds(suite->cases, outcome->seconds);
    g_string_append(suite->cases, ">\n");
    add_kind(suite, kind, words_name(verdict_words, (int)suite->result->verdict), why, body);
    add_attempts(suite);
    if (kind != KIND_PASS && has_room(suite))
        add_element(suite->cases, "system-out", last);
    g_string_append(suite->cases, "</testcase>\n");
}

// --- Suites.

// Jenkins has what is before the last dot for a package, and gives the rest a page by its name.
static char *class_of(const char *package, const char *boot)
{
    g_autofree char *name = kind_name(boot);
    return g_strdup_printf("%s.%s", package, g_strdelimit(name, ".", '_'));
}

static char *package_of(const Results *results)
{
    g_autofree char *base = results->suite ? g_path_get_basename(results->suite) : g_strdup("lparun-ci");
    char *dot = strrchr(base, '.');
    if (dot && dot > base)
        *dot = '\0';
    return g_strdelimit(kind_name(base), ".", '_');
}

static void add_properties(const Suite *suite)
{
    GString *text = suite->writer->suites;
    const Result *result = suite->result;
    g_autofree char *left_out = g_strdup_printf("%u", suite->left_out);
    g_string_append(text, "<properties>\n");
    add_property(text, "verdict", words_name(verdict_words, (int)result->verdict));
    for (unsigned i = 0; i < MIN(result->axes->len, AXES); i++)
        add_property(text, ((const Axis *)result->axes->pdata[i])->name,
            ((const Axis *)result->axes->pdata[i])->value);
    add_property(text, "again", result->again);
    add_property(text, "lparun-ci", suite->writer->results->version);
    add_property(text, "host", suite->writer->results->host);
    if (suite->left_out > 0)
        add_property(text, "cases left out", left_out);
    g_string_append(text, "</properties>\n");
}

static void sum(Counts *all, const Counts *some)
{
    all->tests += some->tests;
    all->failures += some->failures;
    all->errors += some->errors;
    all->skipped += some->skipped;
}

static void close_suite(Suite *suite)
{
    Writer *writer = suite->writer;
    g_autofree char *name = kind_name(suite->result->name);
    g_string_append(writer->suites, "<testsuite");
    add_attribute(writer->suites, "name", name);
    add_counts(writer->suites, &suite->counts);
    add_seconds(writer->suites, result_seconds(suite->result));
    if (writer->timestamp)
        add_attribute(writer->suites, "timestamp", writer->timestamp);
    g_string_append(writer->suites, ">\n");
    add_properties(suite);
    g_string_append_len(writer->suites, suite->cases->str, (gssize)suite->cases->len);
    g_string_append(writer->suites, "</testsuite>\n");
    sum(&writer->counts, &suite->counts);
}

static void add_suite(Writer *writer, const Result *result)
{
    g_autofree char *class = class_of(writer->package, result->name);
    Suite suite = { .writer = writer, .result = result, .class = class, .cases = g_string_new(NULL) };
    add_boot(&suite);
    add_cases(&suite);
    close_suite(&suite);
    g_string_free(suite.cases, TRUE);
}

static char *whole(const Writer *writer)
{
    const Results *results = writer->results;
    g_autofree char *name = kind_name(results->suite ? results->suite : "lparun-ci");
    GString *text = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    add_attribute(text, "name", name);
    add_counts(text, &writer->counts);
    add_seconds(text, results->seconds);
    if (writer->timestamp)
        add_attribute(text, "timestamp", writer->timestamp);
    g_string_append(text, ">\n");
    g_string_append_len(text, writer->suites->str, (gssize)writer->suites->len);
    g_string_append(text, "</testsuites>\n");
    return g_string_free(text, FALSE);
}

char *junit_text(const Results *results)
{
    g_autofree char *package = package_of(results);
    g_autofree char *file = plain_line(results->suite, 1000);
    g_autofree char *timestamp =
        plain_time(results->started, PLAIN_ISO); // without a zone it is UTC for Jenkins
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Writer writer = { .results = results,
        .package = package,
        .file = file,
        .timestamp = timestamp,
        .names = names,
        .suites = g_string_new(NULL) };
    for (unsigned i = 0; i < results->results->len; i++) {
        writer.boots++;
        add_suite(&writer, results->results->pdata[i]);
    }
    char *text = whole(&writer);
    g_string_free(writer.suites, TRUE);
    return text;
}
