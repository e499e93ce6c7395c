// lparun-ci's HTML page: what is in it stays text, its links lead somewhere, and it is bounded.
#include "html.h"
#include "html_escape.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// --- Text.

static char *escaped(const char *text)
{
    GString *page = g_string_new(NULL);
    html_put(page, "%s", text);
    return g_string_free(page, FALSE);
}

static void check_escape(const char *text, const char *expected)
{
    g_autofree char *found = escaped(text);
    g_assert_cmpstr(found, ==, expected);
}

static void test_escape(void)
{
    check_escape("<script>alert('1')</script>", "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;");
    check_escape("\" onload=\"x\" & &amp;", "&quot; onload=&quot;x&quot; &amp; &amp;amp;");
    check_escape("a\001\033[2J\177\tb\nc\r", "a[2J\tb\nc");
    check_escape("\302\200\302\237nel", "nel");                           // C1
    check_escape("\342\200\256evil\342\200\254 \342\201\246x", "evil x"); // U+202E, U+202C, U+2066
    check_escape("\357\277\276\357\267\220\364\217\277\277x", "x");       // U+FFFE, U+FDD0, U+10FFFF
    check_escape("\377\300\257a\355\240\200b\342\202",
        "\357\277\275\357\277\275\357\277\275a\357\277\275\357\277\275\357\277\275b\357\277\275\357\277\275");
    check_escape("Zürich €", "Zürich €");
    check_escape(NULL, "");
}

static void test_put(void)
{
    g_autoptr(GString) page = g_string_new(NULL);
    html_put(page, "<b>%.3s</b>%d %u %.2f%% %.1f %.1f|%.3s|", "<&>x", -4, 7u, 1.005, NAN, INFINITY, "abc");
    g_assert_cmpstr(page->str, ==, "<b>&lt;&amp;&gt;…</b>-4 7 1.00% 0.0 0.0|abc|");
}

static void test_long_text(void)
{
    g_autofree char *text = g_strnfill(100000, 'x');
    g_autofree char *found = escaped(text);
    g_assert_cmpuint(strlen(found), ==, HTML_TEXT_LONGEST + strlen("…"));
}

static void check_number(gint64 number, const char *expected)
{
    g_autofree char *text = html_number(number);
    g_assert_cmpstr(text, ==, expected);
}

static void check_seconds(double seconds, const char *expected)
{
    g_autofree char *text = html_seconds(seconds);
    g_assert_cmpstr(text, ==, expected);
}

static void test_numbers(void)
{
    check_number(0, "0");
    check_number(999, "999");
    check_number(1000, "1,000");
    check_number(-1234567, "-1,234,567");
    check_number(-123, "-123");
    check_seconds(1.234, "1.23 s");
    check_seconds(59.94, "59.9 s");
    check_seconds(125.4, "2 min 05 s");
    check_seconds(-1, "0 s");
    check_seconds(NAN, "0 s");
    check_seconds(INFINITY, "16666666 min 40 s");
}

// --- Pages.

static void add_boot(Results *results, const char *name, Verdict verdict)
{
    Result *result = result_new(name);
    Outcome *outcome = outcome_new();
    result->verdict = outcome->verdict = verdict;
    result->reason = g_strdup("because");
    outcome->seconds = 3;
    outcome->folder = g_strdup("b");
    g_ptr_array_add(result->outcomes, outcome);
    g_ptr_array_add(results->results, result);
}

static Result *boot_of(const Results *results, unsigned index)
{
    return results->results->pdata[index];
}

static Outcome *outcome_of(const Results *results, unsigned index)
{
    return boot_of(results, index)->outcomes->pdata[0];
}

// strstr(), without the walk to the end of the page that a sanitizer adds to each call.
static const char *find(const char *at, const char *text)
{
    gsize length = strlen(text);
    while (*at && strncmp(at, text, length) != 0)
        at++;
    return *at ? at : NULL;
}

