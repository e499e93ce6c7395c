// lparun-ci's reports for machines: what they make of texts, verdicts and cases.
#include "../ci/made_results.h"
#include "../../ci/github.h"
#include "../../ci/junit.h"
#include "../../ci/kcidb.h"
#include "../../ci/kind.h"
#include "../../ci/plain.h"
#include "../../ci/results_json.h"
#include "../../ci/tap.h"
#include "scratch_file.h"
#include <locale.h>
#include <math.h>
#include <string.h>

static void test_plain_line(void)
{
    static const struct {
        const char *text, *plain;
        gsize most;
    } lines[] = {
        { NULL, "", 10 }, { "ten bytes!", "ten bytes!", 10 }, { "eleven byte", "eleven ...", 10 },
        { "  a\tb\nc \r\n", "a b c", 20 }, { "\x1b[1;31mred\x1b[0m \x1b[", "red", 20 }, { "\x1b[31", "", 20 },
        { "\x1b]0;t\x07\b\x7f\xc2\x85", "]0;t", 20 },
        { "a\xff"
          "b\xe2\x82",
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd\xef\xbf\xbd",
            20 },
        { "\xe2\x80\xaex\xe2\x80\xa8y\xef\xbb\xbf\xef\xbf\xbe\xef\xbf\xbf\xef\xb7\x90", "x y", 20 },
        { "äöüäöü", "äöü...", 9 },  // 12 bytes, cut where a character ends
        { "äöüäöü", "äöü...", 10 }, // and not in it
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *plain = plain_line(lines[i].text, lines[i].most);
        g_assert_cmpstr(plain, ==, lines[i].plain);
    }
}

static void test_plain_text(void)
{
    static const struct {
        const char *text, *plain;
        gsize most;
    } texts[] = {
        { NULL, "", 10 },
        { "", "", 10 },
        { "\ta\r\n b", "\ta\n b\n", 10 },
        { "one\ntwo\nthree\n", "one\ntwo\nthree\n", 14 },
        { "one\ntwo\nthree\n", "...\nthree\n", 13 },
        { "one\ntwo\nthree\n", "...\nthree\n", 10 },
        { "threefour", "...\nour\n", 8 },
        { "äöüäöü\n", "...\nöü\n", 9 },
        { "äöüäöü\n", "...\nöü\n", 10 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *plain = plain_text(texts[i].text, texts[i].most);
        g_assert_cmpstr(plain, ==, texts[i].plain);
        g_assert_cmpuint(strlen(plain), <=, texts[i].most);
    }
}

static void test_plain_lines(void)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new();
    g_autofree char *none = plain_lines(lines, 10);
    g_ptr_array_add(lines, "one");
    g_ptr_array_add(lines, "t\nw\to");
    g_ptr_array_add(lines, "three");
    g_autofree char *all = plain_lines(lines, 100);
    g_autofree char *tail = plain_lines(lines, 15);
    g_assert_cmpstr(none, ==, "");
    g_assert_cmpstr(all, ==, "one\nt w o\nthree\n");
    g_assert_cmpstr(tail, ==, "...\nthree\n");
}

static void test_plain_numbers(void)
{
    static const struct {
        double seconds;
        const char *text;
    } numbers[] = { { 0, "0.000" }, { 1.2345, "1.234" }, { 123456.5, "123456.500" }, { NAN, "0.000" },
        { INFINITY, "0.000" }, { 1e300, "1000000000.000" }, { -1e300, "-1000000000.000" } };
    static const char *const commas[] = { "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "" };
    for (unsigned i = 0; i < G_N_ELEMENTS(commas) && !setlocale(LC_NUMERIC, commas[i]); i++)
        ;
    for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_autofree char *text = plain_seconds(numbers[i].seconds);
        g_assert_cmpstr(text, ==, numbers[i].text);
    }
}

