// Results of shards become one; what does not belong together, or is missing, is said.
#include "ci_results.h"
#include "merge.h"
#include <gio/gio.h>

#define BOOTS "a b c d e f"

typedef struct Parts {
    GPtrArray *all; // of Results
    const char *paths[4];
} Parts;

static void free_results(gpointer data)
{
    results_free(data);
}

static Parts parts_new(void)
{
    return (Parts){ .all = g_ptr_array_new_with_free_func(free_results) };
}

// A shard with boots of these names, which passed.
static Results *add_part(Parts *parts, const char *path, unsigned shard, unsigned shards, const char *names)
{
    g_auto(GStrv) boots = g_strsplit(names, " ", -1);
    Results *part = results_new();
    part->suite = g_strdup("/home/me/suite.boot");
    part->all = g_strsplit(BOOTS, " ", -1);
    part->shard = shard;
    part->shards = shards;
    for (char **name = boots; *name && **name; name++)
        run_of(add_boot(part, *name, VERDICT_PASS, 1), 0)->folder = g_strdup(*name);
    parts->paths[parts->all->len] = path;
    g_ptr_array_add(parts->all, part);
    return part;
}

static Results *merge(Parts *parts, const char *to)
{
    g_autoptr(GError) error = NULL;
    Results *merged = results_merge(parts->all, parts->paths, to, &error);
    g_assert_no_error(error);
    return merged;
}

static void assert_refused(Parts *parts, const char *says)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(results_merge(parts->all, parts->paths, "all", &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
    if (!strstr(error->message, says))
        g_error("'%s' does not say '%s'", error->message, says);
    g_ptr_array_unref(parts->all);
}

static void assert_names(const Results *results, const char *names)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned i = 0; i < results->results->len; i++)
        g_string_append_printf(text, "%s%s", i ? " " : "", boot_at(results, i)->name);
    g_assert_cmpstr(text->str, ==, names);
}

static void test_order(void)
{
    Parts parts = parts_new();
    add_part(&parts, "out/2/results.json", 2, 2, "f b x d");
    add_part(&parts, "out/1/results.json", 1, 2, "e a c y");
    g_autoptr(Results) merged = merge(&parts, "all");
    g_autofree char *missing = merge_missing(merged, parts.all);
    assert_names(merged, "a b c d e f x y");
    g_assert_cmpstr(merged->suite, ==, "/home/me/suite.boot");
    g_assert_cmpuint(merged->shard + merged->shards, ==, 0);
    g_assert_null(missing);
    g_ptr_array_unref(parts.all);
    g_assert_cmpstr(boot_at(merged, 5)->name, ==, "f"); // it is its own
}

static void describe(Results *part, const char *started, double seconds, const char *host)
{
    part->started = g_strdup(started);
    part->seconds = seconds;
    part->host = g_strdup(host);
}

static void test_description(void)
{
    Parts parts = parts_new();
    describe(add_part(&parts, "1", 1, 3, "a b"), "2026-02-03T10:00:00Z", 7, "one");
    describe(add_part(&parts, "2", 2, 3, "c d"), "2026-02-03T09:59:59Z", 9, "other");
    describe(add_part(&parts, "3", 3, 3, "e f"), NULL, 8, "one");
    g_autoptr(Results) merged = merge(&parts, "all");
    g_assert_cmpstr(merged->started, ==, "2026-02-03T09:59:59Z");
    g_assert_cmpfloat(merged->seconds, ==, 9);
    g_assert_cmpstr(merged->host, ==, "one; other");
    g_ptr_array_unref(parts.all);
}

static void test_folders(void)
{
    static const struct {
        const char *path, *to, *folder;
    } cases[] = {
        { "out/shard-1/results.json", "all", "../out/shard-1/a" },
        { "out/shard-1/results.json", "out/all/", "../shard-1/a" },
        { "out/shard-1/results.json", "out", "shard-1/a" },
        { "out/shard-1/results.json", "out/shard-1", "a" },
        { "results.json", ".", "a" },
        { "/x/y/results.json", "/x/z/../all", "../y/a" },
        { "/x/results.json", "/", "x/a" },
        { "/x/yes/results.json", "/x/y", "../yes/a" },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Parts parts = parts_new();
        add_part(&parts, cases[i].path, 0, 0, "a");
        g_autoptr(Results) merged = merge(&parts, cases[i].to);
        g_assert_cmpstr(run_of(boot_at(merged, 0), 0)->folder, ==, cases[i].folder);
        g_ptr_array_unref(parts.all);
    }
}

