// What can be said of a boot: the keys of boot files, which are the options of lparun-ci, too.
#include "refuse.h"
#include "settings.h"
#include "lparun/words.h"
#include <math.h>
#include <string.h>

#define FIELD(type, boot, key) ((type *)(void *)((char *)(boot) + (key)->offset))
#define SETTER(name)                                                                                         \
    static bool name(Boot *boot, const BootKey *key, const char *own, const Setting *setting, GError **error)

// --- Values.

static void replace(char **field, char *text)
{
    g_free(*field);
    *field = text;
}

SETTER(set_text)
{
    replace(FIELD(char *, boot, key), *setting->value ? g_strdup(setting->value) : NULL);
    return true;
}

// Nothing is no path.
static char *path_of(const Setting *setting, const char *path)
{
    if (*path == '\0')
        return NULL;
    return setting->base && !g_path_is_absolute(path) ? g_build_filename(setting->base, path, NULL)
                                                      : g_strdup(path);
}

SETTER(set_path)
{
    replace(FIELD(char *, boot, key), path_of(setting, setting->value));
    return true;
}

SETTER(set_bios)
{
    replace(&boot->bios,
        strcmp(setting->value, "none") == 0 ? g_strdup("none") : path_of(setting, setting->value));
    return true;
}

// A program without a slash is looked for on the path.
SETTER(set_program)
{
    replace(&boot->lparun,
        strchr(setting->value, '/') ? path_of(setting, setting->value) : g_strdup(setting->value));
    return true;
}

static bool seconds_of(const char *text, double *seconds, GError **error)
{
    char *end;
    *seconds = g_ascii_strtod(text, &end);
    if (end != text && strcmp(end, "s") == 0)
        end++;
    if (end == text || *end || !isfinite(*seconds) || *seconds <= 0 || *seconds > 1e6)
        return refuse(error, "give seconds, more than 0 and up to 1000000");
    return true;
}

SETTER(set_seconds)
{
    return seconds_of(setting->value, FIELD(double, boot, key), error);
}

static bool number_of(const char *text, unsigned *number, unsigned most, GError **error)
{
    guint64 value;
    g_autoptr(GError) ignored = NULL;
    if (!g_ascii_string_to_unsigned(text, 10, 0, most, &value, &ignored))
        return refuse(error, "give a number from 0 to %u", most);
    *number = (unsigned)value;
    return true;
}

SETTER(set_number)
{
    return number_of(setting->value, FIELD(unsigned, boot, key), 1000, error);
}

SETTER(set_flood)
{
    return number_of(setting->value, &boot->flood, 1u << 20, error) &&
           (boot->flood || refuse(error, "at least 1"));
}

SETTER(set_repeat)
{
    return number_of(setting->value, &boot->repeat, 10000, error) &&
           (boot->repeat || refuse(error, "at least 1"));
}

SETTER(set_switch)
{
    int value;
    if (!words_find(words_switch, setting->value, &value))
        return refuse(error, "give on or off");
    *FIELD(bool, boot, key) = value;
    return true;
}

SETTER(set_disks)
{
    g_auto(GStrv) disks = settings_list(setting->value);
    g_ptr_array_set_size(boot->disks, 0);
    for (char **disk = disks; *disk; disk++)
        g_ptr_array_add(boot->disks, path_of(setting, *disk));
    return true;
}

SETTER(set_words)
{
    g_strfreev(*FIELD(GStrv, boot, key));
    *FIELD(GStrv, boot, key) = settings_list(setting->value);
    return true;
}

SETTER(set_arguments)
{
    g_clear_pointer(&boot->more, g_strfreev);
    return *setting->value == '\0' || g_shell_parse_argv(setting->value, NULL, &boot->more, error);
}

static GRegex *regex_of(const char *text, GError **error)
{
    return g_regex_new(text, G_REGEX_OPTIMIZE, 0, error);
}

// --- A command in the guest.

static Exec *exec_of(Boot *boot)
{
    if (!boot->exec)
        boot->exec = exec_new();
    return boot->exec;
}

SETTER(set_exec)
{
    Exec *exec = exec_of(boot);
    g_clear_pointer(&exec->command, g_strfreev);
    return g_shell_parse_argv(setting->value, NULL, &exec->command, error);
}

SETTER(set_exec_path)
{
    replace(FIELD(char *, exec_of(boot), key), path_of(setting, setting->value));
    return true;
}

SETTER(set_exec_text)
{
    replace(FIELD(char *, exec_of(boot), key), g_strdup(setting->value));
    return true;
}

SETTER(set_exec_list)
{
    g_ptr_array_add(*FIELD(GPtrArray *, exec_of(boot), key), g_strdup(setting->value));
    return true;
}

SETTER(set_light)
{
    int value;
    if (!words_find(words_switch, setting->value, &value))
        return refuse(error, "give on or off");
    exec_of(boot)->light = value;
    return true;
}

