// H_WATCHDOG: what the guest may say of its timers, and when they expire.
#include "lparun/papr.h"
#include "lparun/watchdog.h"
#include "partition.h"

#define START(action) (0x100ULL | (action))
#define STOP 0x200ULL
#define QUERY 0x300ULL
#define QUERY_LPM 0x400ULL
#define LEAVE_OTHERS 0x10000ULL
#define SHORTEST 500 // milliseconds

typedef struct Fixture {
    Partition partition;
    Watchdogs *watchdogs;
    unsigned expired;
    WatchdogExpiry last;
} Fixture;

static void expired(void *owner, WatchdogExpiry what)
{
    Fixture *fixture = owner;
    fixture->expired++;
    fixture->last = what;
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    partition_open(&fixture->partition, 1);
    fixture->watchdogs = watchdogs_new(expired, fixture);
    hypercall_watchdog_register(
        fixture->partition.hypercalls, &(HypercallParts){ .watchdogs = fixture->watchdogs });
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    watchdogs_free(fixture->watchdogs);
    partition_close(&fixture->partition);
}

static int64_t call(Fixture *fixture, uint64_t flags, uint64_t number, uint64_t milliseconds)
{
    return partition_call(&fixture->partition, H_WATCHDOG, flags, number, milliseconds);
}

