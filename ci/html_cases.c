// The tests that a guest ran, in the HTML page: failures first, the rest folded.
#include "html_parts.h"

#define SHOWN 1000u
#define OUTPUT_LINES 200u

static bool is_other(const Case *one)
{
    return !case_is_bad(one);
}

static Verdict look_of(CaseResult result)
{
    static const Verdict looks[] = {
        [CASE_PASS] = VERDICT_PASS,
        [CASE_FAIL] = VERDICT_FAIL,
        [CASE_SKIP] = VERDICT_NO_RESULT,
        [CASE_EXPECTED_FAIL] = VERDICT_KNOWN_FAILURE,
        [CASE_TIMEOUT] = VERDICT_TIMED_OUT,
        [CASE_ERROR] = VERDICT_PANICKED,
    };
    return looks[result];
}

static void add_output(GString *page, const char *output)
{
    g_auto(GStrv) lines = g_strsplit(output, "\n", OUTPUT_LINES + 1);
    html_put(page,
        "<details><summary>Its output</summary><pre class=\"log short\" tabindex=\"0\" role=\"group\" "
        "aria-label=\"Output\">");
    for (unsigned i = 0; lines[i] && i < OUTPUT_LINES && html_has_room(page); i++)
        html_put(page, "%s\n", lines[i]);
    html_put(page, "</pre></details>");
}

static void add_case(GString *page, const Case *one)
{
    const char *tone = one->result == CASE_SKIP ? "none" : html_tone(look_of(one->result));
    html_put(page, "<tr><td><span class=\"verdict %s\">", tone);
    html_icon(page, look_of(one->result));
    html_put(page, "%s</span></td><th scope=\"row\">%.300s</th><td>%.600s",
        words_name(case_words, (int)one->result), one->name, one->text);
    if (one->output)
        add_output(page, one->output);
    html_put(page, "</td></tr>\n");
}

static unsigned count_of(const GPtrArray *cases, bool (*wanted)(const Case *one))
{
    unsigned count = 0;
    for (unsigned i = 0; i < cases->len; i++)
        count += wanted(cases->pdata[i]);
    return count;
}

static void add_table(
    GString *page, const GPtrArray *cases, bool (*wanted)(const Case *one), const char *caption)
{
    unsigned shown = 0, count = count_of(cases, wanted);
    html_put(page,
        "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"%s\"><table class=\"cases\">",
        caption);
    html_put(page,
        "<thead><tr><th scope=\"col\">Result</th><th scope=\"col\">Test</th><th scope=\"col\">Says</th>"
        "</tr></thead><tbody>\n");
    for (unsigned i = 0; i < cases->len && shown < SHOWN && html_has_room(page); i++)
        if (wanted(cases->pdata[i])) {
            add_case(page, cases->pdata[i]);
            shown++;
        }
    html_put(page, "</tbody></table></div>\n");
    if (shown < count)
        html_put(page, "<p class=\"dim\">%u more are in results.json.</p>\n", count - shown);
}

static void add_summary(GString *page, const GPtrArray *cases)
{
    const char *between = "";
    unsigned counts[CASE_ERROR + 1] = { 0 };
    for (unsigned i = 0; i < cases->len; i++)
        counts[((const Case *)cases->pdata[i])->result]++;
    html_put(page, "<p>");
    for (unsigned result = 0; result < G_N_ELEMENTS(counts); result++)
        if (counts[result] > 0) {
            html_put(page, "%s<b>%u</b> %s", between, counts[result], words_name(case_words, (int)result));
            between = ", ";
        }
    html_put(page, "</p>\n");
}

void html_cases(GString *page, const Outcome *outcome)
{
    const GPtrArray *cases = outcome->cases;
    if (cases->len == 0 || !html_has_room(page))
        return;
    unsigned failures = count_of(cases, case_is_bad);
    html_put(page, "<h4>Tests that the guest ran</h4>\n");
    add_summary(page, cases);
    if (failures > 0)
        add_table(page, cases, case_is_bad, "Tests that failed");
    if (failures == cases->len)
        return;
    html_put(page, "<details><summary>%u that did not fail</summary>\n", cases->len - failures);
    add_table(page, cases, is_other, "Tests that did not fail");
    html_put(page, "</details>\n");
}
