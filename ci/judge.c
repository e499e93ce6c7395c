// The verdict on a boot.
#include "judge.h"
#include "block.h"
#include "firmware.h"
#include "ktap.h"
#include <string.h>

struct Judge {
    const Boot *boot;
    const Script *script;
    Ktap *ktap;
    int stage; // index, or -1
    double stage_began;
    GArray *stages;  // of Mark
    GArray *allowed; // of unsigned: how often each Allow of the boot's was used
    bool any;        // something was said
    Form *form;      // the first that decides at once
    Form *warning;   // the first that counts at the end
    Block *block;    // the first failure's report
    Firmware *firmware;
    char *partial; // what there is of a line, and when it came
    double partial_at;
    const Fail *fail; // the first
    char *fail_line;
    bool panicked, watchdog, powered_off, quiet, limited, flooded, ended, starved;
    unsigned reboots;
    Limit limit;
    double seconds; // the limit's
    char *awaited;  // when the limit came
    char *hang, *step_failed;
    char *outside;   // who ended it, where that was neither the guest nor the verdict
    int exec_status; // of the command; -1: none came
    char *exec_why;  // it is not well
    int status;
    char *said;
};

Judge *judge_new(const Boot *boot, const Script *script)
{
    Judge *judge = g_new0(Judge, 1);
    *judge = (Judge){ .boot = boot, .script = script, .stage = -1, .exec_status = -1 };
    judge->ktap = ktap_new();
    judge->block = block_new();
    judge->firmware = firmware_new();
    judge->stages = outcome_marks_new();
    judge->allowed = g_array_new(FALSE, TRUE, sizeof(unsigned));
    g_array_set_size(judge->allowed, boot->allow->len);
    return judge;
}

void judge_free(Judge *judge)
{
    if (!judge)
        return;
    ktap_free(judge->ktap);
    form_free(judge->form);
    form_free(judge->warning);
    block_free(judge->block);
    firmware_free(judge->firmware);
    g_free(judge->partial);
    g_array_unref(judge->stages);
    g_array_unref(judge->allowed);
    g_free(judge->fail_line);
    g_free(judge->awaited);
    g_free(judge->hang);
    g_free(judge->step_failed);
    g_free(judge->outside);
    g_free(judge->exec_why);
    g_free(judge->said);
    g_free(judge);
}

// --- What it passes by.

static bool needs_power_off(const Boot *boot)
{
    return boot->pass_power_off ||
           (!boot_expects(boot) && !boot->pass_stage && !boot->reboots && !boot->pass_ktap);
}

static bool has_come_to(const Judge *judge, const char *stage)
{
    for (unsigned i = 0; i < judge->stages->len; i++)
        if (strcmp(g_array_index(judge->stages, Mark, i).name, stage) == 0)
            return true;
    return false;
}

// Another run of tests may follow the first: it is over when nothing follows for a while.
static bool has_tested(const Judge *judge)
{
    return ktap_is_there(judge->ktap) &&
           (judge->ended || judge->powered_off || (judge->quiet && ktap_is_complete(judge->ktap)));
}

// What is missing first, in words (g_free); NULL: nothing.
static char *missing(const Judge *judge)
{
    const Boot *boot = judge->boot;
    const Step *step = script_next(judge->script);
    if (step && step->regex)
        return g_strdup_printf("'%s'", g_regex_get_pattern(step->regex));
    if (step)
        return g_strdup_printf("step %s", step->name);
    if (boot->pass_stage && !has_come_to(judge, boot->pass_stage))
        return g_strdup_printf("stage %s", boot->pass_stage);
    if (judge->reboots < boot->reboots)
        return g_strdup_printf("reboot %u of %u", judge->reboots + 1, boot->reboots);
    if ((boot->pass_ktap || ktap_is_there(judge->ktap)) && !has_tested(judge))
        return g_strdup("the end of its tests");
    if (needs_power_off(boot) && !judge->powered_off)
        return g_strdup("the power-off");
    return NULL;
}

static bool has_all(const Judge *judge)
{
    g_autofree char *what = missing(judge);
    return !what;
}

// --- What comes in.

static const Stage *stage_at(const Judge *judge, int index)
{
    return judge->boot->stages->pdata[index];
}

static const char *stage_name(const Judge *judge)
{
    return judge->stage < 0 ? "nothing" : stage_at(judge, judge->stage)->name;
}

static bool allows(Judge *judge, unsigned index, const char *line)
{
    const Allow *allow = judge->boot->allow->pdata[index];
    unsigned *used = &g_array_index(judge->allowed, unsigned, index);
    if ((allow->count && *used >= allow->count) ||
        (allow->stage && strcmp(allow->stage, stage_name(judge)) != 0) ||
        !g_regex_match(allow->regex, line, 0, NULL))
        return false;
    ++*used;
    return true;
}