static void test_missing(void)
{
    Parts parts = parts_new();
    add_part(&parts, "1", 1, 4, "a b");
    add_part(&parts, "3", 3, 4, "d f");
    g_autoptr(Results) merged = merge(&parts, "all");
    g_autofree char *missing = merge_missing(merged, parts.all);
    g_assert_cmpstr(
        missing, ==, "shard 2 of 4 is missing\nshard 4 of 4 is missing\nc is missing\ne is missing");
    g_assert_cmpint(results_status(merged), ==, 0);
    merge_add_missing(merged);
    assert_names(merged, "a b c d e f");
    g_assert_cmpint(boot_at(merged, 2)->verdict, ==, VERDICT_COULD_NOT_TEST);
    g_assert_cmpint(results_status(merged), ==, 3);
    g_autofree char *again = merge_missing(merged, parts.all);
    g_assert_cmpstr(again, ==, missing);
    merge_add_missing(merged);
    g_assert_cmpuint(merged->results->len, ==, 6);
    g_ptr_array_unref(parts.all);
}

// What was merged without a shard is merged with it once that is there.
static void test_later(void)
{
    Parts parts = parts_new(), later = parts_new();
    add_part(&parts, "out/1/results.json", 1, 2, "a c e");
    Results *first = merge(&parts, "out");
    merge_add_missing(first);
    later.paths[0] = "out/results.json";
    g_ptr_array_add(later.all, first);
    add_part(&later, "out/2/results.json", 2, 2, "b d f");
    g_autoptr(Results) merged = merge(&later, "out");
    g_autofree char *missing = merge_missing(merged, later.all);
    assert_names(merged, "a b c d e f");
    g_assert_cmpint(results_status(merged), ==, 0);
    g_assert_null(missing);
    g_assert_cmpstr(run_of(boot_at(merged, 0), 0)->folder, ==, "1/a");
    g_ptr_array_unref(parts.all);
    g_ptr_array_unref(later.all);
}

static void test_same_boot(void)
{
    Parts parts = parts_new();
    add_part(&parts, "1", 1, 1, "a b c d e f");
    add_part(&parts, "copy", 1, 1, "a b c d e f");
    g_autoptr(Results) merged = merge(&parts, "all");
    assert_names(merged, BOOTS);
    g_ptr_array_unref(parts.all);
}

static void test_refuses_other_result(void)
{
    Parts parts = parts_new();
    add_part(&parts, "1/results.json", 1, 2, "a b c");
    Results *other = add_part(&parts, "again/results.json", 1, 2, "b");
    run_of(boot_at(other, 0), 0)->seconds = 1.5;
    assert_refused(&parts, "b is in 1/results.json and in again/results.json");
}

static void test_refuses_other_suite(void)
{
    Parts parts = parts_new(), boots = parts_new(), shards = parts_new(), none = parts_new();
    add_part(&parts, "1", 1, 2, "a");
    Results *other = add_part(&parts, "2", 2, 2, "b");
    g_free(other->suite);
    other->suite = g_strdup("/elsewhere/other.boot");
    assert_refused(&parts, "2 of /elsewhere/other.boot");

    add_part(&boots, "1", 1, 2, "a");
    other = add_part(&boots, "2", 2, 2, "b");
    g_free(other->all[5]);
    other->all[5] = NULL;
    assert_refused(&boots, "different boots");

    add_part(&shards, "1", 1, 2, "a");
    add_part(&shards, "whole", 0, 0, "c");
    add_part(&shards, "2", 2, 3, "b");
    assert_refused(&shards, "1 is of 2 shards, 2 of 3");

    add_part(&none, "1", 1, 2, "a");
    g_clear_pointer(&add_part(&none, "2", 2, 2, "b")->suite, g_free);
    assert_refused(&none, "without a name");
}

// Another machine has it elsewhere.
static void test_suite_elsewhere(void)
{
    Parts parts = parts_new();
    add_part(&parts, "1", 1, 2, "a b c");
    Results *other = add_part(&parts, "2", 2, 2, "d e f");
    g_free(other->suite);
    other->suite = g_strdup("/srv/suite.boot");
    g_autoptr(Results) merged = merge(&parts, "all");
    assert_names(merged, BOOTS);
    g_ptr_array_unref(parts.all);
}

static void test_nothing(void)
{
    Parts parts = parts_new();
    g_autoptr(Results) merged = merge(&parts, "all");
    g_autofree char *missing = merge_missing(merged, parts.all);
    g_assert_cmpuint(merged->results->len, ==, 0);
    g_assert_null(missing);
    g_ptr_array_unref(parts.all);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ci/merge/order", test_order);
    g_test_add_func("/ci/merge/description", test_description);
    g_test_add_func("/ci/merge/folders", test_folders);
    g_test_add_func("/ci/merge/missing", test_missing);
    g_test_add_func("/ci/merge/later", test_later);
    g_test_add_func("/ci/merge/same-boot", test_same_boot);
    g_test_add_func("/ci/merge/refuses-other-result", test_refuses_other_result);
    g_test_add_func("/ci/merge/refuses-other-suite", test_refuses_other_suite);
    g_test_add_func("/ci/merge/suite-elsewhere", test_suite_elsewhere);
    g_test_add_func("/ci/merge/nothing", test_nothing);
    return g_test_run();
}