static unsigned count_of(const char *page, const char *text)
{
    unsigned count = 0;
    for (const char *at = page; (at = find(at, text)); at += strlen(text))
        count++;
    return count;
}

static void each_value(
    const char *page, const char *before, void (*each)(char *value, GHashTable *ids), GHashTable *ids)
{
    for (const char *at = page; (at = find(at, before));) {
        at += strlen(before);
        const char *end = find(at, "\"");
        each(g_strndup(at, end - at), ids);
    }
}

static void take_id(char *id, GHashTable *ids)
{
    if (g_hash_table_contains(ids, id))
        g_error("the id %s is there twice", id);
    g_hash_table_add(ids, id);
}

static void find_id(char *id, GHashTable *ids)
{
    if (!g_hash_table_contains(ids, id))
        g_error("#%s leads nowhere", id);
    g_free(id);
}

static void check_links(const char *page)
{
    g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    each_value(page, " id=\"", take_id, ids);
    each_value(page, " href=\"#", find_id, ids);
    each_value(page, " aria-labelledby=\"", find_id, ids);
}

static char *page_of(const Results *results, const char *folder)
{
    char *page = html_text(results, folder);
    g_assert_true(g_utf8_validate(page, -1, NULL));
    g_assert_true(g_str_has_suffix(page, "</body>\n</html>\n"));
    check_links(page);
    return page;
}

static void check_has(const char *page, const char *text)
{
    if (!strstr(page, text))
        g_error("the page does not have: %s", text);
}

static void check_lacks(const char *page, const char *text)
{
    if (strstr(page, text))
        g_error("the page has: %s", text);
}

static void test_nothing(void)
{
    g_autoptr(Results) results = results_new();
    g_autofree char *page = page_of(results, NULL);
    check_has(page, "<h1>");
    check_has(page, "No boot was run");
}

static void check_headline(const Verdict *verdicts, unsigned count, const char *expected)
{
    g_autoptr(Results) results = results_new();
    for (unsigned i = 0; i < count; i++)
        add_boot(results, "x", verdicts[i]);
    g_autofree char *page = page_of(results, NULL);
    g_autofree char *line = g_strdup_printf("%s</h1>", expected);
    check_has(page, line);
}

static void test_headlines(void)
{
    const Verdict pass[] = { VERDICT_PASS, VERDICT_PASS }, soft[] = { VERDICT_PASS, VERDICT_FLAKY };
    const Verdict bad[] = { VERDICT_PANICKED, VERDICT_COULD_NOT_TEST, VERDICT_PASS };
    const Verdict host[] = { VERDICT_WRONG, VERDICT_PASS };
    check_headline(pass, 2, "All 2 boots passed");
    check_headline(pass, 1, "x: pass");
    check_headline(soft, 2, "2 boots, none failed");
    check_headline(bad, 3, "1 of 3 boots failed");
    check_headline(host, 2, "1 of 2 boots not tested");
}

// Each verdict has a word, and is told in the tally.
static void test_verdicts(void)
{
    g_autoptr(Results) results = results_new();
    for (unsigned verdict = 0; verdict < VERDICTS; verdict++)
        add_boot(results, "x", (Verdict)verdict);
    g_autofree char *page = page_of(results, NULL);
    g_assert_cmpuint(count_of(page, "<b>1</b> "), ==, VERDICTS);
}

#define EVIL "\"><script>alert(1)</script>\377\033[1m'\302\205"

