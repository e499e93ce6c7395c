// TAP.
#include "tap.h"
#include "kind.h"
#include "plain.h"

#define SUBTEST "    "
#define YAML 1000
#define OUTPUT (2u << 10)

// Backslash and # begin something else in a description and in a reason.
static void add_escaped(GString *text, const char *plain)
{
    for (; *plain; plain++) {
        if (*plain == '\\' || *plain == '#')
            g_string_append_c(text, '\\');
        g_string_append_c(text, *plain);
    }
}

static void add_point(
    GString *text, const char *indent, unsigned number, const char *name, Kind kind, const char *why)
{
    g_autofree char *plain = kind_name(name);
    bool ok = kind == KIND_PASS || kind == KIND_SKIP;
    g_string_append_printf(text, "%s%sok %u - ", indent, ok ? "" : "not ", number);
    add_escaped(text, plain);
    if (kind == KIND_EXPECTED || kind == KIND_SKIP) {
        g_string_append(text, kind == KIND_SKIP ? " # SKIP " : " # TODO ");
        add_escaped(text, why);
    }
    g_string_append_c(text, '\n');
}

// --- YAML 1.2, of the part that is JSON: texts stand in double quotes.

static void add_quoted(GString *text, const char *plain)
{
    g_string_append_c(text, '"');
    for (; *plain; plain++) {
        if (*plain == '\\' || *plain == '"')
            g_string_append_c(text, '\\');
        g_string_append_c(text, *plain);
    }
    g_string_append(text, "\"\n");
}

static void add_entry(GString *text, const char *indent, const char *name, const char *value)
{
    g_autofree char *plain = plain_line(value, YAML);
    if (!*plain)
        return;
    g_string_append_printf(text, "%s  %s: ", indent, name);
    add_quoted(text, plain);
}

static void add_lines(GString *text, const char *indent, const char *name, const GPtrArray *lines)
{
    if (lines->len > 0)
        g_string_append_printf(text, "%s  %s:\n", indent, name);
    for (unsigned i = 0; i < lines->len; i++) {
        g_autofree char *plain = plain_line(lines->pdata[i], YAML);
        g_string_append_printf(text, "%s    - ", indent);
        add_quoted(text, plain);
    }
}

static void add_output(GString *text, const char *output)
{
    g_autofree char *plain = plain_text(output, OUTPUT);
    g_auto(GStrv) words = g_strsplit(plain, "\n", -1);
    g_autoptr(GPtrArray) lines = g_ptr_array_new();
    for (unsigned i = 0; words[i] && (*words[i] || words[i + 1]); i++)
        g_ptr_array_add(lines, words[i]);
    add_lines(text, SUBTEST, "output", lines);
}

// --- Points.

static void add_case(GString *text, const Result *result, const Case *one, unsigned number)
{
    Kind kind = kind_of_case(result, one);
    g_autofree char *why = kind_why_case(result, one);
    add_point(text, SUBTEST, number, one->name, kind, why);
    if (kind != KIND_FAIL)
        return;
    g_string_append(text, SUBTEST "  ---\n");
    add_entry(text, SUBTEST, "result", words_name(case_words, (int)one->result));
    add_entry(text, SUBTEST, "reason", why);
    add_output(text, one->output);
    g_string_append(text, SUBTEST "  ...\n");
}

static void add_cases(GString *text, const Result *result)
{
    const GPtrArray *cases = result_outcome(result)->cases;
    g_autofree char *name = kind_name(result->name);
    if (cases->len == 0)
        return;
    g_string_append(text, "# Subtest: ");
    add_escaped(text, name);
    g_string_append_printf(text, "\n" SUBTEST "1..%u\n", cases->len);
    for (unsigned i = 0; i < cases->len; i++)
        add_case(text, result, cases->pdata[i], i + 1);
}

static void add_block(GString *text, const Result *result)
{
    const Outcome *outcome = result_outcome(result);
    g_autofree char *seconds = plain_seconds(outcome->seconds);
    g_string_append(text, "  ---\n");
    add_entry(text, "", "verdict", words_name(verdict_words, (int)result->verdict));
    add_entry(text, "", "reason", result->reason);
    add_entry(text, "", "known", result->known);
    add_entry(text, "", "stage", outcome->stage);
    add_entry(text, "", "hang", outcome->hang);
    add_entry(text, "", "signature", outcome->signature);
    g_string_append_printf(text, "  seconds: %s\n  attempts: %u\n", seconds, result->outcomes->len);
    add_entry(text, "", "again", result->again);
    add_lines(text, "", "block", outcome->block);
    add_lines(text, "", "last", outcome->last);
    g_string_append(text, "  ...\n");
}

static void add_boot(GString *text, const Result *result, unsigned number)
{
    g_autofree char *why = kind_why(result);
    add_cases(text, result);
    add_point(text, "", number, result->name, kind_of_verdict(result->verdict), why);
    if (result->verdict != VERDICT_PASS)
        add_block(text, result);
}

char *tap_text(const Results *results)
{
    GString *text = g_string_new("TAP version 13\n");
    unsigned count = results->results->len;
    if (count == 0)
        g_string_append(text, results->shards > 0 ? "1..0 # SKIP no boot is in this shard\n"
                                                  : "Bail out! There was no boot.\n");
    else
        g_string_append_printf(text, "1..%u\n", count);
    for (unsigned i = 0; i < count; i++)
        add_boot(text, results->results->pdata[i], i + 1);
    return g_string_free(text, FALSE);
}
