// What becomes of the machine when it is stopped, panics, or is reset meanwhile. The monitor is the test's
// own.
#include "control.h"
#include "lparun/papr.h"
#include "partition.h"

static MonitorMachine machine;
static unsigned told[MONITOR_WATCHDOG + 1];

Monitor *monitor_open(const char *path, const MonitorMachine *steered, GError **error)
{
    machine = *steered;
    memset(told, 0, sizeof told);
    return (Monitor *)&machine;
}

void monitor_tell(Monitor *monitor, const MonitorEvent *event)
{
    told[event->kind]++;
}

void monitor_close(Monitor *monitor)
{
}

typedef struct Fixture {
    Partition partition;
    Watchdogs *watchdogs;
    RtasClock *clock;
    Control *control;
    unsigned started; // how often the guest was
} Fixture;

static void expired(void *owner, WatchdogExpiry what)
{
}

static void ignore(void *owner, MachineEvent event, const char *text)
{
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    partition_open(&fixture->partition, 1);
    fixture->watchdogs = watchdogs_new(expired, fixture);
    fixture->clock = rtas_clock_new(&(ClockSetup){ 0 });
    const ControlParts parts = {
        .vcpus = fixture->partition.vcpus,
        .watchdogs = fixture->watchdogs,
        .clock = fixture->clock,
        .machine = { .request = ignore },
        .timebase = 512000000,
        .threads = 1,
    };
    fixture->control = control_new(&parts, "", NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    control_free(fixture->control);
    watchdogs_free(fixture->watchdogs);
    rtas_clock_free(fixture->clock);
    partition_close(&fixture->partition);
}

static Vcpu *first(Fixture *fixture)
{
    return vcpu_set_at(fixture->partition.vcpus, 0);
}

// The guest makes a hypercall as soon as it is let in.
static void start(Fixture *fixture)
{
    const FakeExit exit = { .reason = KVM_EXIT_PAPR_HCALL, .number = 4 };
    fake_vcpu_exit(vcpu_kvm(first(fixture)), &exit);
    g_assert_true(vcpu_start(first(fixture), &(VcpuEntry){ .pc = 0x100 }));
    fixture->started++;
}

static void assert_runs(Fixture *fixture)
{
    g_assert_cmpint(machine.state(machine.owner), ==, STATE_RUNNING);
    g_assert_true(fake_vcpu_wait(vcpu_kvm(first(fixture)), fixture->started));
}

static void nothing(Vcpu *vcpu, void *data)
{
}

static void assert_stands(Fixture *fixture, MonitorState state)
{
    g_assert_cmpint(machine.state(machine.owner), ==, state);
    vcpu_set_call(fixture->partition.vcpus, NULL, nothing, NULL);
    g_assert_cmpuint(vcpu_exits(first(fixture), KVM_EXIT_PAPR_HCALL), ==, fixture->started - 1);
}

static void reset(Fixture *fixture, MachineEvent event)
{
    vcpu_set_park_all(fixture->partition.vcpus);
    control_came(fixture->control, event, NEXT_RESET);
    start(fixture);
}

// The panic that a reset makes moot has held the vCPUs already.
static void test_reset_over_panic(Fixture *fixture, gconstpointer data)
{
    vcpu_set_begin_hold(fixture->partition.vcpus);
    reset(fixture, MACHINE_REBOOT);
    assert_runs(fixture);
}

// A machine that is stopped is so after a reset, until it is told to go on.
static void test_reset_while_stopped(Fixture *fixture, gconstpointer data)
{
    g_assert_null(machine.obey(machine.owner, ORDER_STOP));
    reset(fixture, MACHINE_RESET);
    assert_stands(fixture, STATE_PRELAUNCH);
    g_assert_null(machine.obey(machine.owner, ORDER_RESUME));
    assert_runs(fixture);
    g_assert_cmpuint(told[MONITOR_STOP], ==, 1);
    g_assert_cmpuint(told[MONITOR_RESET], ==, 1);
    g_assert_cmpuint(told[MONITOR_RESUME], ==, 1);
}

static void test_panic(Fixture *fixture, gconstpointer data)
{
    vcpu_set_begin_hold(fixture->partition.vcpus);
    start(fixture);
    assert_stands(fixture, STATE_RUNNING);
    control_came(fixture->control, MACHINE_PANICKED, NEXT_GO_ON);
    assert_runs(fixture);
    control_came(fixture->control, MACHINE_PANICKED, NEXT_PAUSE);
    reset(fixture, MACHINE_RESET);
    assert_stands(fixture, STATE_PRELAUNCH);
    g_assert_null(machine.obey(machine.owner, ORDER_RESUME));
    assert_runs(fixture);
}

// A panic that was asked about while the machine stood still does not let it go on.
static void test_panic_while_stopped(Fixture *fixture, gconstpointer data)
{
    g_assert_null(machine.obey(machine.owner, ORDER_STOP));
    start(fixture);
    control_came(fixture->control, MACHINE_PANICKED, NEXT_GO_ON);
    assert_stands(fixture, STATE_PAUSED);
}

static void test_shutdown(Fixture *fixture, gconstpointer data)
{
    control_came(fixture->control, MACHINE_POWER_OFF, NEXT_PAUSE);
    g_assert_cmpint(machine.state(machine.owner), ==, STATE_SHUTDOWN);
    g_assert_nonnull(machine.obey(machine.owner, ORDER_RESUME));
    reset(fixture, MACHINE_RESET);
    assert_stands(fixture, STATE_PRELAUNCH);
    g_assert_null(machine.obey(machine.owner, ORDER_RESUME));
    assert_runs(fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/control/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("reset-over-panic", test_reset_over_panic);
    ADD("reset-while-stopped", test_reset_while_stopped);
    ADD("panic", test_panic);
    ADD("panic-while-stopped", test_panic_while_stopped);
    ADD("shutdown", test_shutdown);
    return g_test_run();
}
