// Two runs compared: verdicts, rates, times and counts, and the noise that is none of these.
#include "ci_results.h"
#include "compare.h"
#include "measures.h"
#include "samples.h"
#include <math.h>

// --- Numbers.

static GArray *samples(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    GArray *values = g_array_new(FALSE, FALSE, sizeof(double));
    for (char **word = words; *word && **word; word++) {
        double value = g_ascii_strtod(*word, NULL);
        g_array_append_val(values, value);
    }
    return values;
}

static void test_samples(void)
{
    static const struct {
        const char *values;
        double median, spread;
    } cases[] = { { "", 0, 0 }, { "5", 5, 0 }, { "3 1", 2, 1 }, { "9 1 5", 5, 4 },
        { "4 1 3 100", 3.5, 1.5 } };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GArray) values = samples(cases[i].values);
        g_assert_cmpfloat(samples_median(values), ==, cases[i].median);
        g_assert_cmpfloat(samples_spread(values), ==, cases[i].spread);
    }
}

// Values that a table of the hypergeometric distribution has.
static void test_chance(void)
{
    g_assert_cmpfloat_with_epsilon(samples_chance(10, 10, 0, 10), 1 / 184756.0, 1e-9);
    g_assert_cmpfloat_with_epsilon(samples_chance(10, 10, 7, 10), 2 / 19.0, 1e-9);
    g_assert_cmpfloat_with_epsilon(samples_chance(1, 1, 0, 1), 0.5, 1e-9);
    g_assert_cmpfloat_with_epsilon(samples_chance(3, 3, 3, 3), 1, 1e-9);
    g_assert_cmpfloat_with_epsilon(samples_chance(0, 5, 0, 5), 1, 1e-9);
}

// --- Verdicts.

static void sign(Result *result, const char *signature)
{
    Outcome *last = run_of(result, result->outcomes->len - 1);
    last->signature = g_strdup(signature);
}

static void fail(Results *results, const char *name, Verdict verdict, const char *signature)
{
    sign(add_boot(results, name, verdict, 1), signature);
}

static char *compare(const Results *old, const Results *new, bool *worse)
{
    return compare_text(old, new, COMPARE_NOISE, worse);
}

static void test_same(void)
{
    g_autoptr(Results) old = results_new();
    g_autoptr(Results) new = results_new();
    bool worse = true;
    add_boot(old, "a", VERDICT_PASS, 1);
    add_boot(new, "a", VERDICT_PASS, 1);
    fail(old, "b", VERDICT_PANICKED, "panic: no init");
    fail(new, "b", VERDICT_PANICKED, "panic: no init");
    g_autofree char *text = compare(old, new, &worse);
    g_assert_cmpstr(text, ==, "2 boots before, 2 now: nothing has changed");
    g_assert_false(worse);
}

static void test_verdicts(void)
{
    g_autoptr(Results) old = results_new();
    g_autoptr(Results) new = results_new();
    bool worse = false;
    add_boot(old, "z", VERDICT_PASS, 1);
    add_boot(old, "y", VERDICT_PASS, 1);
    add_boot(old, "x", VERDICT_COULD_NOT_TEST, 1);
    add_boot(old, "host", VERDICT_PASS, 1);
    add_boot(old, "gone", VERDICT_TIMED_OUT, 1);
    fail(old, "mended", VERDICT_PANICKED, "panic: no init");
    fail(old, "other", VERDICT_PANICKED, "panic: no init");
    fail(new, "z", VERDICT_PANICKED, "panic: no init");
    add_boot(new, "y", VERDICT_TIMED_OUT, 1);
    fail(new, "x", VERDICT_PANICKED, "panic: no init");
    add_boot(new, "host", VERDICT_COULD_NOT_TEST, 1);
    add_boot(new, "mended", VERDICT_FLAKY, 1);
    fail(new, "other", VERDICT_OOPSED, "oops: do_fault");
    add_boot(new, "fresh", VERDICT_PASS, 1);
    fail(new, "broken", VERDICT_OOPSED, "oops: do_fault");
    g_autofree char *text = compare(old, new, &worse);
    g_assert_cmpstr(text, ==,
        "New failures:\n"
        "  oops: do_fault\n"
        "    broken: not there before, oopsed now: so it was\n"
        "  panic: no init\n"
        "    z: pass before, panicked now: so it was\n"
        "    x: could not test before, panicked now: so it was\n"
        "  timed out\n"
        "    y: pass before, timed out now: so it was\n"
        "Fail in another way:\n"
        "  other: panicked before, oopsed now: so it was\n"
        "    panic: no init before, oops: do_fault now\n"
        "Could not be tested:\n"
        "  host: pass before, could not test now: so it was\n"
        "Pass again:\n"
        "  mended: panicked before, flaky now: so it was\n"
        "New boots:\n"
        "  fresh: pass\n"
        "Boots that are gone:\n"
        "  gone: timed out before\n"
        "7 boots before, 8 now: worse");
    g_assert_true(worse);
}

