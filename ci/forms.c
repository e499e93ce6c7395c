// Failure forms, for Linux and SLOF on pseries.
#include "forms.h"
#include <string.h>

typedef struct Pattern {
    FormClass class;
    bool at_once;
    const char *text; // a regular expression, anchored at the start; its first group is the subject
} Pattern;

static const Pattern patterns[] = {
    { FORM_PANIC, true, "Kernel panic - not syncing: (.*)" },
    { FORM_OOPS, true, "BUG: Kernel NULL pointer dereference on (?:read|write)" },
    { FORM_OOPS, true, "BUG: Unable to handle kernel (.*?) (?:on|at|for)" },
    { FORM_OOPS, true, "Unable to handle kernel (.*?) for" },
    { FORM_OOPS, true, "Kernel attempted to (?:read|write|execute) user page" },
    { FORM_OOPS, true, "Oops: (.*?), sig:" },
    { FORM_OOPS, true, "Bad kernel stack pointer" },
    { FORM_OOPS, true, "Unrecoverable (?:\\S+ )?exception" },
    { FORM_OOPS, true, "kernel BUG at (\\S+?):\\d+!" },
    { FORM_LOCKUP, true, "(?:watchdog: )?BUG: soft lockup - CPU#\\d+" },
    { FORM_LOCKUP, true, "watchdog: CPU \\d+ (?:self-detected hard LOCKUP|Hard LOCKUP)" },
    { FORM_LOCKUP, true, "(?:watchdog: )?CPU \\d+ detected hard LOCKUP on other CPUs" },
    { FORM_LOCKUP, true, "BUG: workqueue lockup" },
    { FORM_WARNING, false, "WARNING: CPU: \\d+ PID: \\d+ at \\S+ ([\\w.]+)" },
    { FORM_WARNING, false, "WARNING: \\S+?:\\d+ at ([\\w.]+)" },
    { FORM_WARNING, false,
        "WARNING: (possible .*? detected|inconsistent lock state|suspicious RCU usage|bad unlock "
        "balance.*)" },
    { FORM_WARNING, false, "rcu: INFO: (rcu_\\w+) (?:self-)?detected" },
    { FORM_WARNING, false, "rcu: \\w+ kthread (starved) for" },
    { FORM_WARNING, false, "INFO: task (\\S+?):\\d+ (?:blocked|can't die)" },
    { FORM_WARNING, false, "BUG: (K(?:A|C|M)SAN|KFENCE): .*? in ([\\w.]+)" },
    { FORM_WARNING, false, "UBSAN: (.*? in \\S+)" },
    { FORM_WARNING, false, "BUG: (Bad (?:page (?:state|map|cache)|rss-counter state))" },
    { FORM_WARNING, false, "BUG (kmalloc-\\S+)" },
    { FORM_WARNING, false,
        "BUG: (Invalid wait context|scheduling while atomic|sleeping function called from invalid context)" },
    { FORM_FIRMWARE, true, "\\( [0-9a-f]+ \\) (\\w+(?: \\w+)*) Exception \\[" },
    { FORM_FIRMWARE, true, "Exception \\[ [0-9a-f]+ \\] triggered by boot firmware" },
    { FORM_FIRMWARE, true,
        "ERROR: (Flatten device tree not available!|Not enough memory for Open Firmware|Assertion .* "
        "failed!)" },
    { FORM_FIRMWARE, true, "(Cannot find romfs file|claim failed!)" },
    { FORM_FIRMWARE, true, "(E3400|E3401|E3402|E3403|E3409|E3410|E3420)\\b" },
    { FORM_PROMPT, true, "Entering (emergency mode)\\. Exit the shell" },
    { FORM_PROMPT, true, "dracut: (FATAL:|Refusing to continue)" },
    { FORM_PROMPT, true, "You are in (emergency mode)" },
    { FORM_PROMPT, true, "Give root password for maintenance" },
    { FORM_PROMPT, true, "ALERT! .* does not exist\\. (Dropping to a shell!)" },
    { FORM_PROMPT, true, "(Entering rescue mode)\\.\\.\\." },
};

static GRegex *compiled[G_N_ELEMENTS(patterns)];
static GRegex *prefix;

static void compile(void)
{
    if (prefix)
        return;
    for (unsigned i = 0; i < G_N_ELEMENTS(patterns); i++)
        compiled[i] = g_regex_new(patterns[i].text, G_REGEX_OPTIMIZE | G_REGEX_ANCHORED, 0, NULL);
    prefix = g_regex_new("(?:\\*\\* \\d+ printk messages dropped \\*\\* ?)?(?:<\\d+>)?(?:\\[ "
                         "*\\d+\\.\\d+\\](?:\\[ *[TC]\\d+\\])? ?)?",
        G_REGEX_OPTIMIZE | G_REGEX_ANCHORED, 0, NULL);
}

const char *forms_skip_prefix(const char *line)
{
    compile();
    g_autoptr(GMatchInfo) match = NULL;
    int end = 0;
    if (g_regex_match(prefix, line, 0, &match))
        g_match_info_fetch_pos(match, 0, NULL, &end);
    return line + end;
}

static Form *form_of(const Pattern *pattern, const GMatchInfo *match, const char *text)
{
    int last = g_match_info_get_match_count(match) - 1;
    Form *form = g_new0(Form, 1);
    *form = (Form){ .class = pattern->class, .at_once = pattern->at_once, .text = g_strdup(text) };
    form->subject = last > 0 ? g_match_info_fetch(match, last) : g_match_info_fetch(match, 0);
    return form;
}

Form *forms_find(const char *line)
{
    const char *text = forms_skip_prefix(line);
    for (unsigned i = 0; i < G_N_ELEMENTS(patterns); i++) {
        g_autoptr(GMatchInfo) match = NULL;
        if (g_regex_match(compiled[i], text, 0, &match))
            return form_of(&patterns[i], match, text);
    }
    return NULL;
}

void form_free(Form *form)
{
    if (!form)
        return;
    g_free(form->text);
    g_free(form->subject);
    g_free(form);
}

const char *forms_class_name(FormClass class)
{
    static const char *const names[FORM_CLASSES] = {
        [FORM_PANIC] = "panic",
        [FORM_OOPS] = "oops",
        [FORM_LOCKUP] = "lockup",
        [FORM_WARNING] = "warning",
        [FORM_FIRMWARE] = "firmware error",
        [FORM_PROMPT] = "prompt",
    };
    return names[class];
}
