// What is left of boots.
#include "outcome.h"

const Word case_words[] = {
    { "pass", CASE_PASS },
    { "fail", CASE_FAIL },
    { "skip", CASE_SKIP },
    { "expected fail", CASE_EXPECTED_FAIL },
    { "timeout", CASE_TIMEOUT },
    { "error", CASE_ERROR },
    { 0 },
};

static void clear_mark(gpointer data)
{
    g_free(((Mark *)data)->name);
}

static void clear_count(gpointer data)
{
    g_free(((Count *)data)->name);
}

static void case_free(gpointer data)
{
    Case *one = data;
    g_free(one->name);
    g_free(one->text);
    g_free(one->output);
    g_free(one);
}

static void input_free(gpointer data)
{
    Input *input = data;
    g_free(input->what);
    g_free(input->path);
    g_free(input->sha256);
    g_free(input->version);
    g_free(input);
}

Axis *axis_new(const char *name, const char *value)
{
    Axis *axis = g_new0(Axis, 1);
    *axis = (Axis){ g_strdup(name), g_strdup(value) };
    return axis;
}

void axis_free(gpointer data)
{
    Axis *axis = data;
    g_free(axis->name);
    g_free(axis->value);
    g_free(axis);
}

static GArray *array_of(gsize size, GDestroyNotify clear)
{
    GArray *array = g_array_new(FALSE, FALSE, (guint)size);
    g_array_set_clear_func(array, clear);
    return array;
}

GArray *outcome_marks_new(void)
{
    return array_of(sizeof(Mark), clear_mark);
}

Outcome *outcome_new(void)
{
    Outcome *outcome = g_new0(Outcome, 1);
    outcome->timeline = outcome_marks_new();
    outcome->stages = outcome_marks_new();
    outcome->counts = array_of(sizeof(Count), clear_count);
    outcome->cases = g_ptr_array_new_with_free_func(case_free);
    outcome->block = g_ptr_array_new_with_free_func(g_free);
    outcome->last = g_ptr_array_new_with_free_func(g_free);
    outcome->exit_status = -1;
    return outcome;
}

void outcome_free(Outcome *outcome)
{
    if (!outcome)
        return;
    g_free(outcome->reason);
    g_free(outcome->signature);
    g_free(outcome->stage);
    g_free(outcome->hang);
    g_free(outcome->folder);
    g_array_unref(outcome->timeline);
    g_array_unref(outcome->stages);
    g_array_unref(outcome->counts);
    g_ptr_array_unref(outcome->cases);
    g_ptr_array_unref(outcome->block);
    g_ptr_array_unref(outcome->last);
    g_clear_pointer(&outcome->console, g_ptr_array_unref);
    g_clear_pointer(&outcome->output, g_byte_array_unref);
    g_clear_pointer(&outcome->raw, g_byte_array_unref);
    g_free(outcome);
}

void outcome_add_mark(GArray *marks, const char *name, double seconds)
{
    const Mark mark = { g_strdup(name), seconds };
    g_array_append_val(marks, mark);
}

void outcome_add_count(Outcome *outcome, const char *name, gint64 value)
{
    const Count count = { g_strdup(name), value };
    g_array_append_val(outcome->counts, count);
}

void outcome_add_case(
    Outcome *outcome, const char *name, CaseResult result, const char *text, const char *output)
{
    Case *one = g_new0(Case, 1);
    *one = (Case){ g_strdup(name), result, g_strdup(text), g_strdup(output) };
    g_ptr_array_add(outcome->cases, one);
}

bool case_is_bad(const Case *one)
{
    return one->result == CASE_FAIL || one->result == CASE_TIMEOUT || one->result == CASE_ERROR;
}

static void free_outcome(gpointer data)
{
    outcome_free(data);
}

Result *result_new(const char *name)
{
    Result *result = g_new0(Result, 1);
    result->name = g_strdup(name);
    result->axes = g_ptr_array_new_with_free_func(axis_free);
    result->outcomes = g_ptr_array_new_with_free_func(free_outcome);
    result->inputs = g_ptr_array_new_with_free_func(input_free);
    return result;
}

void result_free(Result *result)
{
    g_free(result->name);
    g_free(result->known);
    g_free(result->reason);
    g_free(result->again);
    g_strfreev(result->tags);
    g_strfreev(result->command);
    g_ptr_array_unref(result->axes);
    g_ptr_array_unref(result->outcomes);
    g_ptr_array_unref(result->inputs);
    g_free(result);
}

void result_add_axis(Result *result, const char *name, const char *value)
{
    g_ptr_array_add(result->axes, axis_new(name, value));
}

const Outcome *result_outcome(const Result *result)
{
    return result->outcomes->pdata[result->outcomes->len - 1];
}

double result_seconds(const Result *result)
{
    double seconds = 0;
    for (unsigned i = 0; i < result->outcomes->len; i++)
        seconds += ((const Outcome *)result->outcomes->pdata[i])->seconds;
    return seconds;
}

static void free_result(gpointer data)
{
    result_free(data);
}

Results *results_new(void)
{
    Results *results = g_new0(Results, 1);
    results->results = g_ptr_array_new_with_free_func(free_result);
    return results;
}

void results_free(Results *results)
{
    g_free(results->suite);
    g_free(results->started);
    g_free(results->version);
    g_free(results->host);
    g_strfreev(results->all);
    g_ptr_array_unref(results->results);
    g_free(results);
}

void results_count(const Results *results, unsigned counts[VERDICTS])
{
    for (unsigned i = 0; i < VERDICTS; i++)
        counts[i] = 0;
    for (unsigned i = 0; i < results->results->len; i++)
        counts[((const Result *)results->results->pdata[i])->verdict]++;
}

GPtrArray *results_missing(const Results *results, bool (*counts)(const Result *result))
{
    g_autoptr(GHashTable) there = g_hash_table_new(g_str_hash, g_str_equal);
    GPtrArray *missing = g_ptr_array_new();
    for (unsigned i = 0; i < results->results->len; i++) {
        const Result *result = results->results->pdata[i];
        if (!counts || counts(result))
            g_hash_table_add(there, result->name);
    }
    for (char **name = results->all; name && *name; name++)
        if (g_hash_table_add(there, *name))
            g_ptr_array_add(missing, *name);
    return missing;
}

// A failure of a guest's says more than a host that could not test; a wrong boot file goes before both.
int results_status(const Results *results)
{
    static const int rank[] = { 0, 2, 3, 1 };
    int worst = 0;
    for (unsigned i = 0; i < results->results->len; i++) {
        int status = verdict_status(((const Result *)results->results->pdata[i])->verdict);
        if (rank[status] > rank[worst])
            worst = status;
    }
    return worst;
}