static bool is_worse(const Results *old, const Results *new)
{
    bool worse = false, also = false;
    g_autofree char *text = compare(old, new, &worse);
    g_autoptr(JsonNode) node = compare_json(old, new, COMPARE_NOISE, &also);
    g_assert_true(worse == also);
    g_assert_true(strstr(text, worse ? "now: worse" : "now: no") != NULL);
    return worse;
}

static bool is_worse_verdict(Verdict before, const char *signature, Verdict now, const char *now_signature)
{
    g_autoptr(Results) old = results_new();
    g_autoptr(Results) new = results_new();
    fail(old, "a", before, signature);
    fail(new, "a", now, now_signature);
    fail(old, "other", VERDICT_OOPSED, "oops: known");
    fail(new, "other", VERDICT_OOPSED, "oops: known");
    return is_worse(old, new);
}

static void test_worse(void)
{
    g_assert_true(is_worse_verdict(VERDICT_PASS, NULL, VERDICT_FAIL, NULL));
    g_assert_true(is_worse_verdict(VERDICT_KNOWN_FAILURE, NULL, VERDICT_UNEXPECTED_PASS, NULL));
    g_assert_true(is_worse_verdict(VERDICT_PANICKED, "panic: a", VERDICT_PANICKED, "panic: b"));
    g_assert_false(is_worse_verdict(VERDICT_PANICKED, "panic: a", VERDICT_OOPSED, "oops: known"));
    g_assert_false(is_worse_verdict(VERDICT_PASS, NULL, VERDICT_COULD_NOT_TEST, NULL));
    g_assert_false(is_worse_verdict(VERDICT_PASS, NULL, VERDICT_FLAKY, NULL));
    g_assert_false(is_worse_verdict(VERDICT_FAIL, NULL, VERDICT_PASS, NULL));
}

// --- Rates.

static void add_rate(Results *results, unsigned passed, unsigned runs)
{
    Result *result = add_boot(results, "a", VERDICT_COULD_NOT_TEST, 0.1); // which is no run
    result->verdict = VERDICT_FLAKY;
    for (unsigned i = 0; i < runs; i++)
        add_run(result, i < passed ? VERDICT_PASS : VERDICT_TIMED_OUT, 1);
}

static bool rates(unsigned passed, unsigned runs, unsigned now_passed, unsigned now_runs, const char *line)
{
    g_autoptr(Results) old = results_new();
    g_autoptr(Results) new = results_new();
    bool worse;
    add_rate(old, passed, runs);
    add_rate(new, now_passed, now_runs);
    g_autofree char *text = compare(old, new, &worse);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_assert_cmpstr(lines[line ? 1 : 0], ==, line ? line : "1 boots before, 1 now: nothing has changed");
    return worse;
}

static void test_rates(void)
{
    g_assert_false(rates(7, 10, 3, 10, "  a: passed 7 of 10 before, 3 of 10 now, which may be chance"));
    g_assert_true(rates(9, 10, 3, 10, "  a: passed 9 of 10 before, 3 of 10 now"));
    g_assert_true(rates(100, 100, 17, 20, "  a: passed 100 of 100 before, 17 of 20 now"));
    g_assert_false(rates(3, 10, 9, 10, "  a: passed 3 of 10 before, 9 of 10 now, which may be chance"));
    g_assert_false(rates(5, 10, 10, 20, NULL));
    g_assert_false(rates(1, 1, 0, 1, NULL));
    g_assert_false(rates(0, 0, 5, 10, NULL));
}

// --- Times and counts.

// One boot with a run for each of the values, as seconds or as a count.
static Results *measured(const char *values, bool time)
{
    g_autoptr(GArray) numbers = samples(values);
    Results *results = results_new();
    Result *result = result_new("a");
    result->verdict = VERDICT_PASS;
    for (unsigned i = 0; i < numbers->len; i++) {
        double value = g_array_index(numbers, double, i);
        Outcome *run = add_run(result, VERDICT_PASS, time ? value : 1);
        if (!time)
            outcome_add_count(run, "exits.mmio", (gint64)value);
    }
    g_ptr_array_add(results->results, result);
    return results;
}

