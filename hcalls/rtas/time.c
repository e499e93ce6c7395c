// RTAS time of day (LoPAR 7.3.2), and the clock behind it. The calls' time is UTC, or what -rtc says.
#include "lparun/papr.h"
#include "lparun/rtas.h"
#include "lparun/rtas_clock.h"

// The guest's time is that of its source plus `ahead`, both in microseconds. It outlives resets.
struct RtasClock {
    ClockSource source;
    gint64 ahead;   // atomic: vCPUs set and read it
    gint64 held;    // microseconds for which the machine was held; like `held_at` written while no vCPU runs
    gint64 held_at; // of the monotonic clock, or 0
    gint64 first;   // `ahead` as it was at the start
    void (*changed)(void *owner, gint64 seconds);
    void *owner;
    int is_telling; // atomic: a source is there, whose thread alone touches the next one
    gint64 told_at; // of the monotonic clock
};

#define TELL_AGAIN G_USEC_PER_SEC // between two times that a change is told

static gint64 source_time(const RtasClock *clock)
{
    switch (clock->source) {
    case CLOCK_OF_HOST:
        return g_get_real_time();
    case CLOCK_STEADY:
        return g_get_monotonic_time();
    default: {
        gint64 now = clock->held_at ? clock->held_at : g_get_monotonic_time();
        return now - clock->held;
    }
    }
}

static gint64 now_of(const RtasClock *clock)
{
    return source_time(clock) + __atomic_load_n(&clock->ahead, __ATOMIC_RELAXED);
}

static gboolean tell(gpointer data)
{
    RtasClock *clock = data;
    clock->told_at = g_get_monotonic_time();
    __atomic_store_n(&clock->is_telling, false, __ATOMIC_SEQ_CST); // before the time is read
    gint64 ahead = __atomic_load_n(&clock->ahead, __ATOMIC_SEQ_CST);
    clock->changed(clock->owner, (ahead - clock->first) / G_USEC_PER_SEC);
    return G_SOURCE_REMOVE;
}

// On the main loop, as soon as may be.
static void tell_later(RtasClock *clock)
{
    if (!clock->changed || __atomic_exchange_n(&clock->is_telling, true, __ATOMIC_SEQ_CST))
        return;
    gint64 wait = clock->told_at ? clock->told_at + TELL_AGAIN - g_get_monotonic_time() : 0;
    g_timeout_add((guint)(MAX(wait, 0) / 1000), tell, clock);
}

void rtas_clock_watch(RtasClock *clock, void (*changed)(void *owner, gint64 seconds), void *owner)
{
    if (clock->is_telling)
        g_source_remove_by_user_data(clock);
    clock->is_telling = false;
    clock->changed = changed;
    clock->owner = owner;
}

static void set(RtasClock *clock, gint64 now)
{
    __atomic_store_n(&clock->ahead, now - source_time(clock), __ATOMIC_RELAXED);
}

RtasClock *rtas_clock_new(const ClockSetup *setup)
{
    RtasClock *clock = g_new0(RtasClock, 1);
    clock->source = setup->source;
    if (setup->base == CLOCK_FROM_DATE) {
        set(clock, setup->date * G_USEC_PER_SEC);
    } else {
        g_autoptr(GDateTime) local = g_date_time_new_now_local();
        set(clock,
            g_get_real_time() + (setup->base == CLOCK_FROM_LOCAL ? g_date_time_get_utc_offset(local) : 0));
    }
    clock->first = clock->ahead;
    return clock;
}

void rtas_clock_free(RtasClock *clock)
{
    if (clock)
        rtas_clock_watch(clock, NULL, NULL);
    g_free(clock);
}

void rtas_clock_hold(RtasClock *clock)
{
    if (!clock->held_at)
        clock->held_at = g_get_monotonic_time();
}

void rtas_clock_release(RtasClock *clock)
{
    if (clock->held_at)
        clock->held += g_get_monotonic_time() - clock->held_at;
    clock->held_at = 0;
}

static int32_t get_time_of_day(void *owner, Vcpu *vcpu, RtasCall *call)
{
    gint64 now = now_of(owner), fraction = now % G_USEC_PER_SEC;
    if (fraction < 0) // before 1970
        fraction += G_USEC_PER_SEC;
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc((now - fraction) / G_USEC_PER_SEC);
    if (!date) // a guest set a year that no calendar has
        return RTAS_HARDWARE_ERROR;
    const int fields[] = { g_date_time_get_year(date), g_date_time_get_month(date),
        g_date_time_get_day_of_month(date), g_date_time_get_hour(date), g_date_time_get_minute(date),
        g_date_time_get_second(date), (int)(fraction * 1000) };
    for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++)
        call->output[1 + i] = (uint32_t)fields[i];
    return RTAS_SUCCESS;
}

static int32_t set_time_of_day(void *owner, Vcpu *vcpu, RtasCall *call)
{
    for (unsigned i = 0; i < 6; i++)
        if (call->input[i] > 9999)
            return RTAS_PARAMETER_ERROR;
    g_autoptr(GDateTime) date = g_date_time_new_utc((int)call->input[0], (int)call->input[1],
        (int)call->input[2], (int)call->input[3], (int)call->input[4], call->input[5]);
    if (!date)
        return RTAS_PARAMETER_ERROR;
    set(owner, g_date_time_to_unix(date) * G_USEC_PER_SEC);
    tell_later(owner);
    return RTAS_SUCCESS;
}

void rtas_clock_register(RtasTable *table, const RtasParts *parts)
{
    RtasClock *clock = parts->clock;
    rtas_register(table, 0x2004, "get-time-of-day", 0, 8, get_time_of_day, clock);
    rtas_register(table, 0x2005, "set-time-of-day", 7, 1, set_time_of_day, clock);
}

static bool hold_part(void *part)
{
    rtas_clock_hold(part);
    return true;
}

static void release_part(void *part)
{
    rtas_clock_release(part);
}

static void free_part(void *part)
{
    rtas_clock_free(part);
}

const PartOps rtas_clock_part = {
    .kind = "clock", .hold = hold_part, .release = release_part, .free = free_part
};
