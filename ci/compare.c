// Compares two runs.
#include "compare.h"
#include "measures.h"
#include "samples.h"
#include <math.h>
#include <string.h>

// Less likely than this is no chance.
#define CHANCE 0.05

typedef struct Comparison {
    GArray *changes;
    GHashTable *signatures; // that the old run had
    double noise;
} Comparison;

static void clear_change(gpointer data)
{
    g_free(((Change *)data)->measure);
}

static void add(Comparison *comparison, Change change)
{
    change.boot = change.new ? change.new->name : change.old->name;
    g_array_append_val(comparison->changes, change);
}

// --- Verdicts.

static bool is_failure(const Result *result)
{
    return result && !verdict_is_good(result->verdict) && result->verdict != VERDICT_COULD_NOT_TEST;
}

static bool is_untested(const Result *result)
{
    return result->verdict == VERDICT_COULD_NOT_TEST;
}

const char *compare_signature(const Result *result)
{
    const char *signature = result_outcome(result)->signature;
    return signature ? signature : words_name(verdict_words, (int)result->verdict);
}

static void compare_verdicts(Comparison *comparison, const Result *old, const Result *new)
{
    Change change = { .old = old, .new = new };
    if (is_failure(new) && !is_failure(old)) {
        change.kind = CHANGE_BROKE;
        change.worse = true;
    } else if (is_failure(new) && strcmp(compare_signature(old), compare_signature(new)) != 0) {
        change.kind = CHANGE_OTHERWISE;
        change.worse = !g_hash_table_contains(comparison->signatures, compare_signature(new));
    } else if (is_untested(new) && !is_untested(old)) {
        change.kind = CHANGE_UNTESTED;
    } else if (verdict_is_good(new->verdict) && !verdict_is_good(old->verdict)) {
        change.kind = CHANGE_MENDED;
    } else {
        return;
    }
    add(comparison, change);
}

// --- Rates.

unsigned compare_passes(const Result *result)
{
    unsigned count = 0;
    for (unsigned i = 0; i < result->outcomes->len; i++)
        count += verdict_is_good(((const Outcome *)result->outcomes->pdata[i])->verdict);
    return count;
}

unsigned compare_runs(const Result *result)
{
    unsigned count = 0;
    for (unsigned i = 0; i < result->outcomes->len; i++)
        count += ((const Outcome *)result->outcomes->pdata[i])->verdict != VERDICT_COULD_NOT_TEST;
    return count;
}

static void compare_rates(Comparison *comparison, const Result *old, const Result *new)
{
    unsigned passed = compare_passes(old), of = compare_runs(old);
    unsigned now_passed = compare_passes(new), now_of = compare_runs(new);
    if (!of || !now_of || (of == 1 && now_of == 1) || (guint64)passed * now_of == (guint64)now_passed * of)
        return;
    bool less = (guint64)passed * now_of > (guint64)now_passed * of;
    double chance = less ? samples_chance(passed, of, now_passed, now_of)
                         : samples_chance(now_passed, now_of, passed, of);
    add(comparison,
        (Change){ CHANGE_RATE, .old = old, .new = new, .worse = less &&chance < CHANCE, .chance = chance });
}

// --- Times and counts.

// How much more, or less, is noise.
static double margin(const Comparison *comparison, const Measure *old, const Measure *new, double median)
{
    bool few = old->values->len < 3 || new->values->len < 3;
    double part = few ? MAX(comparison->noise, COMPARE_NOISE) : comparison->noise;
    double spread = MAX(samples_spread(old->values), samples_spread(new->values));
    double least = old->is_time ? 0.05 : 10; // a clock's ticks, a handful of exits
    return MAX(MAX(least, 3 * spread), median * (old->is_time ? part : part / 2));
}