static ChangeKind change_of(const char *before, const char *now, bool time, double noise)
{
    g_autoptr(Results) old = measured(before, time);
    g_autoptr(Results) new = measured(now, time);
    g_autoptr(GArray) changes = compare_results(old, new, noise);
    g_assert_cmpuint(changes->len, <=, 1);
    if (changes->len == 0)
        return CHANGES;
    const Change *change = &g_array_index(changes, Change, 0);
    g_assert_cmpstr(change->measure, ==, time ? "seconds" : "exits.mmio");
    g_assert_true(change->worse == (change->kind == CHANGE_GREW));
    return change->kind;
}

static void test_times(void)
{
    g_assert_cmpint(change_of("10", "10.9", true, 0.1), ==, CHANGES);
    g_assert_cmpint(change_of("10", "11.1", true, 0.1), ==, CHANGE_GREW);
    g_assert_cmpint(change_of("10", "8.9", true, 0.1), ==, CHANGE_SHRANK);
    g_assert_cmpint(change_of("10", "11.1", true, 0.2), ==, CHANGES);
    // Few runs say nothing of the noise: asking for less does not help.
    g_assert_cmpint(change_of("10 10", "10.5 10.5", true, 0.01), ==, CHANGES);
    g_assert_cmpint(change_of("10 10 10", "10.5 10.5 10.5", true, 0.01), ==, CHANGE_GREW);
    // The noise that is seen, on either side, and single runs that are far out.
    g_assert_cmpint(change_of("9 10 11 10 9", "12 12 12 12 12", true, 0.1), ==, CHANGES);
    g_assert_cmpint(change_of("10 10 10 10 10", "10 12 14 13 11", true, 0.1), ==, CHANGES);
    g_assert_cmpint(change_of("10 10 10 10 10", "10 10 10 50 50", true, 0.1), ==, CHANGES);
    // A clock's ticks.
    g_assert_cmpint(change_of("0.02", "0.06", true, 0.1), ==, CHANGES);
    g_assert_cmpint(change_of("0.02", "0.08", true, 0.1), ==, CHANGE_GREW);
}

static void test_counts(void)
{
    g_assert_cmpint(change_of("1000", "1040", false, 0.1), ==, CHANGES);
    g_assert_cmpint(change_of("1000", "1060", false, 0.1), ==, CHANGE_GREW);
    g_assert_cmpint(change_of("1000", "940", false, 0.1), ==, CHANGE_SHRANK);
    g_assert_cmpint(change_of("3", "13", false, 0.1), ==, CHANGES);
    g_assert_cmpint(change_of("0", "11", false, 0.1), ==, CHANGE_GREW);
    g_assert_cmpint(change_of("1000", "-5", false, 0.1), ==, CHANGES);
}

// What is not a number, and what was measured of a run that failed, is no measure.
static void test_no_measures(void)
{
    g_autoptr(Results) old = results_new();
    g_autoptr(Results) new = results_new();
    add_boot(old, "a", VERDICT_PASS, 1);
    add_boot(new, "a", VERDICT_PASS, INFINITY);
    add_boot(old, "b", VERDICT_PASS, NAN);
    add_boot(new, "b", VERDICT_PASS, 5);
    add_boot(old, "c", VERDICT_TIMED_OUT, 1);
    add_boot(new, "c", VERDICT_TIMED_OUT, 60);
    g_assert_false(is_worse(old, new));
}

static void mark(Results *results, double console, double quiesce, double init, double end)
{
    Outcome *run = run_of(add_boot(results, "a", VERDICT_PASS, end), 0);
    outcome_add_mark(run->timeline, "start", 0);
    outcome_add_mark(run->timeline, "console", console);
    outcome_add_mark(run->timeline, "quiesce", quiesce);
    outcome_add_mark(run->stages, "firmware", console);
    outcome_add_mark(run->stages, "kernel", quiesce);
    outcome_add_mark(run->stages, "init", init);
    outcome_add_mark(run->stages, "kernel", init + 1); // again: no more is made of it
}

// A firmware that is slower makes no later stage look slower.
static void test_stages(void)
{
    g_autoptr(Results) old = results_new();
    g_autoptr(Results) new = results_new();
    bool worse;
    mark(old, 1, 3, 8, 10);
    mark(new, 1, 7, 12, 12.5);
    g_autofree char *text = compare(old, new, &worse);
    g_assert_cmpstr(text, ==,
        "Grew by more than the noise:\n"
        "  a: firmware: 2.00 s before, 6.00 s now (+200 %)\n"
        "  a: console to quiesce: 2.00 s before, 6.00 s now (+200 %)\n"
        "  a: seconds: 10.00 s before, 12.50 s now (+25 %)\n"
        "1 boots before, 1 now: worse");
}

