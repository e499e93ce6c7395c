// The words of -action and of set-action.
#include "actions.h"

// All zeros are the defaults, so a switch of two words is a bool.
const Word actions_reboot_words[] = { { "reset", false }, { "shutdown", true }, { 0 } };
const Word actions_shutdown_words[] = { { "poweroff", false }, { "pause", true }, { 0 } };
// exit-failure: a panic has an exit status of its own in any case.
const Word actions_panic_words[] = { { "shutdown", PANIC_SHUTDOWN }, { "exit-failure", PANIC_SHUTDOWN },
    { "pause", PANIC_PAUSE }, { "none", PANIC_NONE }, { 0 } };
// No "debug": a guest could have lparun write lines without end.
const Word actions_watchdog_words[] = { { "reset", WATCHDOG_RESET }, { "shutdown", WATCHDOG_SHUTDOWN },
    { "poweroff", WATCHDOG_POWEROFF }, { "inject-nmi", WATCHDOG_INJECT_NMI }, { "pause", WATCHDOG_PAUSE },
    { "none", WATCHDOG_NONE }, { 0 } };
