// A boot's description.
#include "boot.h"
#include "outcome.h"
#include <string.h>

static void step_free(gpointer data)
{
    Step *step = data;
    g_clear_pointer(&step->regex, g_regex_unref);
    g_free(step->name);
    g_free(step->text);
    g_free(step);
}

static void stage_free(gpointer data)
{
    Stage *stage = data;
    g_clear_pointer(&stage->regex, g_regex_unref);
    g_free(stage->name);
    g_free(stage);
}

static void allow_free(gpointer data)
{
    Allow *allow = data;
    g_clear_pointer(&allow->regex, g_regex_unref);
    g_free(allow->name);
    g_free(allow->stage);
    g_free(allow);
}

static void fail_free(gpointer data)
{
    Fail *fail = data;
    g_clear_pointer(&fail->regex, g_regex_unref);
    g_free(fail->name);
    g_free(fail);
}

static void add_usual_stages(Boot *boot)
{
    static const struct {
        const char *name, *text;
    } usual[] = {
        { "firmware", "SLOF \\*\\*\\*\\*|Welcome to Open Firmware" },
        { "loader", "GRUB loads|GNU GRUB|Welcome to GRUB!|Successfully loaded|Booting from memory" },
        { "kernel", "Linux version \\d" },
        { "init", "Run \\S+ as init process|systemd\\[1\\]|Welcome to (?!GRUB!).*!" },
        { "login", "login: *$" },
        { "test", "^(?:\\[ *\\d+\\.\\d+\\](?:\\[ *[TC]\\d+\\])? )?(?:KTAP version|TAP version) \\d+" },
    };
    static GRegex *regexes[G_N_ELEMENTS(usual)]; // shared by thousands of boots
    for (unsigned i = 0; i < G_N_ELEMENTS(usual); i++) {
        Stage *stage = g_new0(Stage, 1);
        stage->name = g_strdup(usual[i].name);
        if (!regexes[i])
            regexes[i] = g_regex_new(usual[i].text, G_REGEX_OPTIMIZE, 0, NULL);
        stage->regex = g_regex_ref(regexes[i]);
        g_ptr_array_add(boot->stages, stage);
    }
}

Boot *boot_new(const char *name)
{
    Boot *boot = g_new0(Boot, 1);
    boot->name = g_strdup(name);
    boot->axes = g_ptr_array_new_with_free_func(axis_free);
    boot->disks = g_ptr_array_new_with_free_func(g_free);
    boot->steps = g_ptr_array_new_with_free_func(step_free);
    boot->stages = g_ptr_array_new_with_free_func(stage_free);
    boot->allow = g_ptr_array_new_with_free_func(allow_free);
    boot->fails = g_ptr_array_new_with_free_func(fail_free);
    boot->timeout = 60;
    boot->flood = 256;
    boot->retries = 1;
    boot->repeat = 1;
    add_usual_stages(boot);
    return boot;
}

void boot_free(Boot *boot)
{
    if (!boot)
        return;
    g_ptr_array_unref(boot->axes);
    g_ptr_array_unref(boot->disks);
    g_ptr_array_unref(boot->steps);
    g_ptr_array_unref(boot->stages);
    g_ptr_array_unref(boot->allow);
    g_ptr_array_unref(boot->fails);
    char *const texts[] = { boot->name, boot->lparun, boot->bios, boot->kernel, boot->initrd, boot->append,
        boot->memory, boot->smp, boot->machine, boot->pass_stage, boot->known };
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    exec_free(boot->exec);
    g_free(boot->files_to);
    g_strfreev(boot->more);
    g_strfreev(boot->tags);
    g_free(boot);
}

Stage *boot_stage(const Boot *boot, const char *name)
{
    for (unsigned i = 0; i < boot->stages->len; i++)
        if (strcmp(((Stage *)boot->stages->pdata[i])->name, name) == 0)
            return boot->stages->pdata[i];
    return NULL;
}

bool boot_expects(const Boot *boot)
{
    for (unsigned i = 0; i < boot->steps->len; i++) {
        StepKind kind = ((const Step *)boot->steps->pdata[i])->kind;
        if (kind == STEP_EXPECT || kind == STEP_PROMPT)
            return true;
    }
    return false;
}