static gboolean end(gpointer loop)
{
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

// Lets the main loop run.
static void pass(unsigned milliseconds)
{
    GMainLoop *loop = g_main_loop_new(NULL, FALSE);
    g_timeout_add(milliseconds, end, loop);
    g_main_loop_run(loop);
    g_main_loop_unref(loop);
}

static void test_query(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpint(call(fixture, QUERY, 77, 0), ==, H_SUCCESS);
    g_assert_cmphex(fixture->partition.arguments[0], ==, (uint64_t)SHORTEST << 48 | 4ULL << 32);
    g_assert_cmpint(call(fixture, QUERY_LPM, 4, 0), ==, H_SUCCESS);
    g_assert_cmpuint(fixture->partition.arguments[0], ==, 2);
    g_assert_cmpint(call(fixture, QUERY_LPM, 5, 0), ==, H_P2);
    g_assert_cmpint(call(fixture, QUERY_LPM, 0, 0), ==, H_P2);
}

static void test_wrong(Fixture *fixture, gconstpointer data)
{
    static const struct {
        uint64_t flags, number, milliseconds;
        int64_t status;
    } cases[] = {
        { 0, 1, SHORTEST, H_PARAMETER },
        { 0x500, 1, SHORTEST, H_PARAMETER },
        { 0xff00, 1, SHORTEST, H_PARAMETER },
        { START(0), 1, SHORTEST, H_PARAMETER },
        { START(4), 1, SHORTEST, H_PARAMETER },
        { START(0xff), 1, SHORTEST, H_PARAMETER },
        { START(2) | 0x20000, 1, SHORTEST, H_PARAMETER },
        { START(2) | 1ULL << 63, 1, SHORTEST, H_PARAMETER },
        { START(2), 0, SHORTEST, H_P2 },
        { START(2), 5, SHORTEST, H_P2 },
        { START(2), UINT64_MAX, SHORTEST, H_P2 },
        { START(2), 1ULL << 32 | 1, SHORTEST, H_P2 },
        { START(2), 1, SHORTEST - 1, H_P3 },
        { START(2), 1, 0, H_P3 },
        { STOP, 0, 0, H_P2 },
        { STOP, 5, 0, H_P2 },
        { STOP, UINT64_MAX - 1, 0, H_P2 },
        { STOP, 1, 0, H_NOOP },
        { STOP, UINT64_MAX, 0, H_NOOP },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(
            call(fixture, cases[i].flags, cases[i].number, cases[i].milliseconds), ==, cases[i].status);
    pass(SHORTEST + 100);
    g_assert_cmpuint(fixture->expired, ==, 0);
}

// The longest timeouts are never, and do not come round.
static void test_stop(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpint(call(fixture, START(2), 1, UINT64_MAX), ==, H_SUCCESS);
    g_assert_cmpint(call(fixture, START(2), 2, INT64_MAX / 1000 + 1), ==, H_SUCCESS);
    g_assert_cmpint(call(fixture, START(2), 4, SHORTEST), ==, H_SUCCESS);
    g_assert_cmpint(call(fixture, STOP, 4, 0), ==, H_SUCCESS);
    g_assert_cmpint(call(fixture, STOP, 4, 0), ==, H_NOOP);
    pass(SHORTEST + 100);
    g_assert_cmpuint(fixture->expired, ==, 0);
    g_assert_cmpint(call(fixture, STOP, UINT64_MAX, 0), ==, H_SUCCESS);
    g_assert_cmpint(call(fixture, STOP, 1, 0), ==, H_NOOP);
    g_assert_cmpint(call(fixture, STOP, 2, 0), ==, H_NOOP);
}

// A timer expires once; the others stop with it, unless they are to be left.
static void test_expiry(Fixture *fixture, gconstpointer data)
{
    call(fixture, START(WATCHDOG_RESTART_DUMP), 3, SHORTEST);
    call(fixture, START(WATCHDOG_RESTART_HARD), 1, UINT64_MAX);
    while (fixture->expired == 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpint(fixture->last, ==, WATCHDOG_RESTART_DUMP);
    g_assert_cmpint(call(fixture, STOP, UINT64_MAX, 0), ==, H_NOOP);
    call(fixture, START(WATCHDOG_POWER_OFF_HARD) | LEAVE_OTHERS, 4, SHORTEST);
    call(fixture, START(WATCHDOG_RESTART_HARD), 1, UINT64_MAX);
    while (fixture->expired == 1)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpint(fixture->last, ==, WATCHDOG_POWER_OFF_HARD);
    g_assert_cmpint(call(fixture, STOP, 4, 0), ==, H_NOOP);
    g_assert_cmpint(call(fixture, STOP, 1, 0), ==, H_SUCCESS);
    pass(SHORTEST + 100);
    g_assert_cmpuint(fixture->expired, ==, 2);
}

// A start before the end moves it; a reset stops everything.
static void test_again(Fixture *fixture, gconstpointer data)
{
    call(fixture, START(2), 1, SHORTEST);
    call(fixture, START(2), 1, 100 * SHORTEST);
    pass(SHORTEST + 100);
    g_assert_cmpuint(fixture->expired, ==, 0);
    watchdogs_reset(fixture->watchdogs);
    g_assert_cmpint(call(fixture, STOP, UINT64_MAX, 0), ==, H_NOOP);
}

// While the machine is held no time passes, and a stop holds good.
static void test_held(Fixture *fixture, gconstpointer data)
{
    gint64 started = g_get_monotonic_time();
    call(fixture, START(3), 2, SHORTEST);
    call(fixture, START(3), 1, SHORTEST);
    watchdogs_hold(fixture->watchdogs);
    gint64 held = g_get_monotonic_time();
    watchdogs_hold(fixture->watchdogs);
    pass(2 * SHORTEST);
    g_assert_cmpuint(fixture->expired, ==, 0);
    g_assert_cmpint(call(fixture, STOP, 1, 0), ==, H_SUCCESS);
    gint64 released = g_get_monotonic_time();
    watchdogs_release(fixture->watchdogs);
    while (fixture->expired == 0)
        g_main_context_iteration(NULL, TRUE);
    gint64 ran = held - started + g_get_monotonic_time() - released;
    g_assert_cmpint(ran, >=, SHORTEST * 1000); // microseconds
    g_assert_cmpint(call(fixture, STOP, UINT64_MAX, 0), ==, H_NOOP);
    watchdogs_release(fixture->watchdogs); // of nothing
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/watchdog/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("query", test_query);
    ADD("wrong", test_wrong);
    ADD("stop", test_stop);
    ADD("expiry", test_expiry);
    ADD("again", test_again);
    ADD("held", test_held);
    return g_test_run();
}