static void assert_measure(const GPtrArray *measures, unsigned place, const char *name, double value)
{
    const Measure *measure = measures->pdata[place];
    g_assert_cmpstr(measure->name, ==, name);
    g_assert_true(measure->is_time);
    g_assert_cmpuint(measure->values->len, ==, 1);
    g_assert_cmpfloat(g_array_index(measure->values, double, 0), ==, value);
}

// A guest that starts anew comes to its kernel again: the first time counts.
static void test_measures(void)
{
    g_autoptr(Results) results = results_new();
    mark(results, 1, 3, 8, 10);
    g_autoptr(GPtrArray) measures = measures_of(boot_at(results, 0));
    g_assert_cmpuint(measures->len, ==, 6);
    assert_measure(measures, 0, "seconds", 10);
    assert_measure(measures, 1, "firmware", 2);
    assert_measure(measures, 2, "kernel", 5);
    assert_measure(measures, 3, "init", 1);
    assert_measure(measures, 4, "start to console", 1);
    assert_measure(measures, 5, "console to quiesce", 2);
}

// --- The texts.

static void test_many(void)
{
    g_autoptr(Results) old = results_new();
    g_autoptr(Results) new = results_new();
    bool worse;
    for (unsigned i = 0; i < 100; i++) {
        g_autofree char *name = g_strdup_printf("boot%u", i);
        add_boot(new, name, VERDICT_PASS, 1);
    }
    g_autofree char *text = compare(old, new, &worse);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, 43);
    g_assert_cmpstr(lines[41], ==, "  and 60 more");
}

static void test_hostile(void)
{
    g_autoptr(Results) old = results_new();
    g_autoptr(Results) new = results_new();
    bool worse;
    fail(new, "a\x1b[2J\n", VERDICT_PANICKED, "panic: \r\x07");
    fail(new, "a\x1b[2J\n", VERDICT_PANICKED, "panic: twice");
    g_autofree char *text = compare(old, new, &worse);
    g_assert_cmpstr(text, ==,
        "New failures:\n"
        "  panic: twice\n"
        "    a?[2J?: not there before, panicked now: so it was\n"
        "0 boots before, 2 now: worse");
}

static JsonObject *change_at(JsonNode *node, unsigned place)
{
    JsonArray *changes = json_object_get_array_member(json_node_get_object(node), "changes");
    return json_array_get_object_element(changes, place);
}

static void test_json(void)
{
    g_autoptr(Results) old = results_new();
    g_autoptr(Results) new = results_new();
    bool worse;
    add_boot(old, "a", VERDICT_PASS, 1);
    fail(new, "a", VERDICT_OOPSED, "oops: do_fault");
    add_boot(old, "b", VERDICT_PASS, 1);
    add_boot(new, "b", VERDICT_PASS, 2);
    add_boot(new, "c", VERDICT_PASS, 2);
    g_autoptr(JsonNode) node = compare_json(old, new, COMPARE_NOISE, &worse);
    g_assert_true(json_object_get_boolean_member(json_node_get_object(node), "worse"));
    JsonObject *broke = change_at(node, 0), *grew = change_at(node, 1), *fresh = change_at(node, 2);
    JsonObject *now = json_object_get_object_member(broke, "new");
    g_assert_cmpstr(json_object_get_string_member(broke, "kind"), ==, "broke");
    g_assert_cmpstr(json_object_get_string_member(now, "signature"), ==, "oops: do_fault");
    g_assert_cmpint(json_object_get_int_member(now, "passed"), ==, 0);
    g_assert_cmpint(json_object_get_int_member(now, "runs"), ==, 1);
    g_assert_cmpstr(json_object_get_string_member(grew, "measure"), ==, "seconds");
    g_assert_cmpfloat(json_object_get_double_member(grew, "after"), ==, 2);
    g_assert_cmpstr(json_object_get_string_member(fresh, "kind"), ==, "new");
    g_assert_true(json_object_get_null_member(fresh, "old"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ci/compare/samples", test_samples);
    g_test_add_func("/ci/compare/chance", test_chance);
    g_test_add_func("/ci/compare/same", test_same);
    g_test_add_func("/ci/compare/verdicts", test_verdicts);
    g_test_add_func("/ci/compare/worse", test_worse);
    g_test_add_func("/ci/compare/rates", test_rates);
    g_test_add_func("/ci/compare/times", test_times);
    g_test_add_func("/ci/compare/counts", test_counts);
    g_test_add_func("/ci/compare/no-measures", test_no_measures);
    g_test_add_func("/ci/compare/stages", test_stages);
    g_test_add_func("/ci/compare/measures", test_measures);
    g_test_add_func("/ci/compare/many", test_many);
    g_test_add_func("/ci/compare/hostile", test_hostile);
    g_test_add_func("/ci/compare/json", test_json);
    return g_test_run();
}
