// The verdict on a boot.
#include "judge.h"
#include <string.h>

typedef struct Stage {
    const char *name, *text; // a regular expression
} Stage;

static const Stage stages[] = {
    { "firmware", "SLOF \\*\\*\\*\\*|Welcome to Open Firmware" },
    { "loader", "GRUB loads|GNU GRUB|Successfully loaded|Booting from memory" },
    { "kernel", "Linux version \\d" },
    { "init", "Run \\S+ as init process|systemd\\[1\\]|Welcome to .*!" },
    { "login", "login: *$" },
};

struct Judge {
    const GPtrArray *expect, *allow;
    unsigned seen;
    int stage;     // index, or -1
    bool any;      // something was said
    Form *form;    // the first that decides at once
    Form *warning; // the first that counts at the end
    bool panicked, powered_off, rebooted, limit, ended;
    double seconds;
    int status;
    char *said;
};

static GRegex *stage_patterns[G_N_ELEMENTS(stages)];

Judge *judge_new(const GPtrArray *expect, const GPtrArray *allow)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(stages) && !stage_patterns[i]; i++)
        stage_patterns[i] = g_regex_new(stages[i].text, G_REGEX_OPTIMIZE, 0, NULL);
    Judge *judge = g_new0(Judge, 1);
    *judge = (Judge){ .expect = expect, .allow = allow, .stage = -1 };
    return judge;
}

void judge_free(Judge *judge)
{
    if (!judge)
        return;
    form_free(judge->form);
    form_free(judge->warning);
    g_free(judge->said);
    g_free(judge);
}

static bool is_allowed(const Judge *judge, const char *line)
{
    for (unsigned i = 0; i < judge->allow->len; i++)
        if (g_regex_match(judge->allow->pdata[i], line, 0, NULL))
            return true;
    return false;
}

static void see_stage(Judge *judge, const char *text)
{
    for (int i = G_N_ELEMENTS(stages) - 1; i > judge->stage; i--)
        if (g_regex_match(stage_patterns[i], text, 0, NULL)) {
            judge->stage = i;
            return;
        }
}

static void see_expected(Judge *judge, const char *text)
{
    while (
        judge->seen < judge->expect->len && g_regex_match(judge->expect->pdata[judge->seen], text, 0, NULL))
        judge->seen++;
}

static void see_form(Judge *judge, const char *line)
{
    Form *form = is_allowed(judge, line) ? NULL : forms_find(line);
    Form **first = form && form->at_once ? &judge->form : &judge->warning;
    if (form && !*first)
        *first = form;
    else
        form_free(form);
}

void judge_line(Judge *judge, const char *line)
{
    judge->any = true;
    see_stage(judge, line);
    see_form(judge, line);
    see_expected(judge, line);
}

void judge_partial(Judge *judge, const char *text)
{
    if (*text == '\0')
        return;
    judge->any = true;
    see_stage(judge, text);
    see_expected(judge, text);
}

void judge_event(Judge *judge, const char *event, const char *reason)
{
    if (strcmp(event, "GUEST_PANICKED") == 0)
        judge->panicked = true;
    else if (strcmp(event, "SHUTDOWN") == 0 && g_strcmp0(reason, "guest-shutdown") == 0)
        judge->powered_off = true;
    else if (g_strcmp0(reason, "guest-reset") == 0)
        judge->rebooted = true;
}

void judge_limit(Judge *judge, double seconds)
{
    judge->limit = !judge_is_decided(judge);
    judge->seconds = seconds;
}

void judge_end(Judge *judge, int status, const char *said)
{
    judge->ended = true;
    judge->status = status;
    judge->said = g_strdup(said);
}

unsigned judge_seen(const Judge *judge)
{
    return judge->seen;
}

static bool has_all(const Judge *judge)
{
    return judge->expect->len > 0 ? judge->seen == judge->expect->len : judge->powered_off;
}

bool judge_is_decided(const Judge *judge)
{
    return judge->form || judge->panicked || judge->rebooted || judge->limit || judge->powered_off ||
           has_all(judge);
}

const char *judge_stage(const Judge *judge)
{
    return judge->stage < 0 ? "nothing" : stages[judge->stage].name;
}

// --- The finding, in the order that the header says.

static Finding make(Verdict verdict, char *reason, char *signature)
{
    return (Finding){ verdict, reason, signature };
}

// lparun's own trouble: exit status 1 is the host's, 2 an option's; a signal that nobody sent is a crash.
static bool find_host(const Judge *judge, Finding *finding)
{
    if (!judge->ended || judge_is_decided(judge))
        return false;
    if (judge->status == 2)
        *finding = make(VERDICT_WRONG, g_strdup(judge->said), NULL);
    else if (judge->status == 1)
        *finding = make(VERDICT_COULD_NOT_TEST, g_strdup(judge->said), NULL);
    else if (judge->status < 0 || judge->status > 4)
        *finding =
            make(VERDICT_COULD_NOT_TEST, g_strdup_printf("lparun ended with status %d", judge->status), NULL);
    else
        return false;
    return true;
}

static bool find_crash(const Judge *judge, Finding *finding)
{
    static const Verdict verdicts[FORM_CLASSES] = {
        [FORM_PANIC] = VERDICT_PANICKED,
        [FORM_OOPS] = VERDICT_OOPSED,
        [FORM_LOCKUP] = VERDICT_LOCKED_UP,
        [FORM_FIRMWARE] = VERDICT_FIRMWARE_ERROR,
        [FORM_PROMPT] = VERDICT_STUCK_AT_PROMPT,
    };
    const Form *form = judge->form;
    if (form)
        *finding = make(verdicts[form->class], g_strdup(form->text),
            g_strdup_printf("%s: %s", forms_class_name(form->class), form->subject));
    else if (judge->panicked || (judge->ended && judge->status == 4))
        *finding = make(VERDICT_PANICKED, g_strdup("lparun says that the guest panicked"), g_strdup("panic"));
    else
        return false;
    return true;
}

// What was waited for: text of the next expectation.
static char *awaited(const Judge *judge)
{
    if (judge->seen < judge->expect->len)
        return g_strdup_printf("'%s'", g_regex_get_pattern(judge->expect->pdata[judge->seen]));
    return g_strdup("the power-off");
}

static bool find_limit(const Judge *judge, Finding *finding)
{
    g_autofree char *what = awaited(judge);
    if (judge->rebooted)
        *finding = make(VERDICT_REBOOTED, g_strdup_printf("the guest rebooted before %s", what), NULL);
    else if (judge->limit)
        *finding = make(VERDICT_TIMED_OUT,
            g_strdup_printf(
                "%g s were over in stage %s; waited for %s", judge->seconds, judge_stage(judge), what),
            NULL);
    else
        return false;
    return true;
}

Finding judge_finding(const Judge *judge)
{
    Finding finding;
    if (find_host(judge, &finding) || find_crash(judge, &finding))
        return finding;
    if (!has_all(judge)) {
        if (find_limit(judge, &finding))
            return finding;
        g_autofree char *what = awaited(judge);
        return make(
            judge->any ? VERDICT_FAIL : VERDICT_NO_RESULT, g_strdup_printf("it ended before %s", what), NULL);
    }
    if (judge->warning)
        return make(VERDICT_FAIL, g_strdup(judge->warning->text),
            g_strdup_printf("%s: %s", forms_class_name(judge->warning->class), judge->warning->subject));
    return make(VERDICT_PASS,
        g_strdup(judge->expect->len ? "all that was expected was seen" : "it powered off"), NULL);
}

void finding_clear(Finding *finding)
{
    g_free(finding->reason);
    g_free(finding->signature);
}
