// KTAP and TAP as guests print them, and the cases that come of it.
#include "ktap.h"
#include <string.h>

typedef struct Text {
    const char *name;
    const char *lines;
    const char *cases; // "result name", one a line
    const char *why;   // or NULL
} Text;

#define NONE "there are no tests on the console"

static const Text texts[] = {
    { "nothing", "", "", NONE },
    { "ordinary text", "ok\nnot ok\nok then\nokay 1\n1..5\nok: 1\nTAP version\n", "", NONE },
    { "results without a plan are text", "ok 1 of them\nok 2 of them\n", "", NONE },
    { "a plan without results is text", "1..3\nLinux version 6.12\n", "", NONE },
    { "a failure without a plan counts where tests are", "not ok 1 a\nTAP version 13\n1..1\nok 1 b\n",
        "fail a\npass b\n", "1 of 2 tests failed: a; there was no plan" },
    { "a plan and results, no version", "1..2\nok 1 a\nok 2 b\n", "pass a\npass b\n", NULL },
    { "a plan behind the results", "ok 1 a\nok 2 b\n1..2\n", "pass a\npass b\n", NULL },
    { "TAP 13", "TAP version 13\n1..2\nok 1 - a\nnot ok 2 - b\n", "pass a\nfail b\n",
        "1 of 2 tests failed: b" },
    { "KTAP 1", "KTAP version 1\n1..1\n# a word\nany text\nok 1 a b c\n", "pass a b c\n", NULL },
    { "no names", "TAP version 13\n1..2\nok 1\nnot ok 2\n", "pass test 1\nfail test 2\n",
        "1 of 2 tests failed: test 2" },
    { "no numbers", "TAP version 13\n1..3\nok - a\nnot ok\nok - c\n", "pass a\nfail test 2\npass c\n",
        "1 of 3 tests failed: test 2" },
    { "not ok without a number, above what is open",
        "TAP version 13\n1..2\nok 1 a\n  TAP version 13\n  1..1\n"
        "  ok 1 x\nnot ok\n",
        "pass a\npass test 2/x\nfail test 2\n", "1 of 3 tests failed: test 2" },
    { "many failures", "1..5\nnot ok 1 a\nnot ok 2 b\nnot ok 3 c\nnot ok 4 d\nok 5 e\n",
        "fail a\nfail b\nfail c\nfail d\npass e\n", "4 of 5 tests failed: a, b, c, ..." },

    // --- Plans
    { "short", "TAP version 13\n1..4\nok 1 a\nok 2 b\n", "pass a\npass b\nerror test 3\nerror test 4\n",
        "the plan was 4, and 2 came; 2 of 4 tests in error: test 3, test 4" },
    { "long", "TAP version 13\n1..1\nok 1 a\nok 2 b\n", "pass a\nerror b\n",
        "the plan was 1, and 2 came; 1 of 2 tests in error: b" },
    { "long, the plan behind", "TAP version 13\nok 1 a\nok 2 b\n1..1\n", "pass a\npass b\n",
        "the plan was 1, and 2 came" },
    { "none", "TAP version 13\nok 1 a\n", "pass a\n", "there was no plan" },
    { "only a version", "TAP version 13\n", "", "there was no plan" },
    { "zero", "TAP version 13\n1..0\n", "", "no test ran" },
    { "zero, and skipped", "1..0 # SKIP no such machine\n", "skip all\n", NULL },
    { "zero, and another comment", "TAP version 13\n1..0 # done\n", "", "no test ran" },
    { "never come", "TAP version 13\n1..2\nkilled\n", "error test 1\nerror test 2\n",
        "the plan was 2, and 0 came; 2 of 2 tests in error: test 1, test 2" },
    { "twice the same", "TAP version 13\n1..2\nok 1 a\nok 2 b\n1..2\n", "pass a\npass b\n", NULL },
    { "two", "TAP version 13\n1..2\nok 1 a\n1..3\nok 2 b\nok 3 c\n", "pass a\npass b\npass c\n",
        "there were two plans, 2 and 3" },
    { "another behind", "TAP version 13\n1..1\nok 1 a\n1..3\n",
        "pass a\nerror test 1\nerror test 2\nerror test 3\n",
        "the plan was 3, and 0 came; 3 of 4 tests in error: test 1, test 2, test 3" },
    { "huge", "TAP version 13\n1..99999999999999999999\nok 1 a\n",
        "pass a\nerror test 2\nerror test 3\n"
        "error test 4\nerror test 5\nerror test 6\nerror test 7\nerror test 8\nerror test 9\nerror test 10\n"
        "error test 11\nerror test 12\nerror test 13\nerror test 14\nerror test 15\nerror test 16\n"
        "error test 17\nerror test 18\nerror test 19\nerror test 20\nerror test 21\n"
        "error tests 22 to 1000000000\n",
        "the plan was 1000000000, and 1 came; 21 of 22 tests in error: test 2, test 3, test 4, ..." },
    { "no plan", "1..x\nok 1 a\n1..5 of them\n", "", NONE },

    // --- Numbers
    { "out of order", "1..3\nok 3 c\nok 1 a\nok 2 b\n", "pass c\npass a\npass b\n", NULL },
    { "twice", "1..3\nok 1 a\nok 1 b\nok 3 c\n", "pass a\nerror b\npass c\nerror test 2\n",
        "2 of 4 tests in error: b, test 2" },
    { "twice, the second failing", "1..2\nok 1 a\nnot ok 1 b\n", "pass a\nfail b\nerror test 2\n",
        "1 of 3 tests failed: b; 1 of 3 tests in error: test 2" },
    { "zero of them", "1..1\nok 0 a\n", "error a\nerror test 1\n", "2 of 2 tests in error: a, test 1" },
    { "left out, no plan in time", "ok 1 a\nok 4 d\n1..4\n", "pass a\npass d\nerror test 2\nerror test 3\n",
        "the plan was 4, and 2 came; 2 of 4 tests in error: test 2, test 3" },

    // --- Directives
    { "skips",
        "1..5\nok 1 a # SKIP no hardware\nnot ok 2 b # skip\nok 3 # SKIP c\nok 4 d # Skipped: why\n"
        "ok 5 # skipping # SKIP\n",
        "skip a\nskip b\nskip c\nskip d\nskip # skipping\n", NULL },
    { "expected", "1..4\nnot ok 1 a # TODO later\nok 2 b # TODO later\nok 3 # XFAIL c\nnot ok 4 d # XFAIL\n",
        "expected fail a\npass b\nexpected fail c\nexpected fail d\n", NULL },
    { "of time and errors",
        "1..4\nnot ok 1 a # TIMEOUT 45 seconds\nnot ok 2 b # ERROR lost\nok 3 c # TIMEOUT 45\n"
        "not ok 4 # error d\n",
        "timeout a\nerror b\npass c\nerror d\n", "1 of 4 tests failed: a; 2 of 4 tests in error: b, d" },
    { "unknown", "1..3\nnot ok 1 a # exit=1\nok 2 b # exit=0\nnot ok 3 c # TODOS are none\n",
        "fail a\npass b\nfail c\n", "2 of 3 tests failed: a, c" },
    { "a hash in a name", "1..4\nok 1 a #2\nok 2 a\\#3 # SKIP\nok 3 C# code\nnot ok 4 a #5 # TODO later\n",
        "pass a #2\nskip a\\#3\npass C# code\nexpected fail a #5\n", NULL },

    // --- Levels
    { "two spaces",
        "KTAP version 1\n1..2\n  KTAP version 1\n  1..2\n  ok 1 a\n  not ok 2 b\nnot ok 1 x\n"
        "ok 2 y\n",
        "pass x/a\nfail x/b\npass y\n", "1 of 3 tests failed: x/b" },
    { "three levels",
        "KTAP version 1\n1..1\n    KTAP version 1\n    # Subtest: x\n    1..1\n"
        "        KTAP version 1\n        # Subtest: y\n        ok 1 a\n        ok 2 b # SKIP\n    ok 1 y\nok "
        "1 x\n",
        "pass x/y/a\nskip x/y/b\n", NULL },
    { "no version below", "TAP version 14\n1..1\n    # Subtest: x\n    1..1\n    ok 1 - a\nok 1 - x\n",
        "pass x/a\n", NULL },
    { "a comment above", "TAP version 14\n1..1\n# Subtest: x\n    ok 1 - a\n    1..1\nok 1 - x\n",
        "pass x/a\n", NULL },
    { "results deeper than their version",
        "KTAP version 1\n1..1\n  KTAP version 1\n    1..1\n    ok 1 a\nok 1 x\n", "pass x/a\n", NULL },
    { "results less deep than their version",
        "KTAP version 1\n1..1\n    KTAP version 1\n  1..1\n  ok 1 a\nok 1 x\n", "pass x/a\n", NULL },
    { "a failure of its own", "KTAP version 1\n1..1\n  KTAP version 1\n  1..1\n  ok 1 a\nnot ok 1 x\n",
        "pass x/a\nfail x\n", "1 of 2 tests failed: x" },
    { "a failure that is hidden", "KTAP version 1\n1..1\n  KTAP version 1\n  1..1\n  not ok 1 a\nok 1 x\n",
        "fail x/a\n", "1 of 1 tests failed: x/a" },
    { "a failure that no one expects below one that is expected",
        "KTAP version 1\n1..1\n  KTAP version 1\n  1..1\n  not ok 1 a\nnot ok 1 x # TODO\n", "fail x/a\n",
        "1 of 1 tests failed: x/a" },
    { "a plan of none below",
        "KTAP version 1\n1..2\n  KTAP version 1\n  1..0\nok 1 x\n  1..0 # SKIP why\nok 2 y\n",
        "error x\nskip y\n", "1 of 2 tests in error: x" },
    { "short below", "KTAP version 1\n1..1\n  KTAP version 1\n  1..2\n  ok 1 a\nok 1 x\n",
        "pass x/a\nerror x/test 2\n", "1 of 2 tests in error: x/test 2" },
    { "long below", "KTAP version 1\n1..1\n  KTAP version 1\n  ok 1 a\n  ok 2 b\n  1..1\nok 1 x\n",
        "pass x/a\npass x/b\n", "the plan was 1, and 2 came" },
    { "a crash below",
        "KTAP version 1\n1..3\n    KTAP version 1\n    # Subtest: x\n    1..3\n    ok 1 a\n"
        "Kernel panic - not syncing: Oops\n",
        "pass x/a\nerror x/test 2\nerror x/test 3\nerror test 2\nerror test 3\n",
        "the plan was 3, and 0 came; 4 of 5 tests in error: x/test 2, x/test 3, test 2, ..." },
    { "a result that was lost",
        "KTAP version 1\n1..3\n    KTAP version 1\n    # Subtest: x\n    1..1\n    ok 1 a\n"
        "    KTAP version 1\n    # Subtest: y\n    1..1\n    ok 1 b\nok 2 y\nok 3 z\n",
        "pass x/a\nerror x\npass y/b\npass z\n", "the plan was 3, and 2 came; 1 of 4 tests in error: x" },

    // --- kselftest
    { "kselftest",
        "TAP version 13\n1..2\n# selftests: mm: x\n# TAP version 13\n# 1..2\n# ok 1 a\n# # ok 7 word\n"
        "# not ok 2 b\nnot ok 1 selftests: mm: x # exit=1\n# selftests: mm: y\n# ok\nok 2 selftests: mm: y\n",
        "pass selftests: mm: x/a\nfail selftests: mm: x/b\npass selftests: mm: y\n",
        "1 of 3 tests failed: selftests: mm: x/b" },
    { "# ok N under a header",
        "TAP version 13\n1..1\n# selftests: mm: x\n# ok 1 a\n# not ok 2 b\n"
        "ok 1 selftests: mm: x\n",
        "pass selftests: mm: x/a\nfail selftests: mm: x/b\n", "1 of 2 tests failed: selftests: mm: x/b" },
    { "# ok N without one is a word", "TAP version 13\n1..1\n# not ok 1 a\nok 1 x\n", "pass x\n", NULL },
    { "a time limit and its tests",
        "TAP version 13\n1..1\n# selftests: d: x\n# TAP version 13\n# 1..2\n# ok 1 a\n#\n"
        "not ok 1 selftests: d: x # TIMEOUT 45 seconds\n",
        "pass selftests: d: x/a\nerror selftests: d: x/test 2\ntimeout selftests: d: x\n",
        "1 of 3 tests failed: selftests: d: x; 1 of 3 tests in error: selftests: d: x/test 2" },
    { "ended in a test", "TAP version 13\n1..2\n# selftests: d: x\n# working\n",
        "error selftests: d: x\nerror test 2\n",
        "the plan was 2, and 0 came; 2 of 2 tests in error: selftests: d: x, test 2" },
    { "several blocks", "TAP version 13\n1..1\nok 1 a\nTAP version 13\n1..2\nok 1 a\nok 2 a\n",
        "pass a\npass a (2)\npass a (3)\n", NULL },
    { "several blocks, the first short", "TAP version 13\n1..2\nok 1 a\nTAP version 13\n1..1\nok 1 a\n",
        "pass a\nerror test 2\npass a (2)\n", "the plan was 2, and 1 came; 1 of 3 tests in error: test 2" },
    { "several without versions", "1..1\nok 1 a\n1..2\nok 1 b\nok 2 c\n", "pass a\npass b\npass c\n", NULL },

    // --- Bail out!
    { "bail out", "1..3\nok 1 a\nBail out! no disk\n",
        "pass a\nerror Bail out!\nerror test 2\nerror test 3\n",
        "it bailed out: no disk; 3 of 4 tests in error: Bail out!, test 2, test 3" },
    { "bail out below",
        "TAP version 13\n1..2\n# selftests: d: x\n# TAP version 13\n# 1..2\n# ok 1 a\n# Bail out!\n"
        "not ok 1 selftests: d: x # exit=1\nok 2 y\n",
        "pass selftests: d: x/a\nerror selftests: d: x/Bail out!\nerror selftests: d: x/test 2\npass y\n",
        "2 of 4 tests in error: selftests: d: x/Bail out!, selftests: d: x/test 2" },

    // --- Kernels on the same console
    { "prefixes",
        "[    0.5] KTAP version 1\n<6>[    0.5] 1..2\n[    0.6][  T1]   ok 1 a\n[    0.6] ok 1 x\n"
        "** 4 printk messages dropped ** [    0.7] ok 2 y\n",
        "pass x/a\npass y\n", NULL },
    { "cut in its name", "1..2\nok 1 foo[   12.345678] random: crng init\nbar\nok 2 b\n",
        "pass foobar\npass b\n", NULL },
    { "cut in not", "1..2\nno[   12.345678] random: crng init\nt ok 1 a\nnot [   12.345678] x\nok 2 b\n",
        "fail a\nfail b\n", "2 of 2 tests failed: a, b" },
    { "cut twice", "1..1\nn[   12.345678] x\not o[   12.345679] y\n[   12.345680] z\nk 1 a\n", "fail a\n",
        "1 of 1 tests failed: a" },
    { "cut, and no rest", "1..1\nnot ok 1 a[   12.345678] x\n", "fail a\n", "1 of 1 tests failed: a" },
    { "cut at its end, and the line's end lost", "1..2\nok 1 a[   12.345678] x\nnot ok 2 b\n",
        "pass a\nfail b\n", "1 of 2 tests failed: b" },
    { "cut by a result", "1..1\n# words[   12.345678]     ok 1 a\n and more\nok 1 x\n", "pass x/a\n", NULL },
    { "a prompt that was cut", "# [   12.345678] x\n1..1\nnot ok 1 a\n", "fail a\n",
        "1 of 1 tests failed: a" },
    { "no time stamp",
        "1..5\nnotrandom: x\n ok 1 a\nnrandom: x\not ok 2 b\nnorandom: x\nt ok 3 c\nnot random: x\n"
        "ok 4 d\nnot orandom: x\nk 5 e\n",
        "fail a\nfail b\nfail c\nerror d\nerror test 5\n",
        "3 of 5 tests failed: a, b, c; the plan was 5, and 4 came; 2 of 5 tests in error: d, test 5" },

    // --- TAP 14
    { "YAML",
        "TAP version 14\n1..2\nnot ok 1 - a\n  ---\n  message: 'x'\n  ok 7 is a word\n  ...\nok 2 - b\n",
        "fail a\npass b\n", "1 of 2 tests failed: a" },
    { "YAML without an end", "TAP version 14\n1..2\nok 1 - a\n  ---\n  message: 'x'\nnot ok 2 - b\n",
        "pass a\nfail b\n", "1 of 2 tests failed: b" },
};

