// H_WATCHDOG (PAPR 2.13, 14.15.6; the layout is in Linux' drivers/watchdog/pseries-wdt.c): timers that a
// guest starts again and again while it is well.
//
// The timers are sources of the main loop, made once: a call only moves a deadline. They stand still while
// the machine is held.
#include "lparun/hypercall.h"
#include "lparun/papr.h"
#include "lparun/watchdog.h"

// r4: operation and action, and what happens to the other timers when this one expires.
#define FLAG_LEAVE_OTHERS (1ULL << 16)
#define FLAG_OPERATION 0xff00ULL
#define FLAG_ACTION 0xffULL
#define FLAG_RESERVED (~(FLAG_LEAVE_OTHERS | FLAG_OPERATION | FLAG_ACTION))

enum {
    OPERATION_START = 0x100,
    OPERATION_STOP = 0x200,
    OPERATION_QUERY = 0x300,
    OPERATION_QUERY_LPM = 0x400
};

// The query's answer: bits 0:15 the shortest timeout, 16:31 the number of timers.
#define QUERY_SHORTEST_SHIFT 48
#define QUERY_TIMERS_SHIFT 32
#define LPM_NEED_NOT_STOP 2 // a timer does not hinder a migration

#define ALL_TIMERS UINT64_MAX // in r5, of stop
#define SHORTEST 500ULL       // milliseconds: a guest cannot have a monitor told of more than that
#define LONGEST (1ULL << 40)  // milliseconds, some 35 years; more is the same
#define MICROSECONDS 1000     // of a millisecond
#define IDLE (-1)             // GSource's word for no deadline

typedef struct Timer {
    GSource source; // its ready time is the deadline, in microseconds of the monotonic clock
    Watchdogs *watchdogs;
    unsigned index;
} Timer;

struct Watchdogs {
    void (*expired)(void *owner, WatchdogExpiry what);
    void *owner;
    Timer *timers[WATCHDOG_TIMERS];
    GMutex lock; // guards what follows
    struct {
        gint64 deadline; // or IDLE
        WatchdogExpiry expiry;
        bool leaves_others;
    } state[WATCHDOG_TIMERS];
    gint64 held_at; // or IDLE
};

// Under the lock.
static void set_deadline(Watchdogs *watchdogs, unsigned index, gint64 deadline)
{
    watchdogs->state[index].deadline = deadline;
    g_source_set_ready_time(&watchdogs->timers[index]->source, deadline);
}

// Under the lock. Whether it ran.
static bool stop(Watchdogs *watchdogs, unsigned index)
{
    bool ran = watchdogs->state[index].deadline != IDLE;
    if (ran)
        set_deadline(watchdogs, index, IDLE);
    return ran;
}

static bool stop_all(Watchdogs *watchdogs)
{
    bool any = false;
    for (unsigned i = 0; i < WATCHDOG_TIMERS; i++)
        any = stop(watchdogs, i) || any;
    return any;
}

// A GSource's dispatch. A deadline that moved meanwhile is not reached.
static gboolean on_deadline(GSource *source, GSourceFunc callback, gpointer data)
{
    const Timer *timer = (const Timer *)source;
    Watchdogs *watchdogs = timer->watchdogs;
    g_mutex_lock(&watchdogs->lock);
    gint64 deadline = watchdogs->state[timer->index].deadline;
    bool expired = deadline != IDLE && watchdogs->held_at == IDLE && deadline <= g_get_monotonic_time();
    WatchdogExpiry expiry = watchdogs->state[timer->index].expiry;
    if (expired) {
        stop(watchdogs, timer->index);
        if (!watchdogs->state[timer->index].leaves_others)
            stop_all(watchdogs);
    }
    g_mutex_unlock(&watchdogs->lock);
    if (expired)
        watchdogs->expired(watchdogs->owner, expiry);
    return G_SOURCE_CONTINUE;
}

Watchdogs *watchdogs_new(void (*expired)(void *owner, WatchdogExpiry what), void *owner)
{
    static GSourceFuncs functions = { .dispatch = on_deadline };
    Watchdogs *watchdogs = g_new0(Watchdogs, 1);
    watchdogs->expired = expired;
    watchdogs->owner = owner;
    watchdogs->held_at = IDLE;
    g_mutex_init(&watchdogs->lock);
    for (unsigned i = 0; i < WATCHDOG_TIMERS; i++) {
        Timer *timer = (Timer *)g_source_new(&functions, sizeof(Timer));
        timer->watchdogs = watchdogs;
        timer->index = i;
        watchdogs->timers[i] = timer;
        watchdogs->state[i].deadline = IDLE;
        g_source_attach(&timer->source, NULL);
    }
    return watchdogs;
}