static bool is_allowed(Judge *judge, const char *line)
{
    for (unsigned i = 0; i < judge->boot->allow->len; i++)
        if (allows(judge, i, line))
            return true;
    return false;
}

static void see_stage(Judge *judge, const char *text, double seconds)
{
    for (int i = (int)judge->boot->stages->len - 1; i > judge->stage; i--)
        if (g_regex_match(stage_at(judge, i)->regex, text, 0, NULL)) {
            judge->stage = i;
            judge->stage_began = seconds;
            outcome_add_mark(judge->stages, stage_name(judge), seconds);
            return;
        }
}

// Does a step that is not done yet wait for this prompt?
static bool is_wanted(const Judge *judge, const char *prompt)
{
    const GPtrArray *steps = judge->boot->steps;
    const Step *next = script_next(judge->script);
    bool later = false;
    for (unsigned i = 0; next && i < steps->len; i++) {
        const Step *step = steps->pdata[i];
        later |= step == next;
        if (later && step->regex && forms_is_wanted(prompt, step->regex))
            return true;
    }
    return false;
}

static Form *unless_wanted(const Judge *judge, Form *form, const char *prompt)
{
    if (!form || !is_wanted(judge, prompt))
        return form;
    form_free(form);
    return NULL;
}

// Takes the form, which may be none; `line` shows it.
static void take_form(Judge *judge, Form *form, const char *line, double seconds)
{
    if (form && is_allowed(judge, line))
        g_clear_pointer(&form, form_free);
    block_line(judge->block, line, form, seconds);
    Form **first = form && form->at_once ? &judge->form : &judge->warning;
    if (form && !*first)
        *first = form;
    else
        form_free(form);
}

static Form *find_form(Judge *judge, const char *line)
{
    Form *form = firmware_line(judge->firmware, line);
    if (form && form->class == FORM_FIRMWARE)
        form = unless_wanted(judge, form, FIRMWARE_PROMPT);
    return form ? form : forms_find(line);
}

static void see_fail(Judge *judge, const char *line)
{
    for (unsigned i = 0; !judge->fail && i < judge->boot->fails->len; i++) {
        const Fail *fail = judge->boot->fails->pdata[i];
        if (!g_regex_match(fail->regex, line, 0, NULL))
            continue;
        judge->fail = fail;
        judge->fail_line = g_strdup(line);
    }
}

void judge_line(Judge *judge, const char *line, double seconds)
{
    if (judge->limited) // what an NMI makes it say is no news
        return;
    judge->any = true;
    judge->quiet = false;
    see_stage(judge, line, seconds);
    take_form(judge, find_form(judge, line), line, seconds);
    see_fail(judge, line);
    ktap_line(judge->ktap, line);
}

static void keep_partial(Judge *judge, const char *text, double seconds)
{
    g_free(judge->partial);
    judge->partial = g_strdup(text);
    judge->partial_at = seconds;
}

void judge_partial(Judge *judge, const char *text, double seconds)
{
    keep_partial(judge, text, seconds);
    if (*text == '\0' || judge->limited)
        return;
    judge->any = true;
    see_stage(judge, text, seconds);
    Form *form = unless_wanted(judge, firmware_partial(judge->firmware, text), FIRMWARE_PROMPT);
    if (form)
        take_form(judge, form, text, seconds);
}

static bool rebooted_too_often(const Judge *judge)
{
    return judge->reboots > judge->boot->reboots;
}

// One that nobody announced is the end, at the stage where it came.
static void see_reboot(Judge *judge, double seconds)
{
    judge->reboots++;
    outcome_add_mark(judge->stages, "reboot", seconds);
    if (rebooted_too_often(judge))
        return;
    judge->stage = -1;
    judge->stage_began = seconds;
}

void judge_outside(Judge *judge, const char *why)
{
    if (!judge->outside && !judge_is_decided(judge))
        judge->outside = g_strdup(why);
}

static void see_outside(Judge *judge, const char *reason)
{
    g_autofree char *why = g_strdup_printf("lparun was ended from outside: %s", reason);
    judge_outside(judge, why);
}

void judge_event(Judge *judge, const char *event, const char *reason, double seconds)
{
    if (judge->limited)
        return;
    if (strcmp(event, "GUEST_PANICKED") == 0)
        judge->panicked = true;
    else if (strcmp(event, "WATCHDOG") == 0)
        judge->watchdog = true;
    else if (strcmp(event, "SHUTDOWN") == 0 && g_strcmp0(reason, "guest-shutdown") == 0)
        judge->powered_off = true;
    else if (strcmp(event, "SHUTDOWN") == 0 && reason && g_str_has_prefix(reason, "host-"))
        see_outside(judge, reason);
    else if (g_strcmp0(reason, "guest-reset") == 0)
        see_reboot(judge, seconds);
}

