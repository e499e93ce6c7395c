// -cpu. A processor is a level of the architecture to lparun, whatever its revision: KVM runs the host's own,
// and can hold it to an older level.
#include "cpu_options.h"
#include "lparun/error.h"
#include "values.h"
#include <string.h>

// QEMU's names: a family, of which QEMU has revisions by "_v" and a number.
static const struct {
    const char *name, *level; // level NULL: the host's own
    const char *help;
} families[] = {
    { "host", NULL, "the host's own processor (default)" },
    { "max", NULL, "the same" },
    { "power8e", "power8", "as power8" },
    { "power8nvl", "power8", "as power8" },
    { "power8", "power8", "POWER8: the host's own, or what KVM makes of a newer one" },
    { "power9", "power9", "POWER9, likewise" },
    { "power10", "power10", "POWER10, likewise" },
    { "power11", "power11", "POWER11, likewise" },
};

#define CHOICE "give host, or the newest of power8, power9, power10 and power11 that the host can be"

// "_v2.1", or nothing.
static bool is_revision(const char *text)
{
    return *text == '\0' || g_regex_match_simple("^_v[0-9]+\\.[0-9]+$", text, G_REGEX_CASELESS, 0);
}

static bool find_family(const char *name, const CompatLevel **level)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(families); i++) {
        const char *family = families[i].name, *own = families[i].level;
        if (g_ascii_strncasecmp(name, family, strlen(family)) != 0)
            continue;
        const char *rest = name + strlen(family);
        if (*rest != '\0' && (!own || !is_revision(rest)))
            continue;
        *level = own ? compat_find(own) : NULL;
        return true;
    }
    return false;
}

static char *list(void)
{
    GString *text = g_string_new("Available CPUs:\n");
    for (unsigned i = 0; i < G_N_ELEMENTS(families); i++)
        g_string_append_printf(text, "  %-16s %s\n", families[i].name, families[i].help);
    return g_string_free(text, FALSE);
}

static bool read_compat(const char *text, void *to)
{
    return (*(const CompatLevel **)to = compat_find(text));
}

static const Key keys[] = {
    { "compat", KEY_READ, offsetof(CpuOptions, compat), .read = read_compat, .words = compat_words,
        .help = "as -machine max-cpu-compat=" },
    { 0 },
};

// What QEMU takes behind a processor's name is key=value alone.
static bool check_form(const char *option, const char *value, GError **error)
{
    g_auto(GStrv) words = g_strsplit(value, ",", 0);
    for (unsigned i = 1; words[i]; i++)
        if (!strchr(words[i], '='))
            return error_user(
                error, "%s %s: '%s' is not key=value; it takes compat=", option, value, words[i]);
    return true;
}

static bool set_model(CpuOptions *cpu, const char *option, const char *name, GError **error)
{
    if (!find_family(name, &cpu->level))
        return error_user(
            error, "%s %s: no POWER host's KVM makes that of its processor; " CHOICE, option, name);
    g_free(cpu->name);
    cpu->name = g_strdup(name);
    return true;
}

bool cpu_options_parse(CpuOptions *cpu, const char *option, const char *value, char **help, GError **error)
{
    if (strcmp(value, "help") == 0 || strcmp(value, "?") == 0) {
        *help = list();
        return true;
    }
    const char *comma = strchr(value, ',');
    g_autofree char *name = comma ? g_strndup(value, (size_t)(comma - value)) : g_strdup(value);
    if (!check_form(option, value, error) || !set_model(cpu, option, name, error))
        return false;
    cpu->compat = NULL;
    g_autofree char *both = g_strdup_printf("%s %s", option, name);
    g_autoptr(Values) values = comma ? values_parse(both, comma + 1, NULL, error) : NULL;
    return !comma || (values && values_fill(values, keys, cpu, error));
}

void cpu_options_clear(CpuOptions *cpu)
{
    g_clear_pointer(&cpu->name, g_free);
}
