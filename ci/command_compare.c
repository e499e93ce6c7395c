// lparun-ci compare: what is different between two runs.
#include "commands.h"
#include "refuse.h"
#include "compare.h"
#include "options.h"
#include "results_json.h"
#include <stdio.h>

typedef struct CompareOptions {
    double noise; // percent
    gboolean json;
} CompareOptions;

static bool parse(GStrv *words, CompareOptions *options, GError **error)
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
    if (!g_option_context_parse_strv(context, words, error))
        return false;
    if (g_strv_length(*words) != 3)
        return refuse(error, "give two results.json");
    return (options->noise >= 0 && options->noise <= 1000) ||
           refuse(error, "--noise: give percent, from 0 to 1000");
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
    g_auto(GStrv) all = options_words("compare", words);
    bool good = parse(&all, &options, &error);
    g_autoptr(Results) old = good ? results_read(all[1], &error) : NULL;
    g_autoptr(Results) new = old ? results_read(all[2], &error) : NULL;
    return new ? print(old, new, &options) : command_refuse(error, VERDICT_WRONG);
}