void watchdogs_free(Watchdogs *watchdogs)
{
    if (!watchdogs)
        return;
    for (unsigned i = 0; i < WATCHDOG_TIMERS; i++) {
        g_source_destroy(&watchdogs->timers[i]->source);
        g_source_unref(&watchdogs->timers[i]->source);
    }
    g_mutex_clear(&watchdogs->lock);
    g_free(watchdogs);
}

void watchdogs_reset(Watchdogs *watchdogs)
{
    g_mutex_lock(&watchdogs->lock);
    stop_all(watchdogs);
    g_mutex_unlock(&watchdogs->lock);
}

void watchdogs_hold(Watchdogs *watchdogs)
{
    g_mutex_lock(&watchdogs->lock);
    if (watchdogs->held_at == IDLE)
        watchdogs->held_at = g_get_monotonic_time();
    for (unsigned i = 0; i < WATCHDOG_TIMERS; i++)
        g_source_set_ready_time(&watchdogs->timers[i]->source, IDLE);
    g_mutex_unlock(&watchdogs->lock);
}

void watchdogs_release(Watchdogs *watchdogs)
{
    g_mutex_lock(&watchdogs->lock);
    gint64 held = watchdogs->held_at == IDLE ? 0 : g_get_monotonic_time() - watchdogs->held_at;
    watchdogs->held_at = IDLE;
    for (unsigned i = 0; i < WATCHDOG_TIMERS; i++)
        if (watchdogs->state[i].deadline != IDLE)
            set_deadline(watchdogs, i, watchdogs->state[i].deadline + held);
    g_mutex_unlock(&watchdogs->lock);
}

// --- The call: r4 flags, r5 the timer's number from 1 on, r6 milliseconds.

static int64_t start_timer(Watchdogs *watchdogs, const uint64_t arguments[9])
{
    uint64_t flags = arguments[0], number = arguments[1], milliseconds = arguments[2];
    uint64_t action = flags & FLAG_ACTION;
    if (action < WATCHDOG_POWER_OFF_HARD || action > WATCHDOG_RESTART_DUMP)
        return H_PARAMETER;
    if (number < 1 || number > WATCHDOG_TIMERS)
        return H_P2;
    if (milliseconds < SHORTEST)
        return H_P3;
    gint64 timeout = (gint64)MIN(milliseconds, LONGEST) * MICROSECONDS;
    g_mutex_lock(&watchdogs->lock);
    watchdogs->state[number - 1].expiry = (WatchdogExpiry)action;
    watchdogs->state[number - 1].leaves_others = flags & FLAG_LEAVE_OTHERS;
    set_deadline(watchdogs, (unsigned)number - 1, g_get_monotonic_time() + timeout);
    g_mutex_unlock(&watchdogs->lock);
    return H_SUCCESS;
}

static int64_t stop_timer(Watchdogs *watchdogs, uint64_t number)
{
    if (number != ALL_TIMERS && (number < 1 || number > WATCHDOG_TIMERS))
        return H_P2;
    g_mutex_lock(&watchdogs->lock);
    bool ran = number == ALL_TIMERS ? stop_all(watchdogs) : stop(watchdogs, (unsigned)number - 1);
    g_mutex_unlock(&watchdogs->lock);
    return ran ? H_SUCCESS : H_NOOP;
}

static int64_t watchdog(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    uint64_t flags = arguments[0], number = arguments[1];
    if (flags & FLAG_RESERVED)
        return H_PARAMETER;
    switch (flags & FLAG_OPERATION) {
    case OPERATION_START:
        return start_timer(owner, arguments);
    case OPERATION_STOP:
        return stop_timer(owner, number);
    case OPERATION_QUERY:
        arguments[0] = SHORTEST << QUERY_SHORTEST_SHIFT | (uint64_t)WATCHDOG_TIMERS << QUERY_TIMERS_SHIFT;
        return H_SUCCESS;
    case OPERATION_QUERY_LPM:
        if (number < 1 || number > WATCHDOG_TIMERS)
            return H_P2;
        arguments[0] = LPM_NEED_NOT_STOP;
        return H_SUCCESS;
    default:
        return H_PARAMETER;
    }
}

void hypercall_watchdog_register(HypercallTable *table, const HypercallParts *parts)
{
    hypercall_register(table, H_WATCHDOG, "H_WATCHDOG", watchdog, parts->watchdogs);
    hypercall_announce(table, "hcall-watchdog");
}

// --- The part.

static bool hold_part(void *part)
{
    watchdogs_hold(part);
    return true;
}

static void release_part(void *part)
{
    watchdogs_release(part);
}

static bool reset_part(void *part, GError **error)
{
    watchdogs_reset(part);
    return true;
}

static void free_part(void *part)
{
    watchdogs_free(part);
}

const PartOps watchdogs_part = {
    .kind = "watchdogs", .hold = hold_part, .release = release_part, .reset = reset_part, .free = free_part
};
