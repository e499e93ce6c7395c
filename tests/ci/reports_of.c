// Prints a report of a results.json, or of results made here: reports_of REPORT
// [FILE|none|each|hostile|many|flood]
#include "../../ci/github.h"
#include "../../ci/junit.h"
#include "../../ci/kcidb.h"
#include "../../ci/results_json.h"
#include "../../ci/tap.h"
#include "made_results.h"
#include <locale.h>
#include <stdio.h>
#include <string.h>

static char *kcidb(const Results *results)
{
    return kcidb_text(results, "lparun_test");
}

static char *json(const Results *results)
{
    g_autoptr(JsonNode) root = results_to_json(results);
    return json_to_string(root, TRUE);
}

static const struct {
    const char *name;
    char *(*text)(const Results *results);
} reports[] = {
    { "junit", junit_text },
    { "tap", tap_text },
    { "kcidb", kcidb },
    { "annotations", github_annotations },
    { "summary", github_summary },
    { "results", json },
};

static Results *results_of(const char *source)
{
    if (strcmp(source, "each") == 0)
        return made_each();
    if (strcmp(source, "hostile") == 0)
        return made_hostile();
    if (strcmp(source, "many") == 0)
        return made_many(1000, 2, 200);
    if (strcmp(source, "flood") == 0)
        return made_many(20, 1000, 2000);
    if (strcmp(source, "none") == 0)
        return results_new();
    g_autoptr(GError) error = NULL;
    Results *results = results_read(source, &error);
    if (!results)
        fprintf(stderr, "%s\n", error->message);
    return results;
}

int main(int count, char **words)
{
    setlocale(LC_ALL, "");
    g_autoptr(Results) results = count == 3 ? results_of(words[2]) : NULL;
    for (unsigned i = 0; results && i < G_N_ELEMENTS(reports); i++)
        if (strcmp(reports[i].name, words[1]) == 0) {
            g_autofree char *text = reports[i].text(results);
            fputs(text, stdout);
            return 0;
        }
    return 2;
}
