// Results made for tests.
#include "made_results.h"
#include <math.h>

// Ends of CDATA, fences, tables, YAML, directives and commands; escapes, control characters, no characters,
// an overlong and a cut sequence, a surrogate, a mark that turns the direction of writing, and other ends of
// lines.
#define HOSTILE                                                                                              \
    "]]>&#0;&<b a=\"'\">|`~*_[x](javascript:y)</details></code></pre>```\n````\n::error::x%0A##[error]x\n"   \
    "...\n---\n# TODO x\n  - \"x\\\n1..9\nok 1 # SKIP\n\x1b[31mred\x1b[0m\x1b]0;t\x07\b\x01\x7f\r\v\f"       \
    "\xff\xfe\xc0\x80\xed\xa0\x80\xe2\x82\xef\xbf\xbe\xef\xbf\xbf\xe2\x80\xae\xe2\x80\xa8\xc2\x85\xf4\x8f"   \
    "\xbf\xbf@"                                                                                              \
    "x.org www.x.org https://x.org $x$ <!-- é 𝄞\\"

static Outcome *made_outcome(Verdict verdict, const char *reason)
{
    Outcome *outcome = outcome_new();
    outcome->verdict = verdict;
    outcome->reason = g_strdup(reason);
    outcome->stage = g_strdup("kernel");
    outcome->seconds = 1.5;
    g_ptr_array_add(outcome->last, g_strdup("   1.250 the last line"));
    return outcome;
}

Result *made_result(Results *results, const char *name, Verdict verdict, const char *reason)
{
    Result *result = result_new(name);
    result->verdict = verdict;
    result->reason = g_strdup(reason);
    g_ptr_array_add(result->outcomes, made_outcome(verdict, reason));
    g_ptr_array_add(results->results, result);
    return result;
}

static void add_cases(Outcome *outcome)
{
    for (const Word *word = case_words; word->word; word++)
        outcome_add_case(outcome, word->word, (CaseResult)word->value, "a text", "one\ntwo\n");
}

static Results *made_results(void)
{
    Results *results = results_new();
    results->suite = g_strdup("tests/a.suite.boot");
    results->started = g_strdup("2026-01-31T23:59:00Z");
    results->version = g_strdup("0.1.0");
    results->host = g_strdup("Linux 6.12 ppc64le");
    results->seconds = 12;
    return results;
}

Results *made_each(void)
{
    Results *results = made_results();
    for (const Word *word = verdict_words; word->word; word++) {
        Result *result = made_result(results, word->word, (Verdict)word->value, "a reason");
        if (word->value == VERDICT_KNOWN_FAILURE || word->value == VERDICT_UNEXPECTED_PASS)
            result->known = g_strdup("a bug of ours");
        add_cases(result->outcomes->pdata[0]);
    }
    return results;
}

static void make_hostile_outcome(Outcome *outcome)
{
    outcome->signature = g_strdup(HOSTILE);
    g_free(outcome->stage);
    outcome->stage = g_strdup(HOSTILE);
    outcome->hang = g_strdup(HOSTILE);
    outcome->folder = g_strdup(HOSTILE);
    outcome->seconds = NAN;
    for (unsigned i = 0; i < 2; i++) { // a second member of a name, which an object has only once
        outcome_add_mark(outcome->timeline, HOSTILE, INFINITY);
        outcome_add_mark(outcome->stages, "", -1e308);
        outcome_add_count(outcome, HOSTILE, G_MININT64);
        outcome_add_case(outcome, HOSTILE, CASE_FAIL, HOSTILE, HOSTILE);
        outcome_add_case(outcome, "", CASE_ERROR, NULL, NULL);
        outcome_add_case(outcome, "boot", CASE_EXPECTED_FAIL, HOSTILE, NULL);
    }
    g_ptr_array_add(outcome->block, g_strdup(HOSTILE));
    g_ptr_array_add(outcome->last, g_strdup(HOSTILE));
    g_ptr_array_add(outcome->last, g_strdup("</details>"));
}

static void make_hostile_result(Result *result)
{
    Input *input = g_new0(Input, 1);
    *input = (Input){ g_strdup("kernel"), g_strdup(HOSTILE), NULL, g_strdup(HOSTILE), -1 };
    result->known = g_strdup(HOSTILE);
    result->again = g_strdup(HOSTILE);
    result->tags = g_strsplit(HOSTILE, "\n", -1);
    result->command = g_strsplit(HOSTILE, "\n", -1);
    g_ptr_array_add(result->inputs, input);
    result_add_axis(result, HOSTILE, HOSTILE);
    result_add_axis(result, HOSTILE, "");
    g_ptr_array_insert(result->outcomes, 0, made_outcome(VERDICT_FAIL, HOSTILE));
    g_ptr_array_insert(result->outcomes, 0, made_outcome(VERDICT_COULD_NOT_TEST, NULL));
    for (unsigned i = 0; i < result->outcomes->len; i++)
        make_hostile_outcome(result->outcomes->pdata[i]);
}

Results *made_hostile(void)
{
    Results *results = made_results();
    g_free(results->suite);
    results->suite = g_strdup(HOSTILE);
    g_free(results->host);
    results->host = g_strdup(HOSTILE);
    g_free(results->started);
    results->started = g_strdup(HOSTILE);
    results->seconds = INFINITY;
    for (const Word *word = verdict_words; word->word; word++) {
        make_hostile_result(made_result(results, HOSTILE, (Verdict)word->value, HOSTILE));
        make_hostile_result(made_result(results, "", (Verdict)word->value, ""));
    }
    return results;
}

Results *made_many(unsigned boots, unsigned cases, unsigned width)
{
    Results *results = made_results();
    g_autofree char *line = g_strnfill(width, '<');
    for (unsigned i = 0; i < boots; i++) {
        g_autofree char *name = g_strdup_printf("boot/%u", i);
        Result *result = made_result(results, name, i % 2 ? VERDICT_PANICKED : VERDICT_PASS, line);
        Outcome *outcome = result->outcomes->pdata[0];
        for (unsigned j = 0; j < cases; j++)
            outcome_add_case(outcome, "the same", j % 2 ? CASE_FAIL : CASE_PASS, line, line);
        for (unsigned j = 0; j < 60; j++)
            g_ptr_array_add(outcome->block, g_strdup(line));
        for (unsigned j = 0; j < 60; j++)
            g_ptr_array_add(outcome->last, g_strdup(line));
    }
    return results;
}