static void feed(Ktap *ktap, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++)
        if (line[1] || **line)
            ktap_line(ktap, *line);
}

static Ktap *read_all(const char *text)
{
    Ktap *ktap = ktap_new();
    feed(ktap, text);
    ktap_end(ktap);
    return ktap;
}

static char *cases_of(const Ktap *ktap)
{
    GString *all = g_string_new(NULL);
    Outcome *outcome = outcome_new();
    ktap_report(ktap, outcome);
    for (unsigned i = 0; i < outcome->cases->len; i++) {
        const Case *one = outcome->cases->pdata[i];
        g_string_append_printf(all, "%s %s\n", words_name(case_words, (int)one->result), one->name);
    }
    outcome_free(outcome);
    return g_string_free(all, FALSE);
}

static void test_text(gconstpointer data)
{
    const Text *text = data;
    Ktap *ktap = read_all(text->lines);
    g_autofree char *cases = cases_of(ktap);
    g_autofree char *why = ktap_why(ktap);
    g_assert_cmpstr(cases, ==, text->cases);
    g_assert_cmpstr(why, ==, text->why);
    g_assert_cmpint(ktap_is_there(ktap), ==, g_strcmp0(why, NONE) != 0);
    ktap_free(ktap);
}

// --- What real kernels printed: NAME.txt, and NAME.cases with the cases and, in the last line, why.
// kunit-*: Linux 6.12.117 in lparun, its own suites and three that skip, fail and panic. kselftest*: its
// runner with small tests, at once in network name spaces the second time. cut*: a program's TAP, with
// messages that it wrote to /dev/kmsg in the middle of lines, with time stamps and without.

