// Folders of a report.
#include "folders.h"
#include "refuse.h"
#include <glib/gstdio.h>
#include <string.h>

#define NAME_LONGEST 100 // of a boot's folder

// Two boots have two folders: a name that is not kept as it is gets a sum. A cell's brackets alone are none's
// but that cell's, as it is the only kind of name that may end with an underscore.
static char *path_name(const char *name)
{
    g_autofree char *path = g_strndup(name, NAME_LONGEST);
    bool kept = strlen(name) <= NAME_LONGEST && *name != '.' && !g_str_has_suffix(name, "_");
    for (char *at = path; *at; at++) {
        kept = kept && (g_ascii_isalnum(*at) || strchr("._=,-[]", *at));
        if (!g_ascii_isalnum(*at) && !strchr("._=,-", *at))
            *at = '_';
    }
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, name, -1);
    return kept ? g_steal_pointer(&path) : g_strdup_printf("%s-%.8s", *path == '.' ? "_" : path, sum);
}

void folders_name(Results *results)
{
    for (unsigned i = 0; i < results->results->len; i++) {
        const Result *result = results->results->pdata[i];
        g_autofree char *name = path_name(result->name);
        for (unsigned j = 0; j < result->outcomes->len; j++) {
            Outcome *outcome = result->outcomes->pdata[j];
            outcome->folder = result->outcomes->len > 1 ? g_strdup_printf("boots/%s/run-%u", name, j + 1)
                                                        : g_strdup_printf("boots/%s", name);
        }
    }
}

bool folders_place_files(const Suite *suite, const char *report, GError **error)
{
    for (unsigned i = 0; i < suite->boots->len; i++) {
        Boot *boot = suite->boots->pdata[i];
        if (!boot->exec || boot->exec->collect->len == 0)
            continue;
        if (!report)
            return refuse(error, "%s: collect: give --report FOLDER, where it goes to", boot->name);
        g_autofree char *name = path_name(boot->name);
        boot->files_to = g_build_filename(report, "boots", name, "files", NULL);
        if (g_mkdir_with_parents(boot->files_to, 0777) != 0)
            return refuse_system(error, boot->files_to);
    }
    return true;
}
