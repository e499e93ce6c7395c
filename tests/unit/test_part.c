// The list of parts: in which order it is walked, and what becomes of a part that is not done.
#include "lparun/error.h"
#include "lparun/part.h"
#include <string.h>

typedef struct Stub {
    const char *name;
    bool busy, fails;
} Stub;

static GString *said; // what was called, in order

static void say(const char *what, const Stub *stub)
{
    g_string_append_printf(said, "%s-%s ", what, stub->name);
}

static void describe(const void *part, const Description *what, Tree *tree)
{
    say("describe", part);
}

static bool hold(void *part)
{
    say("hold", part);
    return !((Stub *)part)->busy;
}

static void release(void *part)
{
    say("release", part);
}

static bool reset(void *part, GError **error)
{
    say("reset", part);
    return !((Stub *)part)->fails || error_host(error, "no more");
}

static void count(const void *part, Counts *counts)
{
    say("count", part);
    counts_section(counts, "stubs", COUNTS_ROWS);
    counts_row(counts);
    counts_text(counts, "name", ((const Stub *)part)->name);
}

static void stub_free(void *part)
{
    say("free", part);
}

static const PartOps all = { .kind = "stub",
    .describe = describe,
    .hold = hold,
    .release = release,
    .reset = reset,
    .count = count,
    .free = stub_free };
static const PartOps none = { .kind = "nothing" };

static void assert_said(const char *what)
{
    g_assert_cmpstr(said->str, ==, what);
    g_string_truncate(said, 0);
}

static PartList *make(Stub *a, Stub *b)
{
    said = g_string_new(NULL);
    PartList *list = part_list_new();
    part_list_add(list, &all, a);
    part_list_add(list, &none, NULL);
    part_list_add(list, &all, b);
    return list;
}

static void test_order(void)
{
    Stub a = { .name = "a" }, b = { .name = "b" };
    PartList *list = make(&a, &b);
    const Description what = { .place = TREE_NODES };
    part_list_describe(list, &what, NULL);
    assert_said("describe-a describe-b ");
    g_assert_true(part_list_hold(list));
    assert_said("hold-a hold-b ");
    g_assert_true(part_list_reset(list, NULL));
    assert_said("reset-a reset-b ");
    part_list_release(list);
    assert_said("release-b release-a ");
    g_autoptr(Counts) counts = counts_new();
    part_list_count(list, counts);
    assert_said("count-a count-b ");
    g_autofree char *text = counts_finish(counts);
    g_assert_cmpstr(
        text, ==, "{\n  \"stubs\": [\n    { \"name\": \"a\" },\n    { \"name\": \"b\" }\n  ]\n}\n");
    part_list_free(list);
    assert_said("free-b free-a ");
    g_string_free(said, TRUE);
}

// One that is not held yet keeps no other from being asked.
static void test_busy(void)
{
    Stub a = { .name = "a", .busy = true }, b = { .name = "b" };
    PartList *list = make(&a, &b);
    g_assert_false(part_list_hold(list));
    assert_said("hold-a hold-b ");
    a.busy = false;
    g_assert_true(part_list_hold(list));
    assert_said("hold-a ");
    g_assert_true(part_list_hold(list));
    assert_said("");
    part_list_release(list);
    assert_said("release-b release-a ");
    g_assert_true(part_list_hold(list));
    assert_said("hold-a hold-b ");
    part_list_free(list);
    g_string_free(said, TRUE);
}

static void test_failure(void)
{
    Stub a = { .name = "a", .fails = true }, b = { .name = "b" };
    PartList *list = make(&a, &b);
    g_autoptr(GError) error = NULL;
    g_assert_false(part_list_reset(list, &error));
    g_assert_cmpstr(error->message, ==, "stub: no more");
    assert_said("reset-a ");
    part_list_free(list);
    part_list_free(NULL);
    g_string_free(said, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/part/order", test_order);
    g_test_add_func("/part/busy", test_busy);
    g_test_add_func("/part/failure", test_failure);
    return g_test_run();
}