static void test_plain_time(void)
{
    static const char *const none[] = { NULL, "", "now", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00Z<" };
    g_autofree char *utc = plain_time("2026-01-31T23:59:00Z", PLAIN_ISO);
    g_autofree char *plus = plain_time("2026-01-31T23:59:00.5+02:00", PLAIN_ISO "+00:00");
    g_assert_cmpstr(utc, ==, "2026-01-31T23:59:00");
    g_assert_cmpstr(plus, ==, "2026-01-31T21:59:00+00:00");
    for (unsigned i = 0; i < G_N_ELEMENTS(none); i++)
        g_assert_null(plain_time(none[i], PLAIN_ISO));
}

// A guest is not to blame for what its host or the boot file did, and is for all else.
static void test_kinds(void)
{
    static const Kind kinds[VERDICTS] = { [VERDICT_NO_RESULT... VERDICT_UNEXPECTED_PASS] = KIND_FAIL,
        [VERDICT_PASS] = KIND_PASS,
        [VERDICT_FLAKY] = KIND_PASS,
        [VERDICT_KNOWN_FAILURE] = KIND_EXPECTED,
        [VERDICT_COULD_NOT_TEST] = KIND_ERROR,
        [VERDICT_WRONG] = KIND_ERROR };
    g_autoptr(Results) results = made_each();
    for (unsigned i = 0; i < results->results->len; i++) {
        const Result *result = results->results->pdata[i];
        g_assert_cmpint(kind_of_verdict(result->verdict), ==, kinds[result->verdict]);
    }
}

static void test_kinds_of_cases(void)
{
    static const Kind in_failed[] = { KIND_PASS, KIND_FAIL, KIND_SKIP, KIND_EXPECTED, KIND_FAIL, KIND_FAIL };
    static const Kind in_good[] = { KIND_PASS, KIND_EXPECTED, KIND_SKIP, KIND_EXPECTED, KIND_EXPECTED,
        KIND_EXPECTED };
    static const Kind in_untested[] = { KIND_PASS, KIND_SKIP, KIND_SKIP, KIND_SKIP, KIND_SKIP, KIND_SKIP };
    g_autoptr(Results) results = made_each();
    for (unsigned i = 0; i < results->results->len; i++) {
        const Result *result = results->results->pdata[i];
        const Kind *kinds = verdict_is_good(result->verdict)                ? in_good
                            : kind_of_verdict(result->verdict) == KIND_FAIL ? in_failed
                                                                            : in_untested;
        for (unsigned j = 0; j < G_N_ELEMENTS(in_failed); j++)
            g_assert_cmpint(kind_of_case(result, result_outcome(result)->cases->pdata[j]), ==, kinds[j]);
    }
}

static void test_tap(void)
{
    g_autoptr(Results) results = results_new();
    made_result(results, "a # TODO \\", VERDICT_PASS, "");
    made_result(results, "b", VERDICT_COULD_NOT_TEST, "no \"KVM\"");
    made_result(results, "c", VERDICT_UNEXPECTED_PASS, "it powered off")->known = g_strdup("a bug");
    made_result(results, "d", VERDICT_KNOWN_FAILURE, "bug #7 (panic)")->known = g_strdup("bug #7");
    g_autofree char *text = tap_text(results);
    g_assert_true(g_str_has_prefix(text, "TAP version 13\n1..4\nok 1 - a \\# TODO \\\\\nnot ok 2 - b\n  ---\n"
                                         "  verdict: \"could not test\"\n  reason: \"no \\\"KVM\\\"\"\n"));
    g_assert_nonnull(strstr(text, "\nnot ok 3 - c\n"));
    g_assert_nonnull(strstr(text, "\nnot ok 4 - d # TODO bug \\#7 (panic)\n"));
}

static void test_tap_of_none(void)
{
    g_autoptr(Results) results = results_new();
    g_autofree char *none = tap_text(results);
    results->shard = results->shards = 3;
    g_autofree char *shard = tap_text(results);
    g_assert_nonnull(strstr(none, "\nBail out!"));
    g_assert_nonnull(strstr(shard, "\n1..0 # SKIP "));
}

static unsigned occurrences(const char *text, const char *part)
{
    unsigned count = 0;
    for (text = strstr(text, part); text; text = strstr(text + 1, part))
        count++;
    return count;
}

static void add_attempt(Result *result, Verdict verdict, const char *reason)
{
    Outcome *outcome = outcome_new();
    outcome->verdict = verdict;
    outcome->reason = g_strdup(reason);
    g_ptr_array_insert(result->outcomes, 0, outcome);
}

static void test_junit_attempts(void)
{
    g_autoptr(Results) results = results_new();
    Result *flaky = made_result(results, "flaky", VERDICT_FLAKY, "");
    Result *failed = made_result(results, "failed", VERDICT_PANICKED, "again");
    ((Outcome *)flaky->outcomes->pdata[0])->verdict = VERDICT_PASS;
    add_attempt(flaky, VERDICT_PANICKED, "once");
    add_attempt(failed, VERDICT_COULD_NOT_TEST, "no memory");
    add_attempt(failed, VERDICT_TIMED_OUT, "late");
    g_autofree char *text = junit_text(results);
    g_assert_nonnull(strstr(text, "<flakyFailure type=\"panicked\" message=\"once\">"));
    g_assert_nonnull(strstr(text, "<rerunFailure type=\"timed out\" message=\"late\">"));
    g_assert_nonnull(strstr(text, "<rerunError type=\"could not test\" message=\"no memory\">"));
    g_assert_cmpuint(occurrences(text, "<rerun") + occurrences(text, "<flaky"), ==, 3);
    g_assert_cmpuint(occurrences(text, "<failure"), ==, 1);
}

static void test_junit_escapes(void)
{
    g_autoptr(Results) results = results_new();
    made_result(results, "a.b\"<\x01>", VERDICT_FAIL, "]]>&#1;\x1b[1m\x02\"");
    g_autofree char *text = junit_text(results);
    g_assert_nonnull(strstr(text, "classname=\"lparun-ci.a_b&quot;&lt;&gt;\" name=\"boot\""));
    g_assert_nonnull(strstr(text, "message=\"]]&gt;&amp;#1;&quot;\""));
}

static void test_annotations(void)
{
    g_autoptr(Results) results = results_new();
    results->suite = g_strdup("a,b.boot");
    made_result(results, "100%: x", VERDICT_FAIL, "50%, a:b");
    made_result(results, "ok", VERDICT_PASS, "");
    made_result(results, "known", VERDICT_KNOWN_FAILURE, "");
    made_result(results, "shaky", VERDICT_FLAKY, "it passed the second time");
    g_autofree char *text = github_annotations(results);
    g_assert_cmpstr(text, ==,
        "::error title=100%25%3A x%3A fail,file=a%2Cb.boot::50%25, a:b%0Astage kernel\n"
        "::warning title=shaky%3A flaky,file=a%2Cb.boot::it passed the second time%0Astage kernel\n");
}

static void test_annotations_are_ten(void)
{
    for (unsigned count = 0; count < 13; count++) {
        g_autoptr(Results) results = results_new();
        for (unsigned i = 0; i < count; i++)
            made_result(results, "a", VERDICT_FAIL, "x");
        g_autofree char *text = github_annotations(results);
        g_autofree char *more = g_strdup_printf("::and %u more", count - 9);
        g_assert_cmpuint(occurrences(text, "\n"), ==, MIN(count, 10));
        g_assert_cmpint(strstr(text, more) != NULL, ==, count > 10);
    }
}

static void test_summary_escapes(void)
{
    g_autoptr(Results) results = results_new();
    made_result(results, "a|b", VERDICT_FAIL, "<b>`x`");
    g_ptr_array_add(result_outcome(results->results->pdata[0])->last, g_strdup("````"));
    g_autofree char *text = github_summary(results);
    g_assert_nonnull(strstr(text, " a&#124;b | fail | kernel | 1.500 | &#60;b&#62;&#96;x&#96; |\n"));
    g_assert_nonnull(strstr(text, "\n`````\n   1.250 the last line\n````\n`````\n"));
}

static void test_kcidb_origin(void)
{
    static const char *const wrong[] = { "", "A", "a-b", "a:b", "a b", "ä" };
    g_autoptr(Results) results = made_each();
    g_autofree char *right = kcidb_text(results, "a_9");
    g_assert_nonnull(right);
    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_null(kcidb_text(results, wrong[i]));
}

static void assert_plain(const char *text)
{
    g_assert_true(g_utf8_validate(text, -1, NULL));
    for (; *text; text = g_utf8_next_char(text)) {
        gunichar character = g_utf8_get_char(text);
        g_assert_true(character == '\n' || (character >= 0x20 && character != 0x7f));
        g_assert_true(character < 0x80 || character > 0x9f);
        g_assert_true(character != 0x202e && character != 0x2028 && (character & 0xfffe) != 0xfffe);
    }
}

static void test_hostile(void)
{
    g_autoptr(Results) results = made_hostile();
    g_autofree char *junit = junit_text(results);
    g_autofree char *tap = tap_text(results);
    g_autofree char *kcidb = kcidb_text(results, "a");
    g_autofree char *annotations = github_annotations(results);
    g_autofree char *summary = github_summary(results);
    assert_plain(junit);
    assert_plain(tap);
    assert_plain(kcidb);
    assert_plain(annotations);
    assert_plain(summary);
}

// A name that is cut is no name that is new.
static void test_many_of_one_name(void)
{
    g_autoptr(Results) results = results_new();
    Result *result = made_result(results, "a", VERDICT_PASS, "");
    g_autofree char *name = g_strnfill(1000, 'n');
    for (unsigned i = 0; i < 3; i++)
        outcome_add_case(result->outcomes->pdata[0], name, CASE_PASS, NULL, NULL);
    g_autofree char *text = junit_text(results);
    g_assert_cmpuint(occurrences(text, "n...\""), ==, 1);
    g_assert_cmpuint(occurrences(text, "n... (2)\""), ==, 1);
    g_assert_cmpuint(occurrences(text, "n... (3)\""), ==, 1);
}

// What a file does not say of a run's command is that none came to its end, not that one ended well.
static void test_read_without_exit_status(void)
{
    static const char text[] =
        "{\"schema\":2,\"boots\":[{\"name\":\"a\",\"outcomes\":[{},{\"exit-status\":7},"
        "{\"exit-status\":-4294967296}]}]}";
    static const int statuses[] = { -1, 7, -1 };
    g_autoptr(GError) error = NULL;
    char *path = scratch_file(text, strlen(text));
    g_autoptr(Results) results = results_read(path, &error);
    g_assert_no_error(error);
    const Result *result = results->results->pdata[0];
    for (unsigned i = 0; i < G_N_ELEMENTS(statuses); i++)
        g_assert_cmpint(((const Outcome *)result->outcomes->pdata[i])->exit_status, ==, statuses[i]);
    scratch_remove(path);
}

int main(int count, char **words)
{
    g_test_init(&count, &words, NULL);
    g_test_add_func("/ci-reports/plain-line", test_plain_line);
    g_test_add_func("/ci-reports/plain-text", test_plain_text);
    g_test_add_func("/ci-reports/plain-lines", test_plain_lines);
    g_test_add_func("/ci-reports/plain-numbers", test_plain_numbers);
    g_test_add_func("/ci-reports/plain-time", test_plain_time);
    g_test_add_func("/ci-reports/kinds", test_kinds);
    g_test_add_func("/ci-reports/kinds-of-cases", test_kinds_of_cases);
    g_test_add_func("/ci-reports/read-without-exit-status", test_read_without_exit_status);
    g_test_add_func("/ci-reports/tap", test_tap);
    g_test_add_func("/ci-reports/tap-of-none", test_tap_of_none);
    g_test_add_func("/ci-reports/junit-attempts", test_junit_attempts);
    g_test_add_func("/ci-reports/junit-escapes", test_junit_escapes);
    g_test_add_func("/ci-reports/annotations", test_annotations);
    g_test_add_func("/ci-reports/annotations-are-ten", test_annotations_are_ten);
    g_test_add_func("/ci-reports/summary-escapes", test_summary_escapes);
    g_test_add_func("/ci-reports/kcidb-origin", test_kcidb_origin);
    g_test_add_func("/ci-reports/hostile", test_hostile);
    g_test_add_func("/ci-reports/many-of-one-name", test_many_of_one_name);
    return g_test_run();
}
