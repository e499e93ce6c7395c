// Reports.
#include "report.h"
#include "refuse.h"
#include "github.h"
#include "html.h"
#include "junit.h"
#include "kcidb.h"
#include "tap.h"
#include "results_json.h"
#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>

static bool make_folder(const char *folder, GError **error)
{
    g_autofree char *what = g_strdup_printf("--report %s", folder);
    return g_mkdir_with_parents(folder, 0777) == 0 || refuse_system(error, what);
}

static bool write_output(const Outcome *outcome, const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "output.txt", NULL);
    return !outcome->output ||
           g_file_set_contents(path, (const char *)outcome->output->data, outcome->output->len, error);
}

static bool write_console(const Outcome *outcome, const char *folder, GError **error)
{
    g_autofree char *text = g_build_filename(folder, "console.txt", NULL);
    g_autofree char *raw = g_build_filename(folder, "console.raw", NULL);
    g_autoptr(GString) lines =
        g_string_new(outcome->flooded ? "(only the last lines: there were too many)\n" : NULL);
    for (unsigned i = 0; i < outcome->console->len; i++)
        g_string_append_printf(lines, "%s\n", (const char *)outcome->console->pdata[i]);
    return make_folder(folder, error) && write_output(outcome, folder, error) &&
           g_file_set_contents(text, lines->str, (gssize)lines->len, error) &&
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

static bool append(const char *path, const char *text)
{
    FILE *file = fopen(path, "a");
    bool good = file && fputs(text, file) >= 0;
    return (!file || fclose(file) == 0) && good;
}

// What is no file (/dev/stdout) is written to; a new file in its place would take it away.
static bool write_text(const char *path, const char *text, GError **error)
{
    bool is_file = !g_str_has_prefix(path, "/dev/") &&
                   (!g_file_test(path, G_FILE_TEST_EXISTS) || g_file_test(path, G_FILE_TEST_IS_REGULAR));
    if (is_file)
        return g_file_set_contents(path, text, -1, error);
    return append(path, text) || refuse(error, "%s: %s", path, g_strerror(errno));
}

static bool write_in(const char *folder, const char *name, const char *text, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    return write_text(path, text, error);
}

// Where the first error goes; later ones go nowhere.
static GError **first(GError **error)
{
    return *error ? NULL : error;
}

// What has no room keeps none of the rest away: consoles are the largest.
static bool write_folder(const Results *results, const char *folder, const char *junit, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "results.json", NULL);
    if (!make_folder(folder, error))
        return false;
    bool good = write_consoles(results, folder, error);
    good &= results_write(results, path, first(error));
    good &= write_in(folder, "junit.xml", junit, first(error));
    g_autofree char *page = html_text(results, folder);
    good &= write_in(folder, "report.html", page, first(error));
    return good;
}

static bool write_kcidb(const Results *results, const ReportOptions *options, GError **error)
{
    const char *origin = options->kcidb_origin ? options->kcidb_origin : "lparun";
    g_autofree char *text = kcidb_text(results, origin);
    if (text)
        return write_text(options->kcidb, text, error);
    return refuse(error, "--kcidb-origin %s: give small letters, digits and underscores", origin);
}

// What GitHub shows by itself. It is not told where it went wrong: the verdicts are not its.
static void tell_github(const Results *results)
{
    if (g_strcmp0(g_getenv("GITHUB_ACTIONS"), "true") != 0)
        return;
    g_autofree char *annotations = github_annotations(results);
    fputs(annotations, stdout);
    fflush(stdout);
    const char *path = g_getenv("GITHUB_STEP_SUMMARY");
    g_autofree char *summary = path ? github_summary(results) : NULL;
    if (summary && !append(path, summary))
        fprintf(stderr, "lparun-ci: %s: %s\n", path, g_strerror(errno));
}

bool report_write(const Results *results, const ReportOptions *options, GError **error)
{
    tell_github(results);
    g_autofree char *junit = options->folder || options->junit ? junit_text(results) : NULL;
    g_autofree char *tap = options->tap ? tap_text(results) : NULL;
    bool good = !options->folder || write_folder(results, options->folder, junit, error);
    if (options->junit)
        good &= write_text(options->junit, junit, first(error));
    if (options->tap)
        good &= write_text(options->tap, tap, first(error));
    if (options->kcidb)
        good &= write_kcidb(results, options, first(error));
    return good;
}

void report_options_clear(ReportOptions *options)
{
    g_free(options->folder);
    g_free(options->junit);
    g_free(options->tap);
    g_free(options->kcidb);
    g_free(options->kcidb_origin);
}
