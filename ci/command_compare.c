// lparun-ci compare: what is different between two runs.
#include "commands.h"
#include "refuse.h"
#include "compare.h"
#include "results_json.h"
#include <stdio.h>

typedef struct CompareOptions {
    double noise; // percent
    gboolean json;
} CompareOptions;

static bool parse(int *count, char ***words, CompareOptions *options, GError **error)
{
    const GOptionEntry entries[] = {
        { "noise", 0, 0, G_OPTION_ARG_DOUBLE, &options->noise, "growth in percent that is none (default 10)",
            "N" },
        { "json", 0, 0, G_OPTION_ARG_NONE, &options->json, "for programs", NULL },
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new("OLD.JSON NEW.JSON");
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_summary(context, "Tells which boots changed, and what grew by more than the noise.");
    g_option_context_set_description(
        context, "Exit status: 0 nothing is worse, 1 something is, 2 a file is wrong.\n");
    if (!g_option_context_parse(context, count, words, error))
        return false;
    if (*count == 3 && options->noise >= 0 && options->noise <= 1000)
        return true;
    return refuse(error, *count == 3 ? "--noise: give percent, from 0 to 1000" : "give two results.json");
}

static bool print(const Results *old, const Results *new, const CompareOptions *options)
{
    bool worse;
    g_autoptr(JsonNode) node = options->json ? compare_json(old, new, options->noise / 100, &worse) : NULL;
    g_autofree char *text =
        node ? json_to_string(node, TRUE) : compare_text(old, new, options->noise / 100, &worse);
    printf("%s\n", text);
    return worse;
}

int command_compare(char **words)
{
    g_autoptr(GError) error = NULL;
    CompareOptions options = { .noise = COMPARE_NOISE * 100 };
    g_autofree char **all = g_new0(char *, g_strv_length(words) + 2);
    all[0] = (char *)"lparun-ci compare";
    for (unsigned i = 0; words[i]; i++)
        all[i + 1] = words[i];
    int count = (int)g_strv_length(all);
    char **rest = all;
    bool good = parse(&count, &rest, &options, &error);
    g_autoptr(Results) old = good ? results_read(rest[1], &error) : NULL;
    g_autoptr(Results) new = old ? results_read(rest[2], &error) : NULL;
    return new ? print(old, new, &options) : command_refuse(error, VERDICT_WRONG);
}