static void make_evil(Results *results)
{
    add_boot(results, EVIL, VERDICT_FAIL);
    Result *result = boot_of(results, results->results->len - 1);
    Outcome *outcome = result->outcomes->pdata[0];
    g_free(result->reason);
    g_free(outcome->folder);
    result->reason = g_strdup(EVIL);
    result->known = g_strdup(EVIL);
    result->again = g_strdup(EVIL);
    result->tags = g_strsplit(EVIL ",b", ",", -1);
    result->command = g_strsplit("lparun " EVIL, " ", -1);
    result_add_axis(result, EVIL, EVIL);
    result_add_axis(result, "b", results->results->len % 2 ? "1" : EVIL);
    Input *input = g_new0(Input, 1);
    *input = (Input){ g_strdup(EVIL), g_strdup(EVIL), g_strdup(EVIL), g_strdup(EVIL), G_MININT64 };
    g_ptr_array_add(result->inputs, input);
    outcome->signature = g_strdup(EVIL);
    outcome->stage = g_strdup(EVIL);
    outcome->hang = g_strdup(EVIL);
    outcome->folder = g_strdup("javascript:" EVIL);
    outcome->seconds = INFINITY;
    outcome_add_mark(outcome->stages, EVIL, NAN);
    outcome_add_mark(outcome->stages, EVIL, -5);
    outcome_add_mark(outcome->stages, EVIL, 1e300);
    outcome_add_mark(outcome->timeline, EVIL, -INFINITY);
    outcome_add_mark(outcome->timeline, EVIL, 7);
    outcome_add_count(outcome, EVIL "." EVIL, G_MAXINT64);
    outcome_add_count(outcome, "exits." EVIL, G_MAXINT64);
    outcome_add_count(outcome, "exits.b", G_MAXINT64);
    outcome_add_count(outcome, "", G_MININT64);
    outcome_add_case(outcome, EVIL, CASE_FAIL, EVIL, EVIL "\n" EVIL);
    outcome_add_case(outcome, EVIL, CASE_SKIP, NULL, NULL);
    g_ptr_array_add(outcome->block, g_strdup("1e999 " EVIL));
    g_ptr_array_add(outcome->last, g_strdup(EVIL));
    outcome->console = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(outcome->console, g_strdup("     1.000 Kernel panic - not syncing: " EVIL));
    g_ptr_array_add(outcome->console, g_strdup("nan " EVIL));
    g_ptr_array_add(outcome->console, g_strdup(""));
}

static void test_evil(void)
{
    g_autoptr(Results) results = results_new();
    results->suite = g_strdup(EVIL);
    results->host = g_strdup(EVIL);
    results->version = g_strdup(EVIL);
    results->started = g_strdup(EVIL);
    results->seconds = NAN;
    results->all = g_strsplit(EVIL "|missing " EVIL, "|", -1);
    for (unsigned i = 0; i < 4; i++)
        make_evil(results);
    g_autofree char *page = page_of(results, NULL);
    check_lacks(page, "<script");
    check_lacks(page, "\033");
    check_lacks(page, "href=\"javascript:");
    check_has(page, "href=\"./javascript");
}

static GPtrArray *lines_of(unsigned count, const char *text)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < count; i++)
        g_ptr_array_add(lines, g_strdup_printf("%10.3f %s %u.", i / 1000.0, text, i + 1));
    return lines;
}

// Both ends of a long console are there, with the numbers that its lines have in console.txt.
static void test_long_console(void)
{
    g_autoptr(Results) results = results_new();
    add_boot(results, "x", VERDICT_FAIL);
    outcome_of(results, 0)->console = lines_of(50000, "line");
    outcome_add_mark(outcome_of(results, 0)->stages, "firmware", 0.002);
    outcome_add_mark(outcome_of(results, 0)->stages, "kernel", 20);
    outcome_add_mark(outcome_of(results, 0)->stages, "init", 49.998);
    g_autofree char *page = page_of(results, NULL);
    check_has(page, " line 1.\n");
    check_has(page, "<span id=\"b1-50000\">");
    check_has(page, " line 50000.\n");
    check_has(page, "48,000 lines left out");
    check_has(page, "<li class=\"stage\"><a href=\"#b1-3\">firmware</a>");        // above the console
    check_has(page, "class=\"swatch s1\"></span><a href=\"#b1-3\">firmware</a>"); // below the timeline
    check_has(page, "<a href=\"#b1-49999\">init</a>");
    check_lacks(page, ">kernel</a>"); // its line is left out
    g_assert_cmpuint(count_of(page, "<span id=\"b1-"), ==, 2000);
}

