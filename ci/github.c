// GitHub's annotations and summary.
#include "github.h"
#include "kind.h"
#include "plain.h"
#include <string.h>

#define SHOWN 10u // annotations of a kind
#define LIMIT (900u << 10)
#define LIMIT_TABLE (400u << 10)
#define TAIL (8u << 10)
#define CELL 300

// --- Annotations.

// A command's data; with `property`, the value of one of its properties.
static void add_data(GString *text, const char *data, bool property)
{
    for (; *data; data++)
        if (*data == '%' || *data == '\r' || *data == '\n' || (property && (*data == ':' || *data == ',')))
            g_string_append_printf(text, "%%%02X", (unsigned char)*data);
        else
            g_string_append_c(text, *data);
}

static void add_property(GString *text, const char *before, const char *name, const char *value)
{
    g_string_append_printf(text, "%s%s=", before, name);
    add_data(text, value, true);
}

static void add_annotation(GString *text, const char *kind, const Results *results, const Result *result)
{
    const Outcome *outcome = result_outcome(result);
    g_autofree char *name = kind_name(result->name);
    g_autofree char *title = g_strdup_printf("%s: %s", name, words_name(verdict_words, (int)result->verdict));
    g_autofree char *file = plain_line(results->suite, CELL);
    g_autofree char *why = kind_why(result);
    g_autofree char *stage = plain_line(outcome->stage, CELL);
    g_string_append_printf(text, "::%s ", kind);
    add_property(text, "", "title", title);
    if (*file)
        add_property(text, ",", "file", file);
    g_string_append(text, "::");
    add_data(text, why, false);
    if (*stage)
        add_data(text, "\nstage ", false);
    add_data(text, stage, false);
    g_string_append_c(text, '\n');
}

static bool is_error(const Result *result)
{
    return !verdict_is_good(result->verdict);
}

static bool is_warning(const Result *result)
{
    return result->verdict == VERDICT_FLAKY;
}

static void annotate(
    GString *text, const Results *results, const char *kind, bool (*is_of_kind)(const Result *result))
{
    unsigned count = 0, written = 0;
    for (unsigned i = 0; i < results->results->len; i++)
        count += is_of_kind(results->results->pdata[i]);
    unsigned most = count > SHOWN ? SHOWN - 1 : count;
    for (unsigned i = 0; written < most; i++)
        if (is_of_kind(results->results->pdata[i])) {
            add_annotation(text, kind, results, results->results->pdata[i]);
            written++;
        }
    if (count > most)
        g_string_append_printf(
            text, "::%s title=lparun-ci::and %u more: the summary has them\n", kind, count - most);
}

char *github_annotations(const Results *results)
{
    GString *text = g_string_new(NULL);
    annotate(text, results, "error", is_error);
    annotate(text, results, "warning", is_warning);
    return g_string_free(text, FALSE);
}

// --- Markdown. What is written as a number of a character begins neither markup nor HTML, in a table or not.

static void add_words(GString *text, const char *plain)
{
    for (; *plain; plain++)
        if (g_ascii_ispunct(*plain) && !strchr(",-/()%=;", *plain))
            g_string_append_printf(text, "&#%d;", *plain);
        else
            g_string_append_c(text, *plain);
}

static void add_line(GString *text, const char *value)
{
    g_autofree char *plain = plain_line(value, CELL);
    add_words(text, plain);
}

// A fence is longer than any in what it holds.
static void add_code(GString *text, const char *lines)
{
    gsize longest = 2, run = 0;
    for (const char *at = lines; *at; at++) {
        run = *at == '`' ? run + 1 : 0;
        longest = MAX(longest, run);
    }
    g_autofree char *fence = g_strnfill(longest + 1, '`');
    g_string_append_printf(text, "%s\n%s%s\n\n", fence, lines, fence);
}

