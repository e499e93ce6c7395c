// The command line of lparun-ci.
#include "options.h"
#include "refuse.h"
#include "shard.h"
#include <stdlib.h>
#include <string.h>

// --- What boots say, each as the key of a boot file.

static bool add_named(Options *options, const char *family, const char *value)
{
    g_autofree char *key = g_strdup_printf("%s.option-%u", family, options->settings->len + 1);
    settings_add(options->settings, key, value, NULL);
    return true;
}

static gboolean on_key(const char *option, const char *value, gpointer data, GError **error)
{
    const char *name = g_str_has_prefix(option, "--") ? option + 2 : "memory"; // -m
    settings_add(((Options *)data)->settings, name, value, NULL);
    return TRUE;
}

// --expect REGEX is a step "expect REGEX".
static gboolean on_verb(const char *option, const char *value, gpointer data, GError **error)
{
    g_autofree char *text = g_strdup_printf("%s %s", option + 2, value);
    return add_named(data, "step", text);
}

static gboolean on_named(const char *option, const char *value, gpointer data, GError **error)
{
    return add_named(data, option + 2, value);
}

static bool split(const char *option, const char *value, char **name, const char **rest, GError **error)
{
    const char *equals = strchr(value, '=');
    if (!equals || equals == value)
        return refuse(error, "%s: give NAME=VALUE", option);
    *name = g_strndup(value, (gsize)(equals - value));
    *rest = equals + 1;
    return true;
}

static gboolean on_set(const char *option, const char *value, gpointer data, GError **error)
{
    g_autofree char *name = NULL;
    const char *rest;
    if (!split(option, value, &name, &rest, error))
        return FALSE;
    g_autofree char *key = strcmp(option, "--stage") == 0           ? g_strconcat("stage.", name, NULL)
                           : strcmp(option, "--stage-timeout") == 0 ? g_strconcat("timeout.", name, NULL)
                                                                    : g_strdup(name);
    settings_add(((Options *)data)->settings, key, rest, NULL);
    return TRUE;
}

static gboolean on_define(const char *option, const char *value, gpointer data, GError **error)
{
    char *name = NULL;
    const char *rest;
    if (!split(option, value, &name, &rest, error))
        return FALSE;
    g_hash_table_insert(((Options *)data)->names, name, g_strdup(rest));
    return TRUE;
}

// --- How boots are run.

static gboolean on_jobs(const char *option, const char *value, gpointer data, GError **error)
{
    guint64 jobs = 0;
    if (strcmp(value, "auto") != 0 && !g_ascii_string_to_unsigned(value, 10, 1, 10000, &jobs, NULL))
        return refuse(error, "%s: give auto or a number", option);
    ((Options *)data)->limits.jobs = (unsigned)jobs;
    return TRUE;
}

static gboolean on_shards(const char *option, const char *value, gpointer data, GError **error)
{
    guint64 shards;
    if (!g_ascii_string_to_unsigned(value, 10, 1, SHARDS_MOST, &shards, NULL))
        return refuse(error, "%s: give a number", option);
    ((Options *)data)->shards = (unsigned)shards;
    return TRUE;
}

static gboolean on_scale(const char *option, const char *value, gpointer data, GError **error)
{
    char *end;
    double scale = strcmp(value, "auto") == 0 ? 0 : g_ascii_strtod(value, &end);
    if (strcmp(value, "auto") != 0 && (end == value || *end || !(scale > 0 && scale <= 1000)))
        return refuse(error, "%s: give auto or a number, more than 0 and up to 1000", option);
    ((Options *)data)->limits.scale = scale;
    return TRUE;
}

#define CALL(function) G_OPTION_ARG_CALLBACK, (gpointer)function

static void add_boot_entries(GOptionGroup *group)
{
    for (const BootKey *key = boot_keys; key->name; key++) {
        const GOptionEntry entries[] = {
            { key->name, strcmp(key->name, "memory") == 0 ? 'm' : 0, 0, CALL(on_key), key->help, key->value },
            { NULL },
        };
        if (!g_str_has_suffix(key->name, "."))
            g_option_group_add_entries(group, entries);
    }
}

