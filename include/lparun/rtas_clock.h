// get-time-of-day and set-time-of-day (hcalls/rtas/time.c): the guest's clock.
#pragma once
#include "lparun/part.h"
#include "lparun/rtas.h"

typedef struct RtasClock RtasClock;
typedef enum { CLOCK_FROM_UTC, CLOCK_FROM_LOCAL, CLOCK_FROM_DATE } ClockBase;
typedef enum {
    CLOCK_OF_HOST,    // and its jumps
    CLOCK_STEADY,     // the time that passes on the host
    CLOCK_OF_MACHINE, // the same, without what passes while the machine is held
} ClockSource;
// All zeros: UTC, driven by the host's clock.
typedef struct ClockSetup {
    ClockBase base;
    ClockSource source;
    gint64 date; // FROM_DATE: seconds since 1970
} ClockSetup;
// What the guest sets it to holds until the end of the run, through resets.
RtasClock *rtas_clock_new(const ClockSetup *setup);
void rtas_clock_free(RtasClock *clock);
extern const PartOps rtas_clock_part;
// From now on `changed` is called when the guest has set it, on the default main context, at most once a
// second: `seconds` is how far the clock is from what it would say had it never been set. NULL: not any more.
// While no vCPU runs.
void rtas_clock_watch(RtasClock *clock, void (*changed)(void *owner, gint64 seconds), void *owner);
// While no vCPU is in the guest, from the main thread.
void rtas_clock_hold(RtasClock *clock);
void rtas_clock_release(RtasClock *clock);
