// A boot's description.
#include "boot.h"

static void step_free(gpointer data)
{
    Step *step = data;
    g_free(step->text);
    g_free(step);
}

static void regex_free(gpointer data)
{
    g_regex_unref(data);
}

Boot *boot_new(void)
{
    Boot *boot = g_new0(Boot, 1);
    boot->steps = g_ptr_array_new_with_free_func(step_free);
    boot->expect = g_ptr_array_new_with_free_func(regex_free);
    boot->allow = g_ptr_array_new_with_free_func(regex_free);
    boot->timeout = 60;
    return boot;
}

void boot_free(Boot *boot)
{
    if (!boot)
        return;
    g_ptr_array_unref(boot->steps);
    g_ptr_array_unref(boot->expect);
    g_ptr_array_unref(boot->allow);
    g_free(boot->name);
    g_free(boot->lparun);
    g_free(boot->bios);
    g_free(boot->kernel);
    g_free(boot->initrd);
    g_free(boot->append);
    g_free(boot->memory);
    g_strfreev(boot->more);
    g_free(boot);
}

static GRegex *add_regex(GPtrArray *to, const char *text, GError **error)
{
    GRegex *regex = g_regex_new(text, G_REGEX_OPTIMIZE, 0, error);
    if (regex)
        g_ptr_array_add(to, regex);
    return regex;
}

bool boot_add_step(Boot *boot, StepKind kind, const char *text, GError **error)
{
    GRegex *regex = NULL;
    unsigned after = boot->expect->len;
    if (kind == STEP_EXPECT && !(regex = add_regex(boot->expect, text, error)))
        return false;
    Step *step = g_new0(Step, 1);
    *step = (Step){ .kind = kind, .text = g_strdup(text), .regex = regex, .after = after };
    g_ptr_array_add(boot->steps, step);
    return true;
}

bool boot_add_allowed(Boot *boot, const char *text, GError **error)
{
    return add_regex(boot->allow, text, error);
}

static void add_option(GPtrArray *words, const char *option, const char *value)
{
    if (!value)
        return;
    g_ptr_array_add(words, g_strdup(option));
    g_ptr_array_add(words, g_strdup(value));
}

// However the guest ends, it is held, so that it can be looked at.
GStrv boot_command(const Boot *boot, const char *socket)
{
    GPtrArray *words = g_ptr_array_new();
    g_autofree char *monitor = g_strdup_printf("unix:%s,server=on,wait=off", socket);
    g_ptr_array_add(words, g_strdup(boot->lparun));
    add_option(words, "-qmp", monitor);
    add_option(words, "-action", "reboot=shutdown,shutdown=pause,panic=pause");
    add_option(words, "-bios", boot->bios);
    add_option(words, "-kernel", boot->kernel);
    add_option(words, "-initrd", boot->initrd);
    add_option(words, "-append", boot->append);
    add_option(words, "-m", boot->memory);
    for (char **word = boot->more; word && *word; word++)
        g_ptr_array_add(words, g_strdup(*word));
    g_ptr_array_add(words, NULL);
    return (GStrv)g_ptr_array_free(words, FALSE);
}