static void add_step_entries(GOptionGroup *group)
{
    static const GOptionEntry entries[] = {
        { "expect", 0, 0, CALL(on_verb), "a step: what the console must show, in this order", "REGEX" },
        { "prompt", 0, 0, CALL(on_verb), "likewise; a newline is typed when it keeps silent", "REGEX" },
        { "send", 0, 0, CALL(on_verb), "a step: a line that is typed once all before it was seen", "TEXT" },
        { "step", 0, 0, CALL(on_named), "a step, as step. of a boot file", "VERB TEXT" },
        { "file", 0, 0, CALL(on_named), "for exec: a file or folder that is put in", "[GUEST=]PATH" },
        { "program", 0, 0, CALL(on_named), "for exec: a further program that is put in", "NAME" },
        { "collect", 0, 0, CALL(on_named), "for exec: what is taken out of the guest, to the report",
            "PATH" },
        { "env", 0, 0, CALL(on_named), "for exec: a variable", "NAME=VALUE" },
        { "module", 0, 0, CALL(on_named), "for exec: a module that is loaded", "NAME" },
        { "fail", 0, 0, CALL(on_named), "lines that are failures", "REGEX" },
        { "allow", 0, 0, CALL(on_named), "lines that are none", "REGEX" },
        { "stage", 0, 0, CALL(on_set), "how a stage is recognised", "NAME=REGEX" },
        { "stage-timeout", 0, 0, CALL(on_set), "seconds for a stage", "NAME=S" },
        { "set", 0, 0, CALL(on_set), "any key of a boot file", "KEY=VALUE" },
        { "define", 'D', 0, CALL(on_define), "what ${NAME} stands for", "NAME=VALUE" },
        { NULL },
    };
    g_option_group_add_entries(group, entries);
}

void options_add_report(GOptionGroup *group, ReportOptions *report)
{
    const GOptionEntry entries[] = {
        { "report", 0, 0, G_OPTION_ARG_FILENAME, &report->folder,
            "report.html, results.json, junit.xml and the consoles", "FOLDER" },
        { "junit", 0, 0, G_OPTION_ARG_FILENAME, &report->junit, "JUnit XML", "FILE" },
        { "tap", 0, 0, G_OPTION_ARG_FILENAME, &report->tap, "TAP 14", "FILE" },
        { "kcidb", 0, 0, G_OPTION_ARG_FILENAME, &report->kcidb, "KCIDB JSON", "FILE" },
        { "kcidb-origin", 0, 0, G_OPTION_ARG_STRING, &report->kcidb_origin, "its origin (default lparun)",
            "NAME" },
        { NULL },
    };
    g_option_group_add_entries(group, entries);
}

static void add_run_entries(GOptionGroup *group, Options *options)
{
    const GOptionEntry entries[] = {
        { "name", 0, 0, G_OPTION_ARG_STRING, &options->name, "what reports call it (default boot)", "NAME" },
        { "boot", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->boots,
            "only these of the file (* and ? are any)", "PATTERN" },
        { "tag", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->tags, "only those with this tag", "TAG" },
        { "jobs", 'j', 0, CALL(on_jobs), "boots at once (default: by cores and memory)", "N|auto" },
        { "time-scale", 0, 0, CALL(on_scale), "multiplies all limits of time (default 1)", "F|auto" },
        { "stop-at-first", 'x', 0, G_OPTION_ARG_NONE, &options->limits.stop_at_first,
            "no boot begins after one failed", NULL },
        { "fail-flaky", 0, 0, G_OPTION_ARG_NONE, &options->fail_flaky, "a flaky boot is a failure", NULL },
        { "status", 0, 0, G_OPTION_ARG_NONE, &options->status,
            "the exit status is that of the command of exec, where it has one", NULL },
        { "bisect", 0, 0, G_OPTION_ARG_NONE, &options->bisect,
            "exit status for git bisect run: 0 good, 1 bad, 125 skip, 128 stop", NULL },
        { "shard", 0, 0, G_OPTION_ARG_STRING, &options->shard,
            "only this part of the boots (docs/ci.md: Farms)", "K/N" },
        { "shards", 0, 0, CALL(on_shards), "how many parts there are, where the engine does not say it",
            "N" },
        { "times", 0, 0, G_OPTION_ARG_FILENAME, &options->times,
            "results.json of an earlier run, for even parts", "FILE" },
        { "quiet", 'q', 0, G_OPTION_ARG_NONE, &options->quiet, "only failures and the sum", NULL },
        { NULL },
    };
    g_option_group_add_entries(group, entries);
}

// Commands that take these options, by what stands behind "--" and what they do.
static const struct {
    const char *command, *key, *words, *summary;
} users[] = {
    { "run", "arguments", "[FILE.boot] [-- OPTIONS OF LPARUN]",
        "Boots guests in lparun and says what came of each. Boots are in a file, or "
        "the options are one; options count after the file." },
    { "exec", "exec", "-- COMMAND [ARGUMENT...]",
        "Boots a kernel around a command, shows what that writes, and says what came of it." },
    { "list", "arguments", "FILE.boot",
        "Prints the names of the boots of a file; options are those of run." },
    { "check", "arguments", "FILE.boot",
        "Says what is wrong with a boot file, without a boot; options are those of run." },
};

