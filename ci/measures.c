// Times and counts of a boot's runs.
#include "measures.h"
#include <math.h>
#include <string.h>

#define MARKS_MOST 64u

typedef struct Measures {
    GPtrArray *all;      // of Measure
    GHashTable *by_name; // the same
} Measures;

static void measure_free(gpointer data)
{
    Measure *measure = data;
    g_free(measure->name);
    g_array_unref(measure->values);
    g_free(measure);
}

static Measure *measure_new(const char *name, bool is_time)
{
    Measure *measure = g_new0(Measure, 1);
    *measure = (Measure){ g_strdup(name), is_time, g_array_new(FALSE, FALSE, sizeof(double)) };
    return measure;
}

static void add(Measures *measures, const char *name, bool is_time, double value)
{
    Measure *measure = g_hash_table_lookup(measures->by_name, name);
    if (!isfinite(value) || value < 0)
        return;
    if (!measure) {
        measure = measure_new(name, is_time);
        g_ptr_array_add(measures->all, measure);
        g_hash_table_insert(measures->by_name, measure->name, measure);
    }
    if (measure->is_time == is_time)
        g_array_append_val(measure->values, value);
}

// A guest that starts anew comes to everything again: the first time counts.
static bool is_first(const GArray *marks, unsigned place)
{
    const char *name = g_array_index(marks, Mark, place).name;
    for (unsigned i = 0; i < place; i++)
        if (strcmp(g_array_index(marks, Mark, i).name, name) == 0)
            return false;
    return true;
}

// A stage lasts to the next one, the last one to the end.
static void add_stages(Measures *measures, const GArray *stages, double end)
{
    for (unsigned i = 0; i < MIN(stages->len, MARKS_MOST); i++) {
        const Mark *mark = &g_array_index(stages, Mark, i);
        if (!is_first(stages, i))
            continue;
        double next = i + 1 < stages->len ? g_array_index(stages, Mark, i + 1).seconds : end;
        add(measures, mark->name, true, next - mark->seconds);
    }
}

// From each mark to the next: a slower firmware makes no later mark look slower.
static void add_timeline(Measures *measures, const GArray *timeline)
{
    for (unsigned i = 1; i < MIN(timeline->len, MARKS_MOST); i++) {
        if (!is_first(timeline, i))
            continue;
        const Mark *mark = &g_array_index(timeline, Mark, i - 1), *next = &g_array_index(timeline, Mark, i);
        g_autofree char *name = g_strdup_printf("%s to %s", mark->name, next->name);
        add(measures, name, true, next->seconds - mark->seconds);
    }
}

static void add_outcome(Measures *measures, const Outcome *outcome)
{
    add(measures, "seconds", true, outcome->seconds);
    add_stages(measures, outcome->stages, outcome->seconds);
    add_timeline(measures, outcome->timeline);
    for (unsigned i = 0; i < outcome->counts->len; i++) {
        const Count *count = &g_array_index(outcome->counts, Count, i);
        add(measures, count->name, false, (double)count->value);
    }
}

GPtrArray *measures_of(const Result *result)
{
    g_autoptr(GHashTable) by_name = g_hash_table_new(g_str_hash, g_str_equal);
    Measures measures = { g_ptr_array_new_with_free_func(measure_free), by_name };
    for (unsigned i = 0; i < result->outcomes->len; i++) {
        const Outcome *outcome = result->outcomes->pdata[i];
        if (verdict_is_good(outcome->verdict))
            add_outcome(&measures, outcome);
    }
    return measures.all;
}
