// -action: QEMU's words, and what follows on what.
#include "actions.h"
#include "values.h"

// All zeros are the defaults, so a switch of two words is a bool.
static const Word reboot_words[] = { { "reset", false }, { "shutdown", true }, { 0 } };
static const Word shutdown_words[] = { { "poweroff", false }, { "pause", true }, { 0 } };
// exit-failure: a panic has an exit status of its own in any case.
static const Word panic_words[] = { { "shutdown", PANIC_SHUTDOWN }, { "exit-failure", PANIC_SHUTDOWN },
    { "pause", PANIC_PAUSE }, { "none", PANIC_NONE }, { 0 } };
// No "debug": a guest could have lparun write lines without end.
static const Word watchdog_words[] = { { "reset", WATCHDOG_RESET }, { "shutdown", WATCHDOG_SHUTDOWN },
    { "poweroff", WATCHDOG_POWEROFF }, { "inject-nmi", WATCHDOG_INJECT_NMI }, { "pause", WATCHDOG_PAUSE },
    { "none", WATCHDOG_NONE }, { 0 } };

#define KEY(key, table, text)                                                                                \
    {                                                                                                        \
        .name = #key, .type = KEY_WORD, .at = offsetof(Actions, key), .words = table, .help = text           \
    }
static const Key keys[] = {
    KEY(reboot, reboot_words, "when the guest reboots (default reset)"),
    KEY(shutdown, shutdown_words, "when it powers off (default poweroff)"),
    KEY(panic, panic_words, "when it panics (default shutdown)"),
    KEY(watchdog, watchdog_words, "when its watchdog expires (default: what the guest asked for)"),
    { 0 },
};

bool actions_parse(Actions *actions, const char *option, const char *value, GError **error)
{
    g_autoptr(Values) values = values_parse(option, value, NULL, error);
    return values && values_fill(values, keys, actions, error);
}

const char *actions_watchdog_name(WatchdogAction action)
{
    return words_name(watchdog_words, (int)action);
}

static Next next_of_shutdown(const Actions *actions)
{
    return actions->shutdown ? NEXT_PAUSE : NEXT_END;
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

Next actions_next(const Actions *actions, RunEvent event)
{
    switch (event) {
    case RUN_POWER_OFF:
        return next_of_shutdown(actions);
    case RUN_REBOOT:
    case RUN_RESET:
        return actions->reboot ? next_of_shutdown(actions) : NEXT_RESET;
    case RUN_PANICKED:
        return next_of_panic(actions);
    default: // the user's wish, or no vCPU that could go on
        return NEXT_END;
    }
}