void judge_flood(Judge *judge)
{
    judge->flooded = !judge->limited;
}

void judge_quiet(Judge *judge)
{
    judge->quiet = true;
    if (!judge->partial || judge->limited)
        return;
    see_fail(judge, judge->partial);
    Form *form = unless_wanted(judge, forms_find_prompt(judge->partial), judge->partial);
    if (form)
        take_form(judge, form, judge->partial, judge->partial_at);
}

void judge_limit(Judge *judge, Limit limit, double seconds)
{
    if (judge_is_decided(judge))
        return;
    judge->awaited = missing(judge);
    judge->limited = true;
    judge->limit = limit;
    judge->seconds = seconds;
}

void judge_hang(Judge *judge, const char *kind, bool starved)
{
    g_free(judge->hang);
    judge->hang = g_strdup(kind);
    judge->starved = starved;
}

void judge_output(Judge *judge, const char *line)
{
    ktap_line(judge->ktap, line);
}

void judge_exec(Judge *judge, int status, const char *why)
{
    judge->exec_status = status;
    judge->exec_why = g_strdup(why);
}

void judge_step_failed(Judge *judge, const char *why)
{
    if (!judge->step_failed)
        judge->step_failed = g_strdup(why);
}

void judge_end(Judge *judge, int status, const char *said)
{
    judge->ended = true;
    judge->status = status;
    judge->said = g_strdup(said);
    ktap_end(judge->ktap);
}

static bool has_crashed(const Judge *judge)
{
    return judge->form || judge->panicked || judge->watchdog || judge->fail || judge->flooded;
}

bool judge_is_decided(const Judge *judge)
{
    return has_crashed(judge) || rebooted_too_often(judge) || judge->step_failed || judge->limited ||
           judge->powered_off || has_all(judge);
}

bool judge_is_off(const Judge *judge)
{
    return judge->powered_off;
}

bool judge_is_limit(const Judge *judge)
{
    return judge->limited;
}

int judge_stage(const Judge *judge)
{
    return judge->stage;
}

double judge_stage_began(const Judge *judge)
{
    return judge->stage_began;
}

// --- The finding, in the order that the header says.

static bool find(Outcome *outcome, Verdict verdict, char *reason, char *signature)
{
    outcome->verdict = verdict;
    outcome->reason = reason;
    outcome->signature = signature;
    return true;
}

// lparun's own trouble: exit status 1 is the host's, 2 an option's; a signal that nobody sent is a crash.
static bool find_host(const Judge *judge, Outcome *outcome)
{
    if (!judge->ended || judge_is_decided(judge))
        return false;
    if (judge->outside) // lparun itself says more of what it cannot go on from
        return find(outcome, VERDICT_COULD_NOT_TEST,
            g_strdup(judge->status == 4 && *judge->said ? judge->said : judge->outside), NULL);
    if (judge->status == 0 || judge->status == 3 || judge->status == 4)
        return false;
    bool wrong = judge->status == 2;
    if (judge->status == 1 || wrong)
        return find(outcome, wrong ? VERDICT_WRONG : VERDICT_COULD_NOT_TEST, g_strdup(judge->said), NULL);
    return find(
        outcome, VERDICT_COULD_NOT_TEST, g_strdup_printf("lparun ended with status %d", judge->status), NULL);
}

static const Verdict form_verdicts[FORM_CLASSES] = {
    [FORM_PANIC] = VERDICT_PANICKED,
    [FORM_OOPS] = VERDICT_OOPSED,
    [FORM_LOCKUP] = VERDICT_LOCKED_UP,
    [FORM_WARNING] = VERDICT_FAIL, // from here on, those that would end a boot that has passed
    [FORM_RCU] = VERDICT_FAIL,
    [FORM_HUNG] = VERDICT_FAIL,
    [FORM_CHECKER] = VERDICT_FAIL,
    [FORM_LOCKING] = VERDICT_FAIL,
    [FORM_MEMORY] = VERDICT_FAIL,
    [FORM_LOADER] = VERDICT_FAIL,
    [FORM_SERVICE] = VERDICT_FAIL,
    [FORM_FIRMWARE] = VERDICT_FIRMWARE_ERROR,
    [FORM_PROMPT] = VERDICT_STUCK_AT_PROMPT,
};