static const char *const outputs[] = { "kunit-pass", "kunit-many", "kunit-fail", "kunit-crash", "kselftest",
    "kselftest-netns", "cut", "cut-no-time" };

static char *contents(const char *name, const char *ending)
{
    g_autofree char *path = g_strdup_printf("%s/%s.%s", KTAP_OUTPUTS, name, ending);
    g_autoptr(GError) error = NULL;
    char *text = NULL;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

static void test_output(gconstpointer data)
{
    g_autofree char *text = contents(data, "txt");
    g_autofree char *wanted = contents(data, "cases");
    Ktap *ktap = read_all(text);
    g_autofree char *cases = cases_of(ktap);
    g_autofree char *why = ktap_why(ktap);
    g_autofree char *all = g_strdup_printf("%s%s\n", cases, why ? why : "well");
    g_assert_cmpstr(all, ==, wanted);
    ktap_free(ktap);
}

// --- While lines come

static void check_complete(Ktap *ktap, const char *text, bool wanted)
{
    feed(ktap, text);
    g_assert_cmpint(ktap_is_complete(ktap), ==, wanted);
}

static void test_complete(void)
{
    Ktap *ktap = ktap_new();
    check_complete(ktap, "1..2\nok 1 a\n", false);
    check_complete(ktap, "login[   12.345678] x\n", false);
    check_complete(ktap, "ok 2 b[   12.345678] x\n", false);
    check_complete(ktap, "\n", true);
    check_complete(ktap, "login: [   12.345678] x\n", true);
    check_complete(ktap, "1..2\n", true);
    check_complete(ktap, "TAP version 13\n", false);
    check_complete(ktap, "1..1\n  TAP version 13\n  1..1\n  ok 1 a\n", false);
    check_complete(ktap, "ok 1 x\n", true);
    check_complete(ktap, "TAP version 13\nok 1 a\n", false);
    check_complete(ktap, "TAP version 13\n1..1\nok 1 a\n", false); // the one before had no plan
    ktap_free(ktap);
}

static void test_complete_early(void)
{
    Ktap *ktap = ktap_new();
    check_complete(ktap, "text\n", false);
    check_complete(ktap, "1..0 # SKIP\n", true);
    ktap_free(ktap);
    ktap = ktap_new();
    check_complete(ktap, "1..5\nok 1 a\nBail out! x\n", true);
    ktap_free(ktap);
}

// --- What is kept

static Outcome *outcome_of(const char *text)
{
    Ktap *ktap = read_all(text);
    Outcome *outcome = outcome_new();
    ktap_report(ktap, outcome);
    ktap_free(ktap);
    return outcome;
}

static void check_case(const Outcome *outcome, unsigned i, const char *text, const char *output)
{
    const Case *one = outcome->cases->pdata[i];
    g_assert_cmpstr(one->text, ==, text);
    g_assert_cmpstr(one->output, ==, output);
}

static void test_kept(void)
{
    Outcome *outcome =
        outcome_of("1..4\n# one\nnot ok 1 a # exit=1\n  ---\n  x: y\n  ...\n  # two\n    # b: three\n"
                   "ok 2 b # SKIP no disk\nok 2 c\n# four\n");
    check_case(outcome, 0, "exit=1", "# one\n  ---\n  x: y\n  ...\n");
    check_case(outcome, 1, "no disk", "  # two\n    # b: three\n");
    check_case(outcome, 2, "test 2 came twice", NULL);
    check_case(outcome, 3, "no result: the output ended in it", "# four\n");
    check_case(outcome, 4, "no result", NULL);
    g_assert_cmpuint(outcome->cases->len, ==, 5);
    outcome_free(outcome);
    outcome = outcome_of("1..0 # SKIP\n");
    check_case(outcome, 0, NULL, NULL);
    outcome_free(outcome);
}

static void test_names(void)
{
    Ktap *ktap = read_all("1..4\nok 1 a (2)\nok 2 a\nok 3 a\nok 4 a\n");
    Outcome *outcome = outcome_new();
    outcome_add_case(outcome, "a", CASE_PASS, NULL, NULL);
    ktap_report(ktap, outcome);
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    for (unsigned i = 0; i < outcome->cases->len; i++)
        g_assert_true(g_hash_table_add(names, ((Case *)outcome->cases->pdata[i])->name));
    g_assert_cmpuint(outcome->cases->len, ==, 5);
    outcome_free(outcome);
    ktap_free(ktap);
}

static void test_output_limit(void)
{
    g_autoptr(GString) text = g_string_new("1..1\n");
    for (unsigned i = 0; i < 10000; i++)
        g_string_append_printf(text, "# line %u\n", i);
    g_string_append(text, "not ok 1 a\n");
    Outcome *outcome = outcome_of(text->str);
    const char *output = ((Case *)outcome->cases->pdata[0])->output;
    g_assert_cmpuint(strlen(output), <=, 4096);
    g_assert_true(g_str_has_prefix(output, "# line ") && g_str_has_suffix(output, "# line 9999\n"));
    outcome_free(outcome);
}

// Its end is kept, from where a character begins.
static void test_long_line(void)
{
    g_autoptr(GString) text = g_string_new("1..1\n# ");
    for (unsigned i = 0; i < 1500; i++)
        g_string_append(text, i == 700 ? "[   12.345678] x\n" : "\u20ac\u00e9");
    g_string_append(text, "\nnot ok 1 a\n");
    Outcome *outcome = outcome_of(text->str);
    const char *output = ((Case *)outcome->cases->pdata[0])->output;
    g_assert_true(output && g_utf8_validate(output, -1, NULL));
    outcome_free(outcome);
}

static void test_case_limit(void)
{
    Ktap *ktap = ktap_new();
    ktap_line(ktap, "1..200000");
    for (unsigned i = 1; i <= 200000; i++) {
        g_autofree char *line = g_strdup_printf("ok %u a", i);
        ktap_line(ktap, line);
    }
    ktap_end(ktap);
    g_autofree char *why = ktap_why(ktap);
    g_assert_cmpstr(why, ==, "more than 100000 tests came");
    Outcome *outcome = outcome_new();
    ktap_report(ktap, outcome);
    g_assert_cmpuint(outcome->cases->len, ==, KTAP_CASES);
    outcome_free(outcome);
    ktap_free(ktap);
}

static void test_level_limit(void)
{
    g_autoptr(GString) text = g_string_new("TAP version 13\n1..1\n");
    for (int level = 1; level < 100; level++)
        g_string_append_printf(text, "%*s1..1\n", 2 * level, "");
    for (int level = 99; level > 0; level--)
        g_string_append_printf(text, "%*sok 1 a\n", 2 * level, "");
    g_string_append(text, "ok 1 a\n");
    Ktap *ktap = read_all(text->str);
    g_autofree char *why = ktap_why(ktap);
    g_assert_true(g_str_has_prefix(why, "tests are nested deeper than 16 levels"));
    ktap_free(ktap);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *path = g_strdup_printf("/ci/ktap/text/%u %s", i, texts[i].name);
        g_test_add_data_func(path, &texts[i], test_text);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(outputs); i++) {
        g_autofree char *path = g_strdup_printf("/ci/ktap/output/%s", outputs[i]);
        g_test_add_data_func(path, outputs[i], test_output);
    }
    g_test_add_func("/ci/ktap/complete", test_complete);
    g_test_add_func("/ci/ktap/complete early", test_complete_early);
    g_test_add_func("/ci/ktap/kept", test_kept);
    g_test_add_func("/ci/ktap/names", test_names);
    g_test_add_func("/ci/ktap/limit of output", test_output_limit);
    g_test_add_func("/ci/ktap/long line", test_long_line);
    g_test_add_func("/ci/ktap/limit of cases", test_case_limit);
    g_test_add_func("/ci/ktap/limit of levels", test_level_limit);
    return g_test_run();
}
