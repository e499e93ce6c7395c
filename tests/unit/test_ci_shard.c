// Which shard this is, said or found in the environment, and which boots it has.
#include "ci_results.h"
#include "shard.h"
#include <gio/gio.h>
#include <math.h>

// --- K/N.

static void test_parse(void)
{
    g_autoptr(GError) error = NULL;
    unsigned k = 0, n = 0;
    g_assert_true(shard_parse("3/8", &k, &n, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(k, ==, 3);
    g_assert_cmpuint(n, ==, 8);
    g_assert_true(shard_parse("1/1", &k, &n, &error));
    g_assert_true(shard_parse("10000/10000", &k, &n, &error));
}

static void test_parse_refuses(void)
{
    static const char *const wrong[] = { "", "3", "/", "3/", "/8", "0/8", "9/8", "3/8/1", "-1/8", "+3/8",
        " 3/8", "3/8 ", "3/0", "a/b", "3/10001", "1/99999999999999999999", "0x3/8", "3,8" };
    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        unsigned k = 7, n = 7;
        g_assert_false(shard_parse(wrong[i], &k, &n, &error));
        g_assert_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
        g_assert_nonnull(strstr(error->message, "--shard"));
        g_assert_cmpuint(k + n, ==, 14);
    }
}

// --- The environment.

static const char *const variables[] = { "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN",
    "SLURM_ARRAY_TASK_MAX", "SLURM_ARRAY_TASK_STEP", "SLURM_ARRAY_TASK_COUNT", "JOB_COMPLETION_INDEX",
    "LPARUN_CI_SHARDS", "CI_NODE_INDEX", "CI_NODE_TOTAL", "CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL" };

// "NAME=VALUE NAME=VALUE": these and no others.
static void set_environment(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (unsigned i = 0; i < G_N_ELEMENTS(variables); i++)
        g_unsetenv(variables[i]);
    for (char **word = words; *word && **word; word++) {
        g_auto(GStrv) parts = g_strsplit(*word, "=", 2);
        g_setenv(parts[0], parts[1], TRUE);
    }
}

typedef struct Place {
    const char *environment;
    unsigned asked, k, n;
} Place;

static bool read_place(const Place *place, unsigned *k, unsigned *n, GError **error)
{
    *k = 0;
    *n = place->asked;
    set_environment(place->environment);
    return shard_from_environment(k, n, error);
}

#define SLURM(id, min, max, step, count)                                                                     \
    "SLURM_ARRAY_TASK_ID=" id " SLURM_ARRAY_TASK_MIN=" min " SLURM_ARRAY_TASK_MAX=" max                      \
    " SLURM_ARRAY_TASK_STEP=" step " SLURM_ARRAY_TASK_COUNT=" count

static void test_environment(void)
{
    static const Place places[] = {
        { SLURM("3", "1", "8", "1", "8"), 0, 3, 8 },
        { SLURM("0", "0", "7", "1", "8"), 0, 1, 8 },
        { SLURM("7", "3", "9", "2", "4"), 0, 3, 4 },
        { SLURM("5", "2", "8", "3", "3"), 3, 2, 3 },
        { SLURM("8", "2", "10", "3", "3"), 0, 3, 3 }, // the last one need not be met
        { SLURM("5", "5", "5", "1", "1"), 0, 1, 1 },
        { "JOB_COMPLETION_INDEX=0 LPARUN_CI_SHARDS=4", 0, 1, 4 },
        { "JOB_COMPLETION_INDEX=3 LPARUN_CI_SHARDS=4", 0, 4, 4 },
        { "JOB_COMPLETION_INDEX=3", 5, 4, 5 },
        { "JOB_COMPLETION_INDEX=3 LPARUN_CI_SHARDS=4", 5, 4, 5 }, // an option goes before a variable
        { "CI_NODE_INDEX=1 CI_NODE_TOTAL=2", 0, 1, 2 },
        { "CI_NODE_INDEX=2 CI_NODE_TOTAL=2", 0, 2, 2 },
        { "CIRCLE_NODE_INDEX=0 CIRCLE_NODE_TOTAL=2", 0, 1, 2 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autoptr(GError) error = NULL;
        unsigned k, n;
        g_assert_true(read_place(&places[i], &k, &n, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(k, ==, places[i].k);
        g_assert_cmpuint(n, ==, places[i].n);
    }
}

static void test_environment_refuses(void)
{
    static const Place places[] = {
        { SLURM("3", "1", "8", "1", "3"), 0, 0, 0 }, // --array=1,3,8
        { SLURM("5", "1", "6", "1", "4"), 0, 0, 0 },
        { SLURM("4", "3", "9", "2", "4"), 0, 0, 0 }, // between two steps
        { SLURM("2", "3", "9", "2", "4"), 0, 0, 0 },
        { SLURM("11", "3", "9", "2", "4"), 0, 0, 0 },
        { SLURM("3", "3", "9", "0", "4"), 0, 0, 0 },
        { SLURM("x", "3", "9", "2", "4"), 0, 0, 0 },
        { SLURM("5", "5", "5", "1", "1") " LPARUN_CI_SHARDS=8", 0, 0, 0 }, // one of eight is run again
        { SLURM("1", "1", "20000", "1", "20000"), 0, 0, 0 },
        { "SLURM_ARRAY_TASK_ID=3", 0, 0, 0 },
        { "JOB_COMPLETION_INDEX=3", 0, 0, 0 },
        { "JOB_COMPLETION_INDEX=4 LPARUN_CI_SHARDS=4", 0, 0, 0 },
        { "JOB_COMPLETION_INDEX=-1 LPARUN_CI_SHARDS=4", 0, 0, 0 },
        { "JOB_COMPLETION_INDEX=1 LPARUN_CI_SHARDS=four", 0, 0, 0 },
        { "CI_NODE_INDEX=3 CI_NODE_TOTAL=2", 0, 0, 0 },
        { "CI_NODE_INDEX=0 CI_NODE_TOTAL=2", 0, 0, 0 },
        { "CI_NODE_INDEX=1", 0, 0, 0 },
        { "CI_NODE_INDEX=1 CI_NODE_TOTAL=2", 3, 0, 0 },
        { "CIRCLE_NODE_INDEX=2 CIRCLE_NODE_TOTAL=2", 0, 0, 0 },
        { "CI_NODE_INDEX=1 CI_NODE_TOTAL=2 CIRCLE_NODE_INDEX=0 CIRCLE_NODE_TOTAL=1", 0, 0, 0 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autoptr(GError) error = NULL;
        unsigned k, n;
        g_assert_false(read_place(&places[i], &k, &n, &error));
        g_assert_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
        g_assert_nonnull(strstr(error->message, "--shard"));
        g_assert_cmpuint(k, ==, 0);
        g_assert_cmpuint(n, ==, places[i].asked);
    }
}

// GitLab says how many there are to each job, to those that are one of one, too.
static void test_no_environment(void)
{
    static const char *const nothing[] = { "", "LPARUN_CI_SHARDS=8", "CI_NODE_TOTAL=1" };
    for (unsigned i = 0; i < G_N_ELEMENTS(nothing); i++) {
        g_autoptr(GError) error = NULL;
        unsigned k = 0, n = 0;
        set_environment(nothing[i]);
        g_assert_false(shard_from_environment(&k, &n, &error));
        g_assert_no_error(error);
    }
    set_environment("");
}

// --- Picking.

#define MOST 1000

typedef struct Suite {
    char *names[MOST];
    double times[MOST];
    unsigned count;
} Suite;

static Suite *suite_new(unsigned count)
{
    Suite *suite = g_new0(Suite, 1);
    suite->count = count;
    for (unsigned i = 0; i < count; i++)
        suite->names[i] = g_strdup_printf("boot-%u.%s", i / 2, i % 2 ? "hash" : "radix");
    return suite;
}

static void suite_free(Suite *suite)
{
    for (unsigned i = 0; i < suite->count; i++)
        g_free(suite->names[i]);
    g_free(suite);
}

static bool *pick(const Suite *suite, bool by_time, unsigned k, unsigned n)
{
    return shard_pick((const char *const *)suite->names, by_time ? suite->times : NULL, suite->count, k, n);
}

// Each boot is in one shard. Returns how many each has in `counts`, and how long it takes in `loads`.
static void assert_whole(const Suite *suite, bool by_time, unsigned n, unsigned *counts, double *loads)
{
    unsigned seen[MOST] = { 0 };
    for (unsigned k = 1; k <= n; k++) {
        g_autofree bool *picked = pick(suite, by_time, k, n);
        counts[k - 1] = 0;
        loads[k - 1] = 0;
        for (unsigned i = 0; i < suite->count; i++) {
            seen[i] += picked[i];
            counts[k - 1] += picked[i];
            loads[k - 1] += picked[i] ? suite->times[i] : 0;
        }
    }
    for (unsigned i = 0; i < suite->count; i++)
        g_assert_cmpuint(seen[i], ==, 1);
}

static void assert_even(const unsigned *counts, unsigned n)
{
    unsigned least = counts[0], most = counts[0];
    for (unsigned k = 1; k < n; k++) {
        least = MIN(least, counts[k]);
        most = MAX(most, counts[k]);
    }
    g_assert_cmpuint(most - least, <=, 1);
}

static void test_pick_is_even(void)
{
    static const unsigned sizes[] = { 0, 1, 2, 7, 64, 999 };
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        for (unsigned n = 1; n < 12; n += 3) {
            Suite *suite = suite_new(sizes[i]);
            unsigned counts[12];
            double loads[12];
            assert_whole(suite, false, n, counts, loads);
            assert_even(counts, n);
            suite_free(suite);
        }
    }
}

// Neighbours go apart: no shard has one kind alone.
static void test_pick_mixes(void)
{
    Suite *suite = suite_new(200);
    unsigned hashes = 0;
    g_autofree bool *picked = pick(suite, false, 1, 2);
    for (unsigned i = 1; i < suite->count; i += 2)
        hashes += picked[i];
    g_assert_cmpuint(hashes, >, 30);
    g_assert_cmpuint(hashes, <, 70);
    suite_free(suite);
}

// The order in which names are given says nothing.
static void assert_stable(bool by_time)
{
    Suite *suite = suite_new(101), *turned = suite_new(101);
    for (unsigned i = 0; i < suite->count; i++) {
        suite->times[i] = i % 7;
        turned->times[suite->count - 1 - i] = suite->times[i];
        g_free(turned->names[suite->count - 1 - i]);
        turned->names[suite->count - 1 - i] = g_strdup(suite->names[i]);
    }
    g_autofree bool *picked = pick(suite, by_time, 2, 3);
    g_autofree bool *other = pick(turned, by_time, 2, 3);
    for (unsigned i = 0; i < suite->count; i++)
        g_assert_true(picked[i] == other[suite->count - 1 - i]);
    suite_free(suite);
    suite_free(turned);
}

static void test_pick_is_stable(void)
{
    assert_stable(false);
    assert_stable(true);
}

// Shards of different versions of lparun-ci make one suite: which boot is where stays.
static void test_pick_stays(void)
{
    static const char *const names[] = { "slof", "slof-disk", "radix.1", "radix.4", "hash.1", "hash.4" };
    static const bool first[] = { false, true, true, false, true, false };
    g_autofree bool *picked = shard_pick(names, NULL, G_N_ELEMENTS(names), 1, 2);
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        g_assert_true(picked[i] == first[i]);
}

static void test_pick_by_time(void)
{
    Suite *suite = suite_new(40);
    unsigned counts[4];
    double loads[4];
    for (unsigned i = 0; i < suite->count; i++)
        suite->times[i] = i < 3 ? 100 : 1 + i % 4;
    assert_whole(suite, true, 4, counts, loads);
    for (unsigned k = 0; k < 3; k++)
        g_assert_cmpfloat(loads[k], ==, 100); // one of the long ones each, and no more
    g_assert_cmpuint(counts[3], ==, 37);
    suite_free(suite);
}

// A boot that nobody has timed is taken for one like the others: 30 s, the median.
static void test_pick_without_time(void)
{
    static const char *const names[] = { "a", "b", "c", "d" };
    static const double times[] = { 30, 30, 10, 0 };
    static const double strange[] = { 30, 30, 10, NAN };
    g_autofree bool *picked = shard_pick(names, times, 4, 1, 2);
    g_autofree bool *other = shard_pick(names, strange, 4, 1, 2);
    for (unsigned i = 0; i < 4; i++) {
        g_assert_true(picked[i] == (i == 0 || i == 3)); // before the short one
        g_assert_true(picked[i] == other[i]);
    }
}

static void test_pick_with_no_time_at_all(void)
{
    Suite *suite = suite_new(50);
    g_autofree bool *by_hash = pick(suite, false, 1, 3);
    g_autofree bool *by_time = pick(suite, true, 1, 3);
    for (unsigned i = 0; i < suite->count; i++)
        g_assert_true(by_hash[i] == by_time[i]);
    suite_free(suite);
}

static double time_of(GHashTable *times, const char *name)
{
    const double *seconds = g_hash_table_lookup(times, name);
    return seconds ? *seconds : 0;
}

static void test_times(void)
{
    g_autoptr(Results) results = results_new();
    add_run(add_boot(results, "twice", VERDICT_FLAKY, 3), VERDICT_PASS, 4);
    add_boot(results, "failed", VERDICT_TIMED_OUT, 60);
    add_boot(results, "host", VERDICT_COULD_NOT_TEST, 0.01);
    add_boot(results, "nothing", VERDICT_PASS, -1);
    add_boot(results, "forever", VERDICT_PASS, INFINITY);
    g_autoptr(GHashTable) times = shard_times(results);
    g_assert_cmpfloat(time_of(times, "twice"), ==, 7);
    g_assert_cmpfloat(time_of(times, "failed"), ==, 60);
    g_assert_cmpuint(g_hash_table_size(times), ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ci/shard/parse", test_parse);
    g_test_add_func("/ci/shard/parse-refuses", test_parse_refuses);
    g_test_add_func("/ci/shard/environment", test_environment);
    g_test_add_func("/ci/shard/environment-refuses", test_environment_refuses);
    g_test_add_func("/ci/shard/no-environment", test_no_environment);
    g_test_add_func("/ci/shard/pick-is-even", test_pick_is_even);
    g_test_add_func("/ci/shard/pick-mixes", test_pick_mixes);
    g_test_add_func("/ci/shard/pick-is-stable", test_pick_is_stable);
    g_test_add_func("/ci/shard/pick-stays", test_pick_stays);
    g_test_add_func("/ci/shard/pick-by-time", test_pick_by_time);
    g_test_add_func("/ci/shard/pick-without-time", test_pick_without_time);
    g_test_add_func("/ci/shard/pick-with-no-time-at-all", test_pick_with_no_time_at_all);
    g_test_add_func("/ci/shard/times", test_times);
    return g_test_run();
}