static void test_failures_are_marked(void)
{
    g_autoptr(Results) results = results_new();
    add_boot(results, "x", VERDICT_PANICKED);
    outcome_of(results, 0)->console = lines_of(5, "[    1.5] Kernel panic - not syncing: no init");
    g_autofree char *page = page_of(results, NULL);
    g_assert_cmpuint(count_of(page, "<mark>[    1.5] Kernel panic"), ==, 5);
    g_assert_cmpuint(count_of(page, "<li class=\"failure\"><a href=\"#b1-"), ==, 5);
}

// The worst that can come: every bytes grows by escaping, in more boots than are shown.
static void test_bounded(void)
{
    g_autofree char *wild = g_strnfill(3000, '<');
    g_autoptr(GPtrArray) lines = lines_of(2500, wild);
    g_autoptr(Results) results = results_new();
    for (unsigned i = 0; i < 5100; i++) {
        add_boot(results, wild, i % 2 ? VERDICT_FAIL : VERDICT_PASS);
        outcome_of(results, i)->console = g_ptr_array_ref(lines);
        g_autofree char *value = g_strdup_printf("%u", i);
        result_add_axis(boot_of(results, i), "a", value);
        result_add_axis(boot_of(results, i), "b", value);
    }
    g_autofree char *page = page_of(results, NULL);
    g_assert_cmpuint(strlen(page), <, 40u << 20);
    check_has(page, "results.json has the rest");
    check_has(page, "100 more are in results.json");
}

static void test_matrix(void)
{
    g_autoptr(Results) results = results_new();
    for (unsigned i = 0; i < 12; i++) {
        g_autofree char *a = g_strdup_printf("a%u", i % 3), *b = g_strdup_printf("b%u", i / 3 % 2);
        add_boot(results, "x", VERDICT_PASS);
        result_add_axis(boot_of(results, i), "small", i < 6 ? "c0" : "c1");
        result_add_axis(boot_of(results, i), "middle", b);
        if (i != 11) // it is in no table
            result_add_axis(boot_of(results, i), "large", a);
    }
    add_boot(results, "x[twice]", VERDICT_FAIL);
    result_add_axis(boot_of(results, 12), "small", "c0");
    result_add_axis(boot_of(results, 12), "large", "a0");
    result_add_axis(boot_of(results, 12), "middle", "b0");
    g_autofree char *page = page_of(results, NULL);
    g_assert_cmpuint(count_of(page, "<table class=\"matrix\">"), ==, 2);
    check_has(page, "<caption>middle = b0</caption>");
    check_has(page, "<th scope=\"row\">a2</th>");
    check_has(page, "<h3>Others</h3>");
    g_assert_cmpuint(count_of(page, "<a class=\"cell "), ==, 12);
    g_assert_cmpuint(count_of(page, "<td class=\"empty\">"), ==, 1);
}

// Each boot of the suite has its own tables, by its own axes.
static void test_matrices(void)
{
    g_autoptr(Results) results = results_new();
    for (unsigned i = 0; i < 8; i++) {
        add_boot(results, i < 4 ? "slof[a=b]" : "direct[c=d]", VERDICT_PASS);
        result_add_axis(boot_of(results, i), i < 4 ? "a" : "c", i % 2 ? "x" : "y");
        result_add_axis(boot_of(results, i), i < 4 ? "b" : "d", i / 2 % 2 ? "v" : "w");
    }
    g_autofree char *page = page_of(results, NULL);
    check_has(page, "<caption>slof</caption>");
    check_has(page, "<caption>direct</caption>");
    check_has(page, "a \\ b</span>");
    check_has(page, "c \\ d</span>");
    check_lacks(page, "<h3>Others</h3>");
    g_assert_cmpuint(count_of(page, "<a class=\"cell "), ==, 8);
    check_lacks(page, "class=\"empty\"");
}

