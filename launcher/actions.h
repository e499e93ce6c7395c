// What follows when the guest powers off, reboots or panics, or when its watchdog expires: QEMU's -action.
#pragma once
#include "lparun/run.h"
#include "lparun/words.h"
#include <glib.h>
#include <stdbool.h>

typedef enum { PANIC_SHUTDOWN, PANIC_PAUSE, PANIC_NONE } PanicAction;

typedef enum {
    WATCHDOG_AS_ASKED, // what the guest wanted when it started its watchdog
    WATCHDOG_RESET,
    WATCHDOG_SHUTDOWN, // the power button
    WATCHDOG_POWEROFF,
    WATCHDOG_INJECT_NMI,
    WATCHDOG_PAUSE,
    WATCHDOG_NONE,
} WatchdogAction;

// All zeros is the default.
typedef struct Actions {
    int reboot;   // true: reboot=shutdown
    int shutdown; // true: shutdown=pause
    PanicAction panic;
    WatchdogAction watchdog;
    char *dump; // path of a core that is written at the first panic, or NULL
} Actions;

extern const Word actions_reboot_words[], actions_shutdown_words[], actions_panic_words[],
    actions_watchdog_words[];

// Takes "reboot=...,shutdown=...,panic=...,watchdog=...,dump=..." of `option`; what is not named stays. False
// and `error`: one line.
bool actions_parse(Actions *actions, const char *option, const char *value, GError **error);
void actions_clear(Actions *actions);
// QEMU's word for it.
const char *actions_watchdog_name(WatchdogAction action);

typedef enum {
    NEXT_END,
    NEXT_RESET,
    NEXT_PAUSE, // all stands still, for the monitor to look at, to reset, or to quit
    NEXT_GO_ON,
} Next;

Next actions_next(const Actions *actions, RunEvent event);
