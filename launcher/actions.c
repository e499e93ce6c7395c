// -action: QEMU's words, and what follows on what.
#include "actions.h"
#include "key_values.h"
#include "lparun/error.h"
#include <string.h>

typedef struct Word {
    const char *word;
    int value;
} Word;

// Ends with a word of NULL.
static const Word reboot_words[] = { { "reset", false }, { "shutdown", true }, { 0 } };
static const Word shutdown_words[] = { { "poweroff", false }, { "pause", true }, { 0 } };
// exit-failure: a panic has an exit status of its own in any case.
static const Word panic_words[] = { { "shutdown", PANIC_SHUTDOWN }, { "exit-failure", PANIC_SHUTDOWN },
    { "pause", PANIC_PAUSE }, { "none", PANIC_NONE }, { 0 } };
// No "debug": a guest could have lparun write lines without end.
static const Word watchdog_words[] = { { "reset", WATCHDOG_RESET }, { "shutdown", WATCHDOG_SHUTDOWN },
    { "poweroff", WATCHDOG_POWEROFF }, { "inject-nmi", WATCHDOG_INJECT_NMI }, { "pause", WATCHDOG_PAUSE },
    { "none", WATCHDOG_NONE }, { 0 } };

static bool wrong_word(
    const char *option, const char *key, const char *text, const Word *words, GError **error)
{
    g_autoptr(GString) list = g_string_new(NULL);
    for (const Word *word = words; word->word; word++)
        g_string_append_printf(list, "%s%s", word == words ? "" : word[1].word ? ", " : " or ", word->word);
    return error_user(error, "%s %s=%s: lparun has not that one; give %s", option, key, text, list->str);
}

// `value` stays where the key is not there.
static bool take(
    KeyValues *values, const char *option, const char *key, const Word *words, int *value, GError **error)
{
    const char *text = key_values_take(values, key);
    if (!text)
        return true;
    for (const Word *word = words; word->word; word++)
        if (strcmp(word->word, text) == 0) {
            *value = word->value;
            return true;
        }
    return wrong_word(option, key, text, words, error);
}

bool actions_parse(Actions *actions, const char *option, const char *value, GError **error)
{
    int reboot = actions->reboot_ends, shutdown = actions->shutdown_pauses;
    int panic = (int)actions->panic, watchdog = (int)actions->watchdog;
    g_autoptr(KeyValues) values = key_values_parse(option, value, NULL, error);
    if (!values || !take(values, option, "reboot", reboot_words, &reboot, error) ||
        !take(values, option, "shutdown", shutdown_words, &shutdown, error) ||
        !take(values, option, "panic", panic_words, &panic, error) ||
        !take(values, option, "watchdog", watchdog_words, &watchdog, error) ||
        !key_values_finish(values, "reboot=, shutdown=, panic= and watchdog=", error))
        return false;
    *actions = (Actions){ reboot, shutdown, (PanicAction)panic, (WatchdogAction)watchdog };
    return true;
}

static Next next_of_shutdown(const Actions *actions)
{
    return actions->shutdown_pauses ? NEXT_PAUSE : NEXT_END;
}

// As in QEMU, shutdown=pause holds for a panic, too.
static Next next_of_panic(const Actions *actions)
{
    switch (actions->panic) {
    case PANIC_PAUSE:
        return NEXT_PAUSE;
    case PANIC_NONE:
        return NEXT_GO_ON;
    default:
        return next_of_shutdown(actions);
    }
}

Next actions_next(const Actions *actions, MachineEvent event)
{
    switch (event) {
    case MACHINE_POWER_OFF:
        return next_of_shutdown(actions);
    case MACHINE_REBOOT:
    case MACHINE_RESET:
        return actions->reboot_ends ? next_of_shutdown(actions) : NEXT_RESET;
    case MACHINE_PANICKED:
        return next_of_panic(actions);
    default: // the user's wish, or no vCPU that could go on
        return NEXT_END;
    }
}