static void compare_measure(Comparison *comparison, const Change *of, const Measure *old, const Measure *new)
{
    Change change = *of;
    change.before = samples_median(old->values);
    change.after = samples_median(new->values);
    double noise = margin(comparison, old, new, change.before);
    if (fabs(change.after - change.before) <= noise)
        return;
    change.worse = change.after > change.before;
    change.kind = change.worse ? CHANGE_GREW : CHANGE_SHRANK;
    change.measure = g_strdup(old->name);
    change.is_time = old->is_time;
    add(comparison, change);
}

static void compare_measures(Comparison *comparison, const Result *old, const Result *new)
{
    const Change change = { .old = old, .new = new };
    g_autoptr(GPtrArray) before = measures_of(old);
    g_autoptr(GPtrArray) after = measures_of(new);
    g_autoptr(GHashTable) by_name = g_hash_table_new(g_str_hash, g_str_equal);
    for (unsigned i = 0; i < before->len; i++)
        g_hash_table_insert(by_name, ((const Measure *)before->pdata[i])->name, before->pdata[i]);
    for (unsigned i = 0; i < after->len; i++) {
        const Measure *now = after->pdata[i], *was = g_hash_table_lookup(by_name, now->name);
        if (was && was->is_time == now->is_time)
            compare_measure(comparison, &change, was, now);
    }
}

// --- All of it.

static GHashTable *by_name(const Results *results)
{
    GHashTable *table = g_hash_table_new(g_str_hash, g_str_equal);
    for (unsigned i = 0; i < results->results->len; i++)
        g_hash_table_insert(table, ((Result *)results->results->pdata[i])->name, results->results->pdata[i]);
    return table;
}

static GHashTable *signatures_of(const Results *results)
{
    GHashTable *table = g_hash_table_new(g_str_hash, g_str_equal);
    for (unsigned i = 0; i < results->results->len; i++)
        if (is_failure(results->results->pdata[i]))
            g_hash_table_add(table, (gpointer)compare_signature(results->results->pdata[i]));
    return table;
}

static void compare_boot(Comparison *comparison, const Result *old, const Result *new)
{
    if (!old) {
        bool fails = is_failure(new);
        add(comparison, (Change){ fails ? CHANGE_BROKE : CHANGE_NEW, .new = new, .worse = fails });
        return;
    }
    compare_verdicts(comparison, old, new);
    compare_rates(comparison, old, new);
    compare_measures(comparison, old, new);
}

static double growth(const Change *change)
{
    return change->before > 0 ? change->after / change->before : change->after > 0 ? G_MAXDOUBLE : 1;
}

// The boots' order where nothing else counts: the sort is stable.
static int by_weight(gconstpointer a, gconstpointer b)
{
    const Change *one = a, *other = b;
    if (one->kind != other->kind)
        return one->kind < other->kind ? -1 : 1;
    if (one->kind == CHANGE_BROKE)
        return strcmp(compare_signature(one->new), compare_signature(other->new));
    double more = one->kind == CHANGE_SHRANK ? growth(other) - growth(one) : growth(one) - growth(other);
    return one->measure ? (more < 0) - (more > 0) : 0;
}

GArray *compare_results(const Results *old, const Results *new, double noise)
{
    g_autoptr(GHashTable) before = by_name(old);
    g_autoptr(GHashTable) after = by_name(new);
    g_autoptr(GHashTable) signatures = signatures_of(old);
    Comparison comparison = { g_array_new(FALSE, FALSE, sizeof(Change)), signatures, noise };
    g_array_set_clear_func(comparison.changes, clear_change);
    for (unsigned i = 0; i < new->results->len; i++) {
        const Result *now = new->results->pdata[i];
        if (g_hash_table_lookup(after, now->name) == now)
            compare_boot(&comparison, g_hash_table_lookup(before, now->name), now);
    }
    for (unsigned i = 0; i < old->results->len; i++) {
        const Result *was = old->results->pdata[i];
        if (!g_hash_table_contains(after, was->name))
            add(&comparison, (Change){ CHANGE_GONE, .old = was });
    }
    g_array_sort(comparison.changes, by_weight);
    return comparison.changes;
}