// GUEST=PATH, or PATH: the path on this machine is the boot file's matter.
SETTER(set_exec_file)
{
    const char *equals = strchr(setting->value, '=');
    g_autofree char *path = path_of(setting, equals ? equals + 1 : setting->value);
    g_ptr_array_add(exec_of(boot)->files,
        equals ? g_strdup_printf("%.*s=%s", (int)(equals - setting->value), setting->value, path)
               : g_strdup(path));
    return true;
}

// --- Steps.

static const Word step_words[] = {
    { "expect", STEP_EXPECT },
    { "prompt", STEP_PROMPT },
    { "send", STEP_SEND },
    { "type", STEP_TYPE },
    { "qmp", STEP_QMP },
    { "pause", STEP_PAUSE },
    { "wait", STEP_WAIT },
    { "reset", STEP_RESET },
    { "nmi", STEP_NMI },
    { "powerdown", STEP_POWERDOWN },
    { 0 },
};

static bool fill_step(Step *step, GError **error)
{
    switch (step->kind) {
    case STEP_EXPECT:
    case STEP_PROMPT:
        return (step->regex = regex_of(step->text, error));
    case STEP_PAUSE:
    case STEP_WAIT:
        return seconds_of(step->text, &step->seconds, error);
    case STEP_QMP:
        return *step->text || refuse(error, "give a command");
    case STEP_TYPE: {
        char *text = g_strcompress(step->text);
        g_free(step->text);
        step->text = text;
        return true;
    }
    default:
        return true;
    }
}

// "VERB TEXT". Names of steps are theirs alone; the order is that of the lines.
SETTER(set_step)
{
    g_auto(GStrv) parts = g_strsplit(setting->value, " ", 2);
    int kind;
    if (!parts[0] || !words_find(step_words, parts[0], &kind)) {
        g_autofree char *list = words_list(step_words, ", ", " or ");
        return refuse(error, "begin with %s", list);
    }
    Step *step = g_new0(Step, 1);
    step->name = g_strdup(own);
    step->kind = (StepKind)kind;
    step->text = g_strdup(parts[1] ? parts[1] : "");
    g_ptr_array_add(boot->steps, step);
    return fill_step(step, error);
}

// --- Stages, and lines that are or are no failures.

SETTER(set_stage)
{
    GRegex *regex = regex_of(setting->value, error);
    if (!regex)
        return false;
    Stage *stage = boot_stage(boot, own);
    if (!stage) {
        stage = g_new0(Stage, 1);
        stage->name = g_strdup(own);
        g_ptr_array_add(boot->stages, stage);
    }
    g_clear_pointer(&stage->regex, g_regex_unref);
    stage->regex = regex;
    return true;
}

SETTER(set_stage_limit)
{
    Stage *stage = boot_stage(boot, own);
    if (!stage)
        return refuse(error, "there is no stage %s", own);
    return seconds_of(setting->value, &stage->limit, error);
}

static Allow *allow_of(Boot *boot, const char *name)
{
    for (unsigned i = 0; i < boot->allow->len; i++)
        if (strcmp(((Allow *)boot->allow->pdata[i])->name, name) == 0)
            return boot->allow->pdata[i];
    Allow *allow = g_new0(Allow, 1);
    allow->name = g_strdup(name);
    g_ptr_array_add(boot->allow, allow);
    return allow;
}

// allow.NAME, allow.NAME.count, allow.NAME.stage.
SETTER(set_allow)
{
    const char *dot = strrchr(own, '.');
    g_autofree char *name = dot ? g_strndup(own, (gsize)(dot - own)) : g_strdup(own);
    Allow *allow = allow_of(boot, name);
    if (dot && strcmp(dot, ".count") == 0)
        return number_of(setting->value, &allow->count, 1000000, error);
    if (dot && strcmp(dot, ".stage") == 0) {
        replace(&allow->stage, g_strdup(setting->value));
        return true;
    }
    g_clear_pointer(&allow->regex, g_regex_unref);
    return (allow->regex = regex_of(setting->value, error));
}

SETTER(set_fail)
{
    GRegex *regex = regex_of(setting->value, error);
    if (!regex)
        return false;
    Fail *fail = g_new0(Fail, 1);
    *fail = (Fail){ g_strdup(own), regex };
    g_ptr_array_add(boot->fails, fail);
    return true;
}

// --- What it passes by.

SETTER(set_expected)
{
    boot->fails_expected = strcmp(setting->value, "fail") == 0;
    return boot->fails_expected || strcmp(setting->value, "pass") == 0 || refuse(error, "give pass or fail");
}

