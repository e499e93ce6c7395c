// -action: QEMU's words, and what follows on what.
#include "actions.h"
#include "lparun/error.h"
#include "values.h"
#include <errno.h>
#include <unistd.h>

#define KEY(key, table, text)                                                                                \
    {                                                                                                        \
        .name = #key, .type = KEY_WORD, .at = offsetof(Actions, key), .words = table, .help = text           \
    }
static const Key keys[] = {
    KEY(reboot, actions_reboot_words, "when the guest reboots (default reset)"),
    KEY(shutdown, actions_shutdown_words, "when it powers off (default poweroff)"),
    KEY(panic, actions_panic_words, "when it panics (default shutdown)"),
    KEY(watchdog, actions_watchdog_words, "when its watchdog expires (default: what the guest asked for)"),
    { .name = "dump",
        .type = KEY_TEXT,
        .at = offsetof(Actions, dump),
        .value = "FILE",
        .help = "an ELF core of the guest, written when it panics first, before what follows" },
    { 0 },
};

void actions_clear(Actions *actions)
{
    keys_clear(keys, actions);
}

// A panic would be too late to hear of it, and -daemonize goes to another folder.
static bool check_dump(Actions *actions, const char *option, GError **error)
{
    g_autofree char *given = actions->dump;
    actions->dump = given ? g_canonicalize_filename(given, NULL) : NULL;
    g_autofree char *folder = given ? g_path_get_dirname(actions->dump) : NULL;
    return !folder || access(folder, W_OK) == 0 ||
           error_user(error, "%s dump=%s: %s: %s; give a path where a file can be made", option,
               actions->dump, folder, g_strerror(errno));
}

bool actions_parse(Actions *actions, const char *option, const char *value, GError **error)
{
    g_autoptr(Values) values = values_parse(option, value, NULL, error);
    return values && values_fill(values, keys, actions, error) && check_dump(actions, option, error);
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
