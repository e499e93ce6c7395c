// Whatever a guest writes to its console, and however it comes in pieces: the verdict that one line of it
// makes is not lost, and no other comes.
//
// The program makes its own consoles, from a fixed start: noise of bytes, escape sequences and lines that
// look alarming, with one line in between that decides.
#include "console.h"
#include "judge.h"
#include <string.h>

#define ROUNDS 4000

typedef struct Kind {
    const char *line;
    Verdict verdict;
} Kind;

static const Kind kinds[] = {
    { "Welcome to the guest", VERDICT_PASS },
    { "[    1.234567][    T1] Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b",
        VERDICT_PANICKED },
    { "[   12.000000] BUG: Unable to handle kernel data access on write at 0xc00000000bad0000",
        VERDICT_OOPSED },
    { "watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [cat:77]", VERDICT_LOCKED_UP },
    { "( 700 ) Program Exception [ 3f2a0 ]", VERDICT_FIRMWARE_ERROR },
    { "You are in emergency mode. After logging in, type", VERDICT_STUCK_AT_PROMPT },
    { "nothing at all", VERDICT_FAIL },
};

// What comes before and after: it shall change nothing.
static const char *const noise[] = { "\x1b[2J\x1b[1;31mred\x1b[0m", "\x1b]0;title\x07", "\x1b]0;no end of it",
    "\x1b[", "\x1b", "\xff\xfe\xc3", "a\bb", "[  OK  ] Started a thing", "E3404: Not a bootable device!",
    "INFO: lockdep is turned off.", "no BUG: here", "\r\r\r", "\t", "ok", "1..2", "# comment",
    "** 12 printk messages dropped **", "<6>[    0.000000] Linux version 6.12", "SLOF **** " };

typedef struct Guest {
    Console *console;
    Script *script;
    Judge *judge;
} Guest;

static void on_line(void *owner, const char *line, gint64 at)
{
    Guest *guest = owner;
    g_assert_true(g_utf8_validate(line, -1, NULL));
    judge_line(guest->judge, line, 1);
    script_line(guest->script, line);
}

static bool act(void *owner, const Step *step)
{
    return true;
}

static void say(Guest *guest, const char *bytes, gsize length)
{
    console_take(guest->console, bytes, length);
    const char *partial = console_partial(guest->console);
    g_assert_true(g_utf8_validate(partial, -1, NULL));
    judge_partial(guest->judge, partial, 1);
    script_partial(guest->script, partial);
}

static void add_noise(GRand *rand, GString *text)
{
    for (int i = g_rand_int_range(rand, 0, 12); i > 0; i--) {
        if (g_rand_boolean(rand))
            g_string_append(text, noise[g_rand_int_range(rand, 0, G_N_ELEMENTS(noise))]);
        for (int j = g_rand_int_range(rand, 0, 40); j > 0; j--)
            g_string_append_c(text, (char)g_rand_int_range(rand, 0, 256));
        g_string_append_c(text, '\n');
    }
}

static GString *make_console(GRand *rand, const Kind *kind)
{
    GString *text = g_string_new(NULL);
    add_noise(rand, text);
    g_string_append(text, kind->line);
    g_string_append(text, g_rand_boolean(rand) ? "\r\n" : "\n");
    add_noise(rand, text);
    return text;
}

static Verdict verdict_on(GRand *rand, const Boot *boot, const GString *text)
{
    Guest guest = { 0 };
    guest.console = console_new(on_line, &guest);
    guest.script = script_new(boot, act, NULL);
    guest.judge = judge_new(boot, guest.script);
    for (gsize at = 0, piece; at < text->len; at += piece) {
        piece = (gsize)g_rand_int_range(rand, 1, 30);
        piece = MIN(piece, text->len - at);
        say(&guest, text->str + at, piece);
    }
    console_end(guest.console);
    judge_end(guest.judge, 0, "");
    Outcome *outcome = outcome_new();
    judge_fill(guest.judge, outcome);
    g_assert_true(outcome->reason && g_utf8_validate(outcome->reason, -1, NULL));
    Verdict verdict = outcome->verdict;
    outcome_free(outcome);
    judge_free(guest.judge);
    script_free(guest.script);
    console_free(guest.console);
    return verdict;
}

int main(void)
{
    GRand *rand = g_rand_new_with_seed(12);
    Boot *boot = boot_new("fuzzed");
    Step *step = g_new0(Step, 1);
    *step = (Step){ .name = g_strdup("1"), .kind = STEP_EXPECT, .text = g_strdup("Welcome to the guest") };
    step->regex = g_regex_new(step->text, 0, 0, NULL);
    g_ptr_array_add(boot->steps, step);
    for (unsigned round = 0; round < ROUNDS; round++) {
        const Kind *kind = &kinds[round % G_N_ELEMENTS(kinds)];
        GString *text = make_console(rand, kind);
        Verdict verdict = verdict_on(rand, boot, text);
        if (verdict != kind->verdict)
            g_error("round %u: %s, and not %s, of:\n%s", round, words_name(verdict_words, (int)verdict),
                words_name(verdict_words, (int)kind->verdict), text->str);
        g_string_free(text, TRUE);
    }
    boot_free(boot);
    g_rand_free(rand);
    return 0;
}