static bool add_condition(Boot *boot, const char *text, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, " ", 2);
    if (strcmp(text, "power-off") == 0)
        boot->pass_power_off = true;
    else if (strcmp(text, "ktap") == 0)
        boot->pass_ktap = true;
    else if (strcmp(words[0], "stage") == 0 && words[1])
        replace(&boot->pass_stage, g_strdup(words[1]));
    else if (strcmp(words[0], "reboots") == 0 && words[1])
        return number_of(words[1], &boot->reboots, 1000, error);
    else
        return refuse(error, "%s: give power-off, ktap, stage NAME or reboots N", text);
    return true;
}

SETTER(set_pass)
{
    g_auto(GStrv) conditions = settings_list(setting->value);
    for (char **condition = conditions; *condition; condition++)
        if (!add_condition(boot, *condition, error))
            return false;
    return true;
}

#define AT(field) offsetof(Boot, field)
#define EXEC_AT(field) offsetof(Exec, field)
const BootKey boot_keys[] = {
    { "lparun", "FILE", "the program (default: the one beside lparun-ci, or on the path)", set_program },
    { "bios", "FILE", "firmware, or none (default: lparun's)", set_bios },
    { "kernel", "FILE", "a kernel that starts from memory", set_path, AT(kernel) },
    { "initrd", "FILE", "its initial ramdisk", set_path, AT(initrd) },
    { "append", "TEXT", "its command line", set_text, AT(append) },
    { "disks", "FILE;...", "raw images of disks, which no run changes", set_disks },
    { "memory", "SIZE", "guest memory, as -m of lparun", set_text, AT(memory) },
    { "smp", "N", "vCPUs, as -smp of lparun", set_text, AT(smp) },
    { "machine", "KEY=VALUE,...", "as -machine of lparun", set_text, AT(machine) },
    { "arguments", "WORDS", "further arguments of lparun, quoted as for a shell", set_arguments },
    { "exec", "WORDS", "a command in the guest, quoted as for a shell, by an initial ramdisk of its own",
        set_exec },
    { "file.", "[GUEST=]PATH", "a file or folder that is put in", set_exec_file },
    { "program.", "NAME", "a program that is put in with what it needs, besides the command", set_exec_list,
        EXEC_AT(programs) },
    { "collect.", "PATH", "a file or folder of the guest that is taken out, to the report", set_exec_list,
        EXEC_AT(collect) },
    { "env.", "NAME=VALUE", "a variable for the command", set_exec_list, EXEC_AT(variables) },
    { "module.", "NAME", "a module that is loaded, besides those of the disk of results", set_exec_list,
        EXEC_AT(wanted) },
    { "modules", "FOLDER", "where the modules of the kernel are: lib/modules/VERSION", set_exec_path,
        EXEC_AT(modules) },
    { "light-modules", "on|off",
        "modules without their type information and signature: faster, and the kernel says that it "
        "is tainted (default off)",
        set_light },
    { "root", "FOLDER", "where programs and libraries are looked for (default /)", set_exec_path,
        EXEC_AT(root) },
    { "directory", "PATH", "where the command starts, in the guest", set_exec_text, EXEC_AT(directory) },
    { "init", "FILE", "the first program of the guest, instead of our own", set_exec_path, EXEC_AT(init) },
    { "step.", "VERB TEXT",
        "expect REGEX, prompt REGEX, send TEXT, type TEXT, qmp COMMAND, pause S, wait S, reset, "
        "nmi or powerdown, in the order of their lines",
        set_step },
    { "stage.", "REGEX",
        "how a stage is recognised; firmware, loader, kernel, init, login and test are known", set_stage },
    { "timeout", "S", "seconds for all of it (default 60)", set_seconds, AT(timeout) },
    { "timeout.", "S", "seconds for a stage", set_stage_limit },
    { "silence", "S", "seconds in which the console may keep silent", set_seconds, AT(silence) },
    { "run-time", "S", "seconds that the vCPUs may run, all together", set_seconds, AT(run_time) },
    { "flood", "MIB", "console that is too much (default 256)", set_flood, AT(flood) },
    { "pass", "WHAT;...",
        "power-off, ktap, stage NAME, reboots N: all must hold, and the steps be done (default: the "
        "steps, or without steps power-off)",
        set_pass },
    { "fail.", "REGEX", "a line of the console that is a failure", set_fail },
    { "allow.", "REGEX", "a line that is none; allow.NAME.count=N, allow.NAME.stage=STAGE narrow it",
        set_allow },
    { "expected", "pass|fail", "fail: it is known to (default pass)", set_expected },
    { "because", "TEXT", "why it is known to fail", set_text, AT(known) },
    { "retries", "N", "runs again after a fault of the host (default 1)", set_number, AT(retries) },
    { "retry-failures", "on|off",
        "after a failure of the guest, too; a later pass is then flaky (default off)", set_switch,
        AT(retry_failures) },
    { "repeat", "N", "runs, each of which counts (default 1)", set_repeat },
    { "tags", "WORD;...", "for --tag", set_words, AT(tags) },
    { 0 },
};