static unsigned user_of(const char *command)
{
    unsigned i = 0;
    while (strcmp(users[i].command, command) != 0)
        i++;
    return i;
}

static GOptionContext *context_of(Options *options, unsigned user)
{
    GOptionContext *context = g_option_context_new(users[user].words);
    GOptionGroup *group = g_option_group_new("run", "", "", options, NULL);
    add_boot_entries(group);
    add_step_entries(group);
    add_run_entries(group, options);
    options_add_report(group, &options->report);
    g_option_context_set_main_group(context, group);
    g_option_context_set_summary(context, users[user].summary);
    g_option_context_set_description(context, "Exit status: 0 all is well, 1 a guest failed, 2 an option or "
                                              "a boot file is wrong, 3 the host could not\n"
                                              "test, 128 and a signal's number where one ended it.\n");
    return context;
}

// --- All of it.

// What is behind "--" goes to lparun, or is the command of exec.
static void take_more(Options *options, const char *key, char **words)
{
    char **end = words;
    while (*end && strcmp(*end, "--") != 0)
        end++;
    if (!*end)
        return;
    g_autoptr(GString) quoted = g_string_new(NULL);
    for (char **word = end + 1; *word; word++) {
        g_autofree char *one = g_shell_quote(*word);
        g_string_append_printf(quoted, "%s%s", quoted->len ? " " : "", one);
        g_free(*word);
    }
    settings_add(options->settings, key, quoted->str, NULL);
    g_free(*end);
    *end = NULL;
}

// "-j4" as well as "-j 4", for the letters that take a value.
static GStrv separate(char **words)
{
    GPtrArray *all = g_ptr_array_new();
    for (char **word = words; *word; word++) {
        bool joined = (*word)[0] == '-' && (*word)[1] && strchr("Djm", (*word)[1]) && (*word)[2];
        if (joined)
            g_ptr_array_add(all, g_strndup(*word, 2));
        g_ptr_array_add(all, g_strdup(joined ? *word + 2 : *word));
    }
    g_ptr_array_add(all, NULL);
    return (GStrv)g_ptr_array_free(all, FALSE);
}

static bool take_file(Options *options, char **words, GError **error)
{
    options->file = g_strdup(words[1]);
    if (!words[1] || !words[2])
        return true;
    return refuse(error, "%s: one boot file is enough (give options of lparun behind --)", words[2]);
}

GStrv options_words(const char *command, char **words)
{
    GStrv all = g_new0(char *, g_strv_length(words) + 2);
    all[0] = g_strdup_printf("lparun-ci %s", command);
    for (unsigned i = 0; words[i]; i++)
        all[i + 1] = g_strdup(words[i]);
    return all;
}

Options *options_parse(const char *command, char **words, GError **error)
{
    g_autoptr(Options) options = g_new0(Options, 1);
    options->settings = settings_new();
    options->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    options->limits.scale = 1;
    options->command = command;
    options->words = g_strdupv(words);
    g_auto(GStrv) given = options_words(command, words);
    unsigned user = user_of(command);
    take_more(options, users[user].key, given);
    g_auto(GStrv) copy = separate(given);
    g_autoptr(GOptionContext) context = context_of(options, user);
    if (!g_option_context_parse_strv(context, &copy, error) || !take_file(options, copy, error))
        return NULL;
    return g_steal_pointer(&options);
}

void options_free(Options *options)
{
    if (!options)
        return;
    char *const texts[] = { options->file, options->name, options->shard, options->times };
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    report_options_clear(&options->report);
    g_strfreev(options->words);
    g_strfreev(options->boots);
    g_strfreev(options->tags);
    g_ptr_array_unref(options->settings);
    g_hash_table_unref(options->names);
    g_free(options);
}

// lparun is where lparun-ci is, or on the path.
static char *find_lparun(void)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = program ? g_path_get_dirname(program) : NULL;
    char *beside = folder ? g_build_filename(folder, "lparun", NULL) : NULL;
    if (beside && g_file_test(beside, G_FILE_TEST_IS_EXECUTABLE))
        return beside;
    g_free(beside);
    return g_strdup("lparun");
}

Suite *options_suite(const Options *options, GError **error)
{
    const Selection wanted = { options->boots, options->tags };
    g_autoptr(Suite) suite = suite_read(options->file, options->name ? options->name : "boot",
        options->settings, options->names, &wanted, error);
    if (!suite)
        return NULL;
    for (unsigned i = 0; i < suite->boots->len; i++) {
        Boot *boot = suite->boots->pdata[i];
        boot->lparun = boot->lparun ? boot->lparun : find_lparun();
    }
    if (suite->boots->len)
        return g_steal_pointer(&suite);
    refuse(error, "no boot fits --boot and --tag");
    return NULL;
}