static void test_missing(void)
{
    g_autoptr(Results) results = results_new();
    add_boot(results, "one", VERDICT_PASS);
    results->all = g_strsplit("one,two,three", ",", -1);
    g_autofree char *page = page_of(results, NULL);
    check_has(page, "2 boots are missing");
    check_has(page, "<li>two</li>\n<li>three</li>");
    results->shards = 3;
    results->shard = 2;
    g_autofree char *shard = page_of(results, NULL);
    check_has(shard, "2 boots of the suite are other shards");
    check_has(shard, "<dd>2 of 3</dd>");
}

// --- Consoles in files.

static char *put_console(const char *folder, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_assert_cmpint(g_mkdir_with_parents(path, 0700), ==, 0);
    char *file = g_build_filename(path, "console.txt", NULL);
    if (text)
        g_assert_true(g_file_set_contents(file, text, -1, NULL));
    return file;
}

static char *page_with(const char *report, const char *folder)
{
    g_autoptr(Results) results = results_new();
    add_boot(results, "x", VERDICT_FAIL);
    g_free(outcome_of(results, 0)->folder);
    outcome_of(results, 0)->folder = g_strdup(folder);
    return page_of(results, report);
}

static void check_read(const char *report, const char *folder, bool expected)
{
    g_autofree char *page = page_with(report, folder);
    g_assert_cmpint(strstr(page, "it is here") != NULL, ==, expected);
}

static void test_files(void)
{
    g_autofree char *top = g_dir_make_tmp("ci-html-XXXXXX", NULL);
    g_autofree char *report = g_build_filename(top, "report", NULL);
    g_autofree char *good = put_console(report, "a b/c", "     0.100 it is here\n     0.2");
    g_autofree char *outside = put_console(top, "outside", "it is here\n");
    g_autofree char *link = put_console(report, "link", NULL);
    g_autofree char *pipe = put_console(report, "pipe", NULL);
    g_autofree char *empty = put_console(report, "empty", "");
    g_autofree char *absolute = g_build_filename(top, "outside", NULL);
    g_assert_cmpint(symlink(outside, link), ==, 0);
    g_assert_cmpint(mkfifo(pipe, 0600), ==, 0);
    check_read(report, "a b/c", true);
    check_read(report, "../outside", true); // as of a merged report
    check_read(report, absolute, false);
    check_read(report, "link", false);
    check_read(report, "pipe", false);
    check_read(report, "empty", false);
    check_read(report, "nowhere", false);
    check_read(report, "", false);
    check_read(NULL, "a b/c", false);
    g_autofree char *page = page_with(report, "a b/c");
    check_has(page, "href=\"./a%20b/c/console.txt\"");
    g_autofree char *silent = page_with(report, "empty");
    check_has(silent, "It said nothing.");
    g_autofree char *command = g_strdup_printf("rm -r %s", top);
    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ci-html/escape", test_escape);
    g_test_add_func("/ci-html/put", test_put);
    g_test_add_func("/ci-html/long-text", test_long_text);
    g_test_add_func("/ci-html/numbers", test_numbers);
    g_test_add_func("/ci-html/nothing", test_nothing);
    g_test_add_func("/ci-html/headlines", test_headlines);
    g_test_add_func("/ci-html/verdicts", test_verdicts);
    g_test_add_func("/ci-html/evil", test_evil);
    g_test_add_func("/ci-html/long-console", test_long_console);
    g_test_add_func("/ci-html/failures-are-marked", test_failures_are_marked);
    g_test_add_func("/ci-html/bounded", test_bounded);
    g_test_add_func("/ci-html/matrix", test_matrix);
    g_test_add_func("/ci-html/matrices", test_matrices);
    g_test_add_func("/ci-html/missing", test_missing);
    g_test_add_func("/ci-html/files", test_files);
    return g_test_run();
}
