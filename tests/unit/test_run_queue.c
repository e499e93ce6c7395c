// What is asked of the main thread: the order, what counts once, what a reset forgets.
#include "run_queue.h"
#include "partition.h"

typedef struct Fixture {
    Partition partition;
    RunQueue *queue;
    RunAsk ask;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    partition_open(&fixture->partition, 1);
    fixture->queue = run_queue_new(fixture->partition.vcpus);
    fixture->ask = run_queue_ask(fixture->queue);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    run_queue_free(fixture->queue);
    partition_close(&fixture->partition);
}

static void ask(Fixture *fixture, RunEvent event, const char *text)
{
    fixture->ask.ask(fixture->ask.owner, event, text);
}

static void assert_next(Fixture *fixture, RunEvent event, const char *text)
{
    const RunRequest *next = run_queue_await(fixture->queue);
    g_assert_cmpint(next->event, ==, event);
    g_assert_cmpstr(next->text, ==, text);
}

static gboolean ask_to_quit(gpointer fixture)
{
    ask(fixture, RUN_QUIT, NULL);
    return G_SOURCE_REMOVE;
}

// Nothing else waits: so the main loop is served until its source asks.
static void assert_no_more(Fixture *fixture)
{
    g_timeout_add(10, ask_to_quit, fixture);
    assert_next(fixture, RUN_QUIT, NULL);
}

// What cannot be done yet comes again, behind the user's wishes, until a reset forgets it.
static void test_repeat(Fixture *fixture, gconstpointer data)
{
    ask(fixture, RUN_FAILED, "first");
    for (unsigned i = 0; i < 3; i++) {
        assert_next(fixture, RUN_FAILED, "first");
        run_queue_repeat(fixture->queue);
    }
    ask(fixture, RUN_QUIT, NULL);
    assert_next(fixture, RUN_QUIT, NULL);
    assert_next(fixture, RUN_FAILED, "first");
    run_queue_repeat(fixture->queue);
    run_queue_reset(fixture->queue);
    assert_no_more(fixture);
    ask(fixture, RUN_FAILED, "left");
    assert_next(fixture, RUN_FAILED, "left");
    run_queue_repeat(fixture->queue);
}

// One of each; the user comes first.
static void test_order(Fixture *fixture, gconstpointer data)
{
    ask(fixture, RUN_FAILED, "first");
    ask(fixture, RUN_REBOOT, NULL);
    ask(fixture, RUN_FAILED, "second");
    ask(fixture, RUN_SIGNAL, NULL);
    assert_next(fixture, RUN_SIGNAL, NULL);
    assert_next(fixture, RUN_FAILED, "first");
    assert_next(fixture, RUN_REBOOT, NULL);
    assert_no_more(fixture);
    ask(fixture, RUN_FAILED, "once more");
    assert_next(fixture, RUN_FAILED, "once more");
}

static bool runs(Fixture *fixture)
{
    Vcpu *vcpu = vcpu_set_at(fixture->partition.vcpus, 0);
    return vcpu_start(vcpu, &(VcpuEntry){ .pc = 0x100 }) && fake_vcpu_wait_idle(vcpu_kvm(vcpu));
}

// While a panic waits to be served another vCPU may want to power off. That comes next, if the guest goes on
// or stands still, and the guest that panics again and again is not heard.
static void test_panic(Fixture *fixture, gconstpointer data)
{
    ask(fixture, RUN_PANICKED, "text");
    ask(fixture, RUN_POWER_OFF, NULL);
    ask(fixture, RUN_PANICKED, "again");
    assert_next(fixture, RUN_PANICKED, "text");
    ask(fixture, RUN_PANICKED, "again");
    assert_next(fixture, RUN_POWER_OFF, NULL);
    assert_no_more(fixture);
    run_queue_reset(fixture->queue);
    ask(fixture, RUN_PANICKED, "after a reset");
    assert_next(fixture, RUN_PANICKED, "after a reset");
    vcpu_set_release(fixture->partition.vcpus);
    ask(fixture, RUN_PANICKED, "again"); // holds no more
    g_assert_true(runs(fixture));
}

static void test_drop(Fixture *fixture, gconstpointer data)
{
    for (RunEvent event = 0; event <= RUN_MONITOR_QUIT; event++)
        ask(fixture, event, "text");
    run_queue_drop(fixture->queue, RUN_REBOOT);
    run_queue_drop(fixture->queue, RUN_REBOOT);
    assert_next(fixture, RUN_MONITOR_QUIT, "text");
    assert_next(fixture, RUN_SIGNAL, "text");
    assert_next(fixture, RUN_QUIT, "text");
    assert_next(fixture, RUN_POWER_OFF, "text");
    assert_next(fixture, RUN_RESET, "text");
    assert_next(fixture, RUN_PANICKED, "text");
    assert_next(fixture, RUN_DEBUG, "text");
    assert_next(fixture, RUN_FAILED, "text");
    assert_no_more(fixture);
}

// The user's wish outlives a reset, what the guest asked for before does not.
static void test_reset(Fixture *fixture, gconstpointer data)
{
    for (RunEvent event = 0; event <= RUN_QUIT; event++)
        ask(fixture, event, NULL);
    run_queue_reset(fixture->queue);
    assert_next(fixture, RUN_QUIT, NULL);
    assert_no_more(fixture);
}

static gboolean beat(gpointer beats)
{
    ++*(unsigned *)beats;
    return G_SOURCE_CONTINUE;
}

// A guest that asks on and on leaves time for the rest of the main loop.
static void test_storm(Fixture *fixture, gconstpointer data)
{
    unsigned beats = 0;
    guint source = g_idle_add(beat, &beats);
    for (unsigned i = 0; i < 100; i++) {
        ask(fixture, RUN_REBOOT, NULL);
        assert_next(fixture, RUN_REBOOT, NULL);
    }
    g_assert_cmpuint(beats, >=, 100);
    g_source_remove(source);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/run-queue/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("order", test_order);
    ADD("repeat", test_repeat);
    ADD("panic", test_panic);
    ADD("drop", test_drop);
    ADD("reset", test_reset);
    ADD("storm", test_storm);
    return g_test_run();
}
