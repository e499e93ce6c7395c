// lparun-ci list and check: what a boot file has, without a boot.
#include "commands.h"
#include "options.h"
#include <stdio.h>

static Suite *suite_of(const char *command, char **words, GError **error)
{
    g_autoptr(Options) options = options_parse(command, words, error);
    return options ? options_suite(options, error) : NULL;
}

int command_list(char **words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Suite) suite = suite_of("list", words, &error);
    if (!suite)
        return command_refuse(error, VERDICT_WRONG);
    for (unsigned i = 0; i < suite->boots->len; i++)
        puts(((const Boot *)suite->boots->pdata[i])->name);
    return 0;
}

// Files that are not there are told, too: each once, where the first boot wants it.
static unsigned check_file(GHashTable *seen, const Boot *boot, const char *what, const char *path)
{
    if (!path || g_hash_table_contains(seen, path) || g_file_test(path, G_FILE_TEST_EXISTS))
        return 0;
    g_hash_table_add(seen, (gpointer)path);
    fprintf(stderr, "lparun-ci: %s: %s: there is no file %s\n", boot->name, what, path);
    return 1;
}

static unsigned check_files(GHashTable *seen, const Boot *boot)
{
    bool none = g_strcmp0(boot->bios, "none") == 0;
    unsigned missing = check_file(seen, boot, "bios", none ? NULL : boot->bios);
    missing += check_file(seen, boot, "kernel", boot->kernel);
    missing += check_file(seen, boot, "initrd", boot->initrd);
    for (unsigned i = 0; i < boot->disks->len; i++)
        missing += check_file(seen, boot, "disks", boot->disks->pdata[i]);
    return missing;
}

// Text that ends like a prompt by chance, and a line that says nothing.
static bool is_weak(const GRegex *regex)
{
    static const char *const samples[] = { "a# ", "b> ", "c$ ", "a word" };
    for (unsigned i = 0; i < G_N_ELEMENTS(samples); i++)
        if (g_regex_match(regex, samples[i], 0, NULL))
            return true;
    return false;
}

static void warn_of_weak(const Boot *boot)
{
    for (unsigned i = 0; i < boot->steps->len; i++) {
        const Step *step = boot->steps->pdata[i];
        if (step->regex && is_weak(step->regex))
            fprintf(stderr, "lparun-ci: %s: step.%s: warning: '%s' fits other text, too\n", boot->name,
                step->name, step->text);
    }
}

int command_check(char **words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Suite) suite = suite_of("check", words, &error);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    unsigned missing = 0;
    if (!suite)
        return command_refuse(error, VERDICT_WRONG);
    for (unsigned i = 0; i < suite->boots->len; i++)
        missing += check_files(seen, suite->boots->pdata[i]);
    for (unsigned i = 0; i < suite->boots->len; i++)
        warn_of_weak(suite->boots->pdata[i]);
    if (missing)
        return verdict_status(VERDICT_WRONG);
    printf("%u boots, nothing is wrong\n", suite->boots->len);
    return 0;
}
