// The tree of tests, and the cases that are made of it.
#include "ktap_test.h"

#define NAME_LONGEST 500 // bytes of a case's name

KtapTest *ktap_test_new(
    const char *name, CaseResult result, const char *text, const char *output, GPtrArray *below)
{
    KtapTest *test = g_new0(KtapTest, 1);
    *test = (KtapTest){ g_strdup(name), result, g_strdup(text), g_strdup(output), below };
    return test;
}

void ktap_test_free(gpointer data)
{
    KtapTest *test = data;
    g_free(test->name);
    g_free(test->text);
    g_free(test->output);
    g_clear_pointer(&test->below, g_ptr_array_unref);
    g_free(test);
}

bool ktap_result_is_bad(CaseResult result)
{
    return result == CASE_FAIL || result == CASE_TIMEOUT || result == CASE_ERROR;
}

bool ktap_tests_are_bad(const GPtrArray *tests)
{
    for (unsigned i = 0; i < tests->len; i++) {
        const KtapTest *test = tests->pdata[i];
        if (ktap_result_is_bad(test->result) || (test->below && ktap_tests_are_bad(test->below)))
            return true;
    }
    return false;
}

// --- Cases

typedef struct Report {
    Outcome *outcome;
    GHashTable *names; // and how many have each
} Report;

static unsigned count_name(Report *report, const char *name)
{
    unsigned count = GPOINTER_TO_UINT(g_hash_table_lookup(report->names, name)) + 1;
    g_hash_table_insert(report->names, g_strdup(name), GUINT_TO_POINTER(count));
    return count;
}

// No other case of the outcome has it.
static char *unique(Report *report, const char *name)
{
    unsigned count = count_name(report, name);
    char *own = count == 1 ? g_strdup(name) : g_strdup_printf("%s (%u)", name, count);
    while (count > 1 && count_name(report, own) > 1) {
        g_free(own);
        own = g_strdup_printf("%s (%u)", name, count = count_name(report, name));
    }
    return own;
}

static char *joined(const char *above, const char *name)
{
    g_autofree char *all = above ? g_strdup_printf("%s/%s", above, name) : g_strdup(name);
    g_autofree char *cut = g_strndup(all, NAME_LONGEST);
    return g_utf8_make_valid(cut, -1);
}

// A failed test below fails those above it; a time limit is something else than what failed below.
static bool has_own_case(const KtapTest *test)
{
    if (!test->below)
        return true;
    if (test->result == CASE_TIMEOUT)
        return true;
    return ktap_result_is_bad(test->result) && !ktap_tests_are_bad(test->below);
}

static void report_tests(Report *report, const GPtrArray *tests, const char *above)
{
    for (unsigned i = 0; i < tests->len; i++) {
        const KtapTest *test = tests->pdata[i];
        g_autofree char *name = joined(above, test->name);
        if (test->below)
            report_tests(report, test->below, name);
        if (!has_own_case(test))
            continue;
        g_autofree char *own = unique(report, name);
        outcome_add_case(report->outcome, own, test->result, test->text, test->output);
    }
}

void ktap_tests_report(const GPtrArray *tests, Outcome *outcome)
{
    Report report = { outcome, g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL) };
    for (unsigned i = 0; i < outcome->cases->len; i++)
        count_name(&report, ((const Case *)outcome->cases->pdata[i])->name);
    report_tests(&report, tests, NULL);
    g_hash_table_unref(report.names);
}
