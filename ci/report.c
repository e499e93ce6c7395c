// Reports.
#include "report.h"
#include <errno.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <stdio.h>

#define LAST 40 // lines of the console that are shown of a failure
#define SCHEMA 1

static unsigned first_shown(const Outcome *outcome)
{
    return outcome->console->len > LAST ? outcome->console->len - LAST : 0;
}

void report_print(const Boot *boot, const Outcome *outcome)
{
    const Finding *finding = &outcome->finding;
    printf("%s: %s in %.1f s, stage %s: %s\n", boot->name, words_name(verdict_words, (int)finding->verdict),
        outcome->seconds, outcome->stage, finding->reason);
    if (finding->verdict == VERDICT_PASS)
        return;
    for (unsigned i = first_shown(outcome); i < outcome->console->len; i++)
        printf("  %s\n", (const char *)outcome->console->pdata[i]);
    if (finding->signature)
        printf("%s: signature: %s\n", boot->name, finding->signature);
}

static void add_text(JsonBuilder *builder, const char *name, const char *text)
{
    json_builder_set_member_name(builder, name);
    if (text)
        json_builder_add_string_value(builder, text);
    else
        json_builder_add_null_value(builder);
}

static void add_words(JsonBuilder *builder, const char *name, char *const *words, unsigned count)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
    for (unsigned i = 0; i < count; i++)
        json_builder_add_string_value(builder, words[i]);
    json_builder_end_array(builder);
}

static void add_timeline(JsonBuilder *builder, const GArray *timeline)
{
    json_builder_set_member_name(builder, "timeline");
    json_builder_begin_array(builder);
    for (unsigned i = 0; i < timeline->len; i++) {
        const Mark *mark = &g_array_index(timeline, Mark, i);
        json_builder_begin_object(builder);
        add_text(builder, "name", mark->name);
        json_builder_set_member_name(builder, "seconds");
        json_builder_add_double_value(builder, mark->seconds);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

static void add_boot(JsonBuilder *builder, const Boot *boot, const Outcome *outcome)
{
    const Finding *finding = &outcome->finding;
    unsigned first = first_shown(outcome);
    json_builder_begin_object(builder);
    add_text(builder, "name", boot->name);
    add_text(builder, "verdict", words_name(verdict_words, (int)finding->verdict));
    add_text(builder, "reason", finding->reason);
    add_text(builder, "signature", finding->signature);
    add_text(builder, "stage", outcome->stage);
    json_builder_set_member_name(builder, "seconds");
    json_builder_add_double_value(builder, outcome->seconds);
    json_builder_set_member_name(builder, "flooded");
    json_builder_add_boolean_value(builder, outcome->flooded);
    add_timeline(builder, outcome->timeline);
    add_words(builder, "command", outcome->command, g_strv_length(outcome->command));
    add_words(builder, "last", (char *const *)outcome->console->pdata + first, outcome->console->len - first);
    json_builder_end_object(builder);
}

static bool write_results(const Boot *boot, const Outcome *outcome, const char *path, GError **error)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonGenerator) generator = json_generator_new();
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "schema");
    json_builder_add_int_value(builder, SCHEMA);
    add_text(builder, "lparun-ci", LPARUN_VERSION);
    json_builder_set_member_name(builder, "boots");
    json_builder_begin_array(builder);
    add_boot(builder, boot, outcome);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    return json_generator_to_file(generator, path, error);
}

static bool write_console(const Outcome *outcome, const char *folder, GError **error)
{
    g_autofree char *text = g_build_filename(folder, "console.txt", NULL);
    g_autofree char *raw = g_build_filename(folder, "console.raw", NULL);
    g_autoptr(GString) lines =
        g_string_new(outcome->flooded ? "(only the last lines: there were too many)\n" : NULL);
    for (unsigned i = 0; i < outcome->console->len; i++)
        g_string_append_printf(lines, "%s\n", (const char *)outcome->console->pdata[i]);
    return g_file_set_contents(text, lines->str, (gssize)lines->len, error) &&
           g_file_set_contents(raw, (const char *)outcome->raw->data, outcome->raw->len, error);
}

bool report_write(const Boot *boot, const Outcome *outcome, const char *folder, GError **error)
{
    g_autofree char *results = g_build_filename(folder, "results.json", NULL);
    if (g_mkdir_with_parents(folder, 0777) != 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "--report %s: %s", folder,
            g_strerror(errno));
        return false;
    }
    return write_console(outcome, folder, error) && write_results(boot, outcome, results, error);
}
