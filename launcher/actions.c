// -action: QEMU's words, and what follows on what.
#include "actions.h"
#include "values.h"

#define KEY(key, table, text)                                                                                \
    {                                                                                                        \
        .name = #key, .type = KEY_WORD, .at = offsetof(Actions, key), .words = table, .help = text           \
    }
static const Key keys[] = {
    KEY(reboot, actions_reboot_words, "when the guest reboots (default reset)"),
    KEY(shutdown, actions_shutdown_words, "when it powers off (default poweroff)"),
    KEY(panic, actions_panic_words, "when it panics (default shutdown)"),
    KEY(watchdog, actions_watchdog_words, "when its watchdog expires (default: what the guest asked for)"),
    { 0 },
};

bool actions_parse(Actions *actions, const char *option, const char *value, GError **error)
{
    g_autoptr(Values) values = values_parse(option, value, NULL, error);
    return values && values_fill(values, keys, actions, error);
}

const char *actions_watchdog_name(WatchdogAction action)
{
    return words_name(actions_watchdog_words, (int)action);
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
    case RUN_DEBUG:
        return NEXT_GO_ON;
    default: // the user's wish, or no vCPU that could go on
        return NEXT_END;
    }
}