static const char *mark_of(const Result *result)
{
    static const char *const marks[] = {
        [KIND_PASS] = "✅", [KIND_FAIL] = "❌", [KIND_ERROR] = "⚠️", [KIND_EXPECTED] = "☑️"
    };
    return marks[kind_of_verdict(result->verdict)];
}

static void add_counts(GString *text, const Results *results)
{
    unsigned counts[VERDICTS];
    results_count(results, counts);
    g_string_append(text, "| verdict | boots |\n| --- | ---: |\n");
    for (unsigned i = 0; i < VERDICTS; i++)
        if (counts[i] > 0)
            g_string_append_printf(text, "| %s | %u |\n", words_name(verdict_words, (int)i), counts[i]);
    g_string_append_c(text, '\n');
}

static void add_row(GString *text, const Result *result)
{
    const Outcome *outcome = result_outcome(result);
    g_autofree char *seconds = plain_seconds(outcome->seconds);
    g_autofree char *why = kind_why(result);
    g_autofree char *name = kind_name(result->name);
    g_string_append_printf(text, "| %s ", mark_of(result));
    add_words(text, name);
    g_string_append_printf(text, " | %s | ", words_name(verdict_words, (int)result->verdict));
    add_line(text, outcome->stage);
    g_string_append_printf(text, " | %s | ", seconds);
    add_line(text, why);
    g_string_append(text, " |\n");
}

static void say_left_out(GString *text, unsigned count, const char *what)
{
    if (count > 0)
        g_string_append_printf(text, "\n%u more %s: the report has them.\n", count, what);
    g_string_append_c(text, '\n');
}

// Those with news come first where not all may have room.
static void add_rows(GString *text, const Results *results)
{
    unsigned left_out = 0;
    g_string_append(
        text, "| boot | verdict | stage | seconds | reason |\n| --- | --- | --- | ---: | --- |\n");
    for (unsigned pass = 0; pass < 2; pass++)
        for (unsigned i = 0; i < results->results->len; i++) {
            const Result *result = results->results->pdata[i];
            if ((result->verdict == VERDICT_PASS) != (pass == 1))
                continue;
            if (text->len < LIMIT_TABLE)
                add_row(text, result);
            else
                left_out++;
        }
    say_left_out(text, left_out, "boots");
}

static void add_details(GString *text, const Result *result)
{
    const Outcome *outcome = result_outcome(result);
    g_autofree char *block = plain_lines(outcome->block, TAIL / 2);
    g_autofree char *last = plain_lines(outcome->last, TAIL);
    g_autofree char *name = kind_name(result->name);
    g_autofree char *why = kind_why(result);
    g_autofree char *again = plain_text(result->again, TAIL / 4);
    g_string_append(text, "<details><summary>");
    add_words(text, name);
    g_string_append_printf(text, ": %s</summary>\n\n", words_name(verdict_words, (int)result->verdict));
    add_words(text, why);
    g_string_append(text, "\n\n");
    if (*again)
        add_code(text, again);
    if (*block)
        add_code(text, block);
    if (*last)
        add_code(text, last);
    g_string_append(text, "</details>\n\n");
}

static void add_failures(GString *text, const Results *results)
{
    unsigned left_out = 0;
    for (unsigned i = 0; i < results->results->len; i++) {
        const Result *result = results->results->pdata[i];
        if (verdict_is_good(result->verdict))
            continue;
        if (text->len < LIMIT)
            add_details(text, result);
        else
            left_out++;
    }
    say_left_out(text, left_out, "failures");
}

char *github_summary(const Results *results)
{
    GString *text = g_string_new("## lparun-ci");
    if (results->suite)
        g_string_append(text, ": ");
    add_line(text, results->suite);
    g_string_append(text, "\n\n");
    if (results->results->len == 0)
        g_string_append(text, "There was no boot.\n\n");
    else {
        add_counts(text, results);
        add_rows(text, results);
    }
    add_failures(text, results);
    return g_string_free(text, FALSE);
}