static bool find_crash(const Judge *judge, Outcome *outcome)
{
    const Form *form = judge->form;
    if (form)
        return find(outcome, form_verdicts[form->class], g_strdup(form->text), block_signature(judge->block));
    if (judge->panicked || (judge->ended && judge->status == 4))
        return find(
            outcome, VERDICT_PANICKED, g_strdup("lparun says that the guest panicked"), g_strdup("panic"));
    if (judge->watchdog)
        return find(outcome, VERDICT_LOCKED_UP, g_strdup("its watchdog expired"), g_strdup("watchdog"));
    if (judge->flooded)
        return find(outcome, VERDICT_FAIL,
            g_strdup_printf("the console had more than %u MiB", judge->boot->flood), g_strdup("flood"));
    if (judge->fail)
        return find(
            outcome, VERDICT_FAIL, g_strdup(judge->fail_line), g_strdup_printf("fail.%s", judge->fail->name));
    return false;
}

static char *limit_text(const Judge *judge)
{
    static const char *const texts[] = {
        [LIMIT_WHOLE] = "%1$g s were over in stage %2$s",
        [LIMIT_STAGE] = "stage %2$s took more than %1$g s",
        [LIMIT_SILENCE] = "the console kept silent for %1$g s in stage %2$s",
        [LIMIT_RUN_TIME] = "the vCPUs ran for %1$g s, and came to stage %2$s",
    };
    g_autoptr(GString) text = g_string_new(NULL);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    g_string_append_printf(text, texts[judge->limit], judge->seconds, stage_name(judge));
#pragma GCC diagnostic pop
    g_string_append_printf(text, "; waited for %s", judge->awaited);
    if (judge->hang)
        g_string_append_printf(text, "; %s", judge->hang);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static bool find_limit(const Judge *judge, Outcome *outcome)
{
    return judge->limited && find(outcome, judge->starved ? VERDICT_COULD_NOT_TEST : VERDICT_TIMED_OUT,
                                 limit_text(judge), NULL);
}

static bool find_missing(const Judge *judge, const char *what, Outcome *outcome)
{
    if (judge->step_failed)
        return find(outcome, VERDICT_FAIL, g_strdup(judge->step_failed), NULL);
    if (judge->exec_why && judge->exec_status < 0)
        return find(outcome, VERDICT_NO_RESULT, g_strdup(judge->exec_why), NULL);
    return what && find(outcome, judge->any ? VERDICT_FAIL : VERDICT_NO_RESULT,
                       g_strdup_printf("it ended before %s", what), NULL);
}

static bool find_reboot(const Judge *judge, const char *what, Outcome *outcome)
{
    return rebooted_too_often(judge) &&
           find(outcome, VERDICT_REBOOTED,
               what ? g_strdup_printf("the guest rebooted before %s", what) : g_strdup("the guest rebooted"),
               NULL);
}

// Tests that failed, and a warning.
static bool find_faults(const Judge *judge, Outcome *outcome)
{
    if (judge->exec_why)
        return find(outcome, VERDICT_FAIL, g_strdup(judge->exec_why), NULL);
    char *why = judge->ended && ktap_is_there(judge->ktap) ? ktap_why(judge->ktap) : NULL;
    if (why)
        return find(outcome, VERDICT_FAIL, why, NULL);
    return judge->warning &&
           find(outcome, VERDICT_FAIL, g_strdup(judge->warning->text), block_signature(judge->block));
}

static void find_verdict(const Judge *judge, Outcome *outcome)
{
    g_autofree char *what = missing(judge);
    if (find_host(judge, outcome) || find_crash(judge, outcome) || find_reboot(judge, what, outcome) ||
        find_limit(judge, outcome) || find_missing(judge, what, outcome) || find_faults(judge, outcome))
        return;
    const char *why = judge->boot->exec              ? "the command's exit status is 0"
                      : ktap_is_there(judge->ktap)   ? "its tests passed"
                      : needs_power_off(judge->boot) ? "it powered off"
                                                     : "all that was expected was seen";
    find(outcome, VERDICT_PASS, g_strdup(why), NULL);
}

void judge_fill(const Judge *judge, Outcome *outcome)
{
    find_verdict(judge, outcome);
    outcome->stage = g_strdup(stage_name(judge));
    outcome->exit_status = judge->exec_status;
    ktap_report(judge->ktap, outcome);
    block_lines(judge->block, outcome->block);
    outcome->incomplete = block_lost(judge->block) > 0;
    outcome->hang = judge->limited ? g_strdup(judge->hang) : NULL;
    g_array_unref(outcome->stages);
    outcome->stages = g_array_ref(judge->stages);
}

bool judge_passes(const Judge *judge)
{
    Outcome *outcome = outcome_new();
    find_verdict(judge, outcome);
    bool passes = outcome->verdict == VERDICT_PASS;
    outcome_free(outcome);
    return passes;
}
