// H_WATCHDOG (hcalls/watchdog.c): the guest's timers.
#pragma once
#include "lparun/part.h"
#include "lparun/hypercall.h"

typedef struct Watchdogs Watchdogs;
#define WATCHDOG_TIMERS 4
// What the guest wants of a timer that expires; PAPR's numbers.
typedef enum {
    WATCHDOG_POWER_OFF_HARD = 1,
    WATCHDOG_RESTART_HARD,
    WATCHDOG_RESTART_DUMP, // a system reset interrupt, for the guest to dump itself
} WatchdogExpiry;
// `expired` is called on the main loop's thread, as all of this but the hypercall is.
Watchdogs *watchdogs_new(void (*expired)(void *owner, WatchdogExpiry what), void *owner);
void watchdogs_free(Watchdogs *watchdogs);
extern const PartOps watchdogs_part;
// Stops all timers.
void watchdogs_reset(Watchdogs *watchdogs);
// While no vCPU is in the guest its timers stand still: what they had left they have left after the release.
void watchdogs_hold(Watchdogs *watchdogs);
void watchdogs_release(Watchdogs *watchdogs);
