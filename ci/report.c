// Reports.
#include "report.h"
#include "results_json.h"
#include <errno.h>
#include <glib/gstdio.h>

static bool make_folder(const char *folder, GError **error)
{
    if (g_mkdir_with_parents(folder, 0777) == 0)
        return true;
    g_set_error(
        error, G_FILE_ERROR, g_file_error_from_errno(errno), "--report %s: %s", folder, g_strerror(errno));
    return false;
}

static bool write_console(const Outcome *outcome, const char *folder, GError **error)
{
    g_autofree char *text = g_build_filename(folder, "console.txt", NULL);
    g_autofree char *raw = g_build_filename(folder, "console.raw", NULL);
    g_autoptr(GString) lines =
        g_string_new(outcome->flooded ? "(only the last lines: there were too many)\n" : NULL);
    for (unsigned i = 0; i < outcome->console->len; i++)
        g_string_append_printf(lines, "%s\n", (const char *)outcome->console->pdata[i]);
    return make_folder(folder, error) && g_file_set_contents(text, lines->str, (gssize)lines->len, error) &&
           g_file_set_contents(raw, (const char *)outcome->raw->data, outcome->raw->len, error);
}

static bool write_consoles(const Results *results, const char *folder, GError **error)
{
    for (unsigned i = 0; i < results->results->len; i++) {
        const Result *result = results->results->pdata[i];
        for (unsigned j = 0; j < result->outcomes->len; j++) {
            const Outcome *outcome = result->outcomes->pdata[j];
            g_autofree char *path = g_build_filename(folder, outcome->folder, NULL);
            if (outcome->console && !write_console(outcome, path, error))
                return false;
        }
    }
    return true;
}

static bool write_folder(const Results *results, const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "results.json", NULL);
    return make_folder(folder, error) && write_consoles(results, folder, error) &&
           results_write(results, path, error);
}

bool report_write(const Results *results, const ReportOptions *options, GError **error)
{
    return !options->folder || write_folder(results, options->folder, error);
}

void report_options_clear(ReportOptions *options)
{
    g_free(options->folder);
    g_free(options->junit);
    g_free(options->tap);
    g_free(options->kcidb);
    g_free(options->kcidb_origin);
}
