// lparun-ci merge: one report of a suite's shards.
#include "commands.h"
#include "refuse.h"
#include "merge.h"
#include "options.h"
#include "progress.h"
#include "results_json.h"
#include <stdio.h>

static GStrv parse(char **words, ReportOptions *report, GError **error)
{
    g_autoptr(GOptionContext) context = g_option_context_new("RESULTS.JSON...");
    GOptionGroup *group = g_option_group_new("merge", "", "", NULL, NULL);
    g_auto(GStrv) all = options_words("merge", words);
    options_add_report(group, report);
    g_option_context_set_main_group(context, group);
    g_option_context_set_summary(context, "Makes one report of the results of shards.");
    if (!g_option_context_parse_strv(context, &all, error))
        return NULL;
    if (all[1])
        return g_strdupv(all + 1);
    refuse(error, "give the shards' results.json");
    return NULL;
}

static void free_results(gpointer data)
{
    results_free(data);
}

static GPtrArray *read_all(GStrv paths, GError **error)
{
    g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(free_results);
    for (char **path = paths; *path; path++) {
        Results *part = results_read(*path, error);
        if (!part)
            return NULL;
        g_ptr_array_add(parts, part);
    }
    return g_steal_pointer(&parts);
}

static int report(Results *merged, const GPtrArray *parts, const ReportOptions *options)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *missing = merge_missing(merged, parts);
    if (missing)
        fprintf(stderr, "%s\n", missing);
    merge_add_missing(merged);
    Progress *progress = progress_new(merged->results->len, true, stdout);
    progress_finish(progress, merged);
    progress_free(progress);
    int status = results_status(merged);
    if (report_write(merged, options, &error))
        return status;
    int could_not = command_refuse(error, VERDICT_COULD_NOT_TEST);
    return status ? status : could_not;
}

int command_merge(char **words)
{
    g_autoptr(GError) error = NULL;
    ReportOptions options = { 0 };
    g_auto(GStrv) paths = parse(words, &options, &error);
    g_autoptr(GPtrArray) parts = paths ? read_all(paths, &error) : NULL;
    const char *to = options.folder ? options.folder : ".";
    g_autoptr(Results) merged = parts ? results_merge(parts, (const char *const *)paths, to, &error) : NULL;
    int status = merged ? report(merged, parts, &options) : command_refuse(error, VERDICT_WRONG);
    report_options_clear(&options);
    return status;
}
