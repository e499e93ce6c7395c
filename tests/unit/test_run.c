// What becomes of the machine when it is stopped, panics, or is reset meanwhile. The monitor is the test's
// own.
#include "options.h"
#include "run.h"
#include "lparun/papr.h"
#include "lparun/rtas_clock.h"
#include "lparun/rtas_events.h"
#include "lparun/timeline.h"
#include "char_options.h"
#include "human.h"
#include "lparun/vty.h"
#include "lparun/watchdog.h"
#include "partition.h"
#include "scratch_file.h"
#include <fcntl.h>
#include <sys/stat.h>

static MonitorMachine machine;

// What may be told, and what was told last.
enum {
    MONITOR_STOP,
    MONITOR_RESUME,
    MONITOR_POWERDOWN,
    MONITOR_RESET,
    MONITOR_SHUTDOWN,
    MONITOR_PANICKED,
    MONITOR_WATCHDOG,
    MONITOR_DUMPED,
    MONITOR_CLOCK,
    MONITOR_MARK
};
static const char *const event_names[] = { "STOP", "RESUME", "POWERDOWN", "RESET", "SHUTDOWN",
    "GUEST_PANICKED", "WATCHDOG", "DUMP_COMPLETED", "RTC_CHANGE", "X_LPARUN_MARK" };
static unsigned told[MONITOR_MARK + 1];
static struct {
    int kind;
    gboolean by_guest;
    char reason[32], action[32];
    gint64 offset;
} last;

Monitor *monitor_open(Chardev *chardev, const char *option, bool pretty, const Command *const *tables,
    const MonitorMachine *steered, GError **error)
{
    machine = *steered;
    memset(told, 0, sizeof told);
    return (Monitor *)&machine;
}

// Where nobody asks for one.
Human *human_open(Chardev *chardev, const MonitorMachine *steered, GError **error)
{
    g_assert_not_reached();
}

void human_close(Human *human)
{
}

// A list of one.
static const GPtrArray *one_monitor(void)
{
    static MonitorOptions options = { .chardev = "a", .option = "-qmp" };
    static gpointer list[] = { &options };
    static GPtrArray array = { .pdata = list, .len = 1 };
    return &array;
}

static GString *marks; // that were told, and before what; or NULL

static void keep_text(GVariant *data, const char *name, char text[32])
{
    const char *value;
    if (data && g_variant_lookup(data, name, "&s", &value))
        g_strlcpy(text, value, 32);
}

void monitor_tell(Monitor *monitor, const MonitorEvent *event)
{
    memset(&last, 0, sizeof last);
    while (strcmp(event_names[last.kind], event->name))
        last.kind++;
    told[last.kind]++;
    if (event->data)
        g_variant_lookup(event->data, "offset", "x", &last.offset);
    const char *name = event->name;
    if (marks && last.kind == MONITOR_MARK)
        g_variant_lookup(event->data, "name", "&s", &name);
    if (marks)
        g_string_append_printf(marks, "%s ", name);
    keep_text(event->data, "reason", last.reason);
    keep_text(event->data, "action", last.action);
    if (event->data)
        g_variant_lookup(event->data, "guest", "b", &last.by_guest);
}

void monitor_close(Monitor *monitor)
{
}

typedef struct Fixture {
    Partition partition;
    InterruptController *interrupts;
    RtasEvents *events;
    Watchdogs *watchdogs;
    RtasClock *clock;
    RunParts parts;
    PartList *list;
    bool busy; // the slow part is
    unsigned holds, releases;
    Run *run;
    Chardevs *chardevs;
    Options options;
    unsigned started; // how often the guest was
    unsigned requests[RUN_MONITOR_QUIT + 1];
} Fixture;

static void expired(void *owner, WatchdogExpiry what)
{
}

static void request(void *owner, RunEvent event, const char *text)
{
    g_assert_null(text);
    ((Fixture *)owner)->requests[event]++;
}

// A part that is held when it is not busy any more.
static bool hold_slow(void *part)
{
    Fixture *fixture = part;
    fixture->holds++;
    return !fixture->busy;
}

static void release_slow(void *part)
{
    ((Fixture *)part)->releases++;
}

static const PartOps slow_part = { .kind = "slow", .hold = hold_slow, .release = release_slow };

static void set_up(Fixture *fixture, gconstpointer data)
{
    partition_open(&fixture->partition, 4);
    fixture->interrupts = interrupt_controller_new(fixture->partition.vm, NULL);
    InterruptLine *line = interrupt_line_new(fixture->interrupts, SOURCE_EPOW, NULL);
    fixture->events = rtas_events_new(fixture->partition.memory, line);
    fixture->watchdogs = watchdogs_new(expired, fixture);
    fixture->clock = rtas_clock_new(&(ClockSetup){ 0 });
    fixture->list = part_list_new();
    part_list_add(fixture->list, &vcpu_set_part, fixture->partition.vcpus);
    part_list_add(fixture->list, &slow_part, fixture);
    part_list_add(fixture->list, &watchdogs_part, fixture->watchdogs);
    part_list_add(fixture->list, &rtas_clock_part, fixture->clock);
    fixture->chardevs = chardevs_new();
    fixture->parts = (RunParts){
        .vcpus = fixture->partition.vcpus,
        .events = fixture->events,
        .list = fixture->list,
        .chardevs = fixture->chardevs,
        .memory = fixture->partition.memory,
        .options = &fixture->options,
        .ask = { .ask = request, .owner = fixture },
        .timebase = 512000000,
        .threads = 2,
    };
    fixture->run = run_new(&fixture->parts, one_monitor(), NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    run_free(fixture->run);
    chardevs_free(fixture->chardevs);
    fixture->partition.vcpus = NULL; // the list's
    part_list_free(fixture->list);
    rtas_events_free(fixture->events);
    interrupt_controller_free(fixture->interrupts);
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

static void reset(Fixture *fixture, RunEvent event)
{
    vcpu_set_park_all(fixture->partition.vcpus);
    run_came(fixture->run, event, NEXT_RESET);
    start(fixture);
}

// The panic that a reset makes moot has held the vCPUs already.
static void test_reset_over_panic(Fixture *fixture, gconstpointer data)
{
    vcpu_set_begin_hold(fixture->partition.vcpus);
    reset(fixture, RUN_REBOOT);
    assert_runs(fixture);
}

// A machine that is stopped is so after a reset, until it is told to go on.
static void test_reset_while_stopped(Fixture *fixture, gconstpointer data)
{
    g_assert_null(machine.obey(machine.owner, ORDER_STOP));
    reset(fixture, RUN_RESET);
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
    run_came(fixture->run, RUN_PANICKED, NEXT_GO_ON);
    assert_runs(fixture);
    run_came(fixture->run, RUN_PANICKED, NEXT_PAUSE);
    reset(fixture, RUN_RESET);
    assert_stands(fixture, STATE_PRELAUNCH);
    g_assert_null(machine.obey(machine.owner, ORDER_RESUME));
    assert_runs(fixture);
}

// A panic that was asked about while the machine stood still does not let it go on.
static void test_panic_while_stopped(Fixture *fixture, gconstpointer data)
{
    g_assert_null(machine.obey(machine.owner, ORDER_STOP));
    start(fixture);
    run_came(fixture->run, RUN_PANICKED, NEXT_GO_ON);
    assert_stands(fixture, STATE_PAUSED);
}

static void test_shutdown(Fixture *fixture, gconstpointer data)
{
    run_came(fixture->run, RUN_POWER_OFF, NEXT_PAUSE);
    g_assert_cmpint(machine.state(machine.owner), ==, STATE_SHUTDOWN);
    g_assert_nonnull(machine.obey(machine.owner, ORDER_RESUME));
    reset(fixture, RUN_RESET);
    assert_stands(fixture, STATE_PRELAUNCH);
    g_assert_null(machine.obey(machine.owner, ORDER_RESUME));
    assert_runs(fixture);
}

// In all.
static unsigned requests(const Fixture *fixture)
{
    unsigned count = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(fixture->requests); i++)
        count += fixture->requests[i];
    return count;
}

static unsigned button_presses(Fixture *fixture)
{
    return fake_kvm_edges(fixture->partition.vm, SOURCE_EPOW);
}

static unsigned system_resets(Fixture *fixture)
{
    partition_await_resets(&fixture->partition);
    return fake_vcpu_interrupt(vcpu_kvm(first(fixture))).count;
}

// Those that are for others to fulfil: they are handed on, once, and change nothing here.
static void test_orders(Fixture *fixture, gconstpointer data)
{
    start(fixture);
    g_assert_null(machine.obey(machine.owner, ORDER_RESET));
    g_assert_cmpuint(fixture->requests[RUN_RESET], ==, 1);
    g_assert_null(machine.obey(machine.owner, ORDER_QUIT));
    g_assert_cmpuint(fixture->requests[RUN_MONITOR_QUIT], ==, 1);
    g_assert_null(machine.obey(machine.owner, ORDER_POWER_DOWN));
    g_assert_cmpuint(told[MONITOR_POWERDOWN], ==, 1);
    g_assert_cmpuint(button_presses(fixture), ==, 1);
    g_assert_cmpuint(system_resets(fixture), ==, 0);
    g_assert_null(machine.obey(machine.owner, ORDER_INJECT_NMI));
    g_assert_cmpuint(system_resets(fixture), ==, 1);
    g_assert_cmpuint(requests(fixture), ==, 2);
    assert_runs(fixture);
}

// What is so already is not told of again.
static void test_stop_twice(Fixture *fixture, gconstpointer data)
{
    for (unsigned i = 0; i < 2; i++) {
        g_assert_null(machine.obey(machine.owner, ORDER_STOP));
        g_assert_cmpint(machine.state(machine.owner), ==, STATE_PAUSED);
    }
    for (unsigned i = 0; i < 2; i++)
        g_assert_null(machine.obey(machine.owner, ORDER_RESUME));
    g_assert_cmpuint(told[MONITOR_STOP], ==, 1);
    g_assert_cmpuint(told[MONITOR_RESUME], ==, 1);
    start(fixture);
    assert_runs(fixture);
}

static void test_cpus(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpuint(machine.cpus(machine.owner), ==, 4);
    for (unsigned i = 0; i < 4; i++) {
        MonitorCpu cpu = machine.cpu(machine.owner, i);
        g_assert_cmpuint(cpu.index, ==, i);
        g_assert_cmpuint(cpu.core, ==, i & ~1U);
        g_assert_cmpint(cpu.thread_id, ==, vcpu_thread_id(vcpu_set_at(fixture->partition.vcpus, i)));
    }
}

// How a run ends, in QEMU's words.
static void test_ends(Fixture *fixture, gconstpointer data)
{
    static const struct {
        RunEvent event;
        bool by_guest;
        const char *reason;
    } ends[] = {
        { RUN_POWER_OFF, true, "guest-shutdown" },
        { RUN_REBOOT, true, "guest-reset" },
        { RUN_RESET, false, "host-qmp-system-reset" },
        { RUN_FAILED, false, "host-error" },
        { RUN_QUIT, false, "host-ui" },
        { RUN_SIGNAL, false, "host-signal" },
        { RUN_MONITOR_QUIT, false, "host-qmp-quit" },
        { RUN_PANICKED, true, "guest-panic" },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(ends); i++) {
        run_came(fixture->run, ends[i].event, NEXT_END);
        g_assert_cmpuint(told[MONITOR_SHUTDOWN], ==, i + 1);
        g_assert_cmpint(last.kind, ==, MONITOR_SHUTDOWN);
        g_assert_cmpstr(last.reason, ==, ends[i].reason);
        g_assert_true(last.by_guest == ends[i].by_guest);
    }
    g_assert_cmpuint(told[MONITOR_PANICKED], ==, 1);
    g_assert_cmpuint(told[MONITOR_RESET], ==, 0);
}

static void test_panic_words(Fixture *fixture, gconstpointer data)
{
    run_came(fixture->run, RUN_PANICKED, NEXT_GO_ON);
    g_assert_cmpint(last.kind, ==, MONITOR_PANICKED);
    g_assert_cmpstr(last.action, ==, "run");
    g_assert_cmpuint(told[MONITOR_STOP], ==, 0);
    run_came(fixture->run, RUN_PANICKED, NEXT_PAUSE);
    g_assert_cmpuint(told[MONITOR_PANICKED], ==, 2);
    g_assert_cmpuint(told[MONITOR_STOP], ==, 1);
    g_assert_cmpint(machine.state(machine.owner), ==, STATE_PANICKED);
    g_assert_null(machine.obey(machine.owner, ORDER_STOP)); // it says more than "paused"
    g_assert_cmpint(machine.state(machine.owner), ==, STATE_PANICKED);
}

typedef struct Watch {
    WatchdogAction asked; // -action's
    WatchdogExpiry what;
    const char *action;      // that is told of
    int request;             // or -1
    unsigned button, resets; // how often
    MonitorState state;
} Watch;

static const Watch watches[] = {
    { WATCHDOG_AS_ASKED, WATCHDOG_POWER_OFF_HARD, "poweroff", RUN_POWER_OFF, 0, 0, STATE_RUNNING },
    { WATCHDOG_AS_ASKED, WATCHDOG_RESTART_HARD, "reset", RUN_REBOOT, 0, 0, STATE_RUNNING },
    { WATCHDOG_AS_ASKED, WATCHDOG_RESTART_DUMP, "inject-nmi", -1, 0, 1, STATE_RUNNING },
    { WATCHDOG_RESET, WATCHDOG_POWER_OFF_HARD, "reset", RUN_REBOOT, 0, 0, STATE_RUNNING },
    { WATCHDOG_POWEROFF, WATCHDOG_RESTART_HARD, "poweroff", RUN_POWER_OFF, 0, 0, STATE_RUNNING },
    { WATCHDOG_SHUTDOWN, WATCHDOG_RESTART_HARD, "shutdown", -1, 1, 0, STATE_RUNNING },
    { WATCHDOG_INJECT_NMI, WATCHDOG_RESTART_HARD, "inject-nmi", -1, 0, 1, STATE_RUNNING },
    { WATCHDOG_PAUSE, WATCHDOG_RESTART_HARD, "pause", -1, 0, 0, STATE_WATCHDOG },
    { WATCHDOG_NONE, WATCHDOG_RESTART_HARD, "none", -1, 0, 0, STATE_RUNNING },
};

static void test_watchdog(Fixture *fixture, gconstpointer data)
{
    const Watch *watch = data;
    fixture->options.actions.watchdog = watch->asked;
    run_free(fixture->run);
    fixture->run = run_new(&fixture->parts, one_monitor(), NULL);
    start(fixture);
    assert_runs(fixture);
    run_watchdog(fixture->run, watch->what);
    g_assert_cmpuint(told[MONITOR_WATCHDOG], ==, 1);
    g_assert_cmpuint(told[MONITOR_POWERDOWN], ==, watch->button);
    g_assert_cmpuint(told[MONITOR_STOP], ==, watch->state != STATE_RUNNING);
    if (last.kind == MONITOR_WATCHDOG)
        g_assert_cmpstr(last.action, ==, watch->action);
    g_assert_cmpuint(requests(fixture), ==, watch->request >= 0);
    if (watch->request >= 0)
        g_assert_cmpuint(fixture->requests[watch->request], ==, 1);
    g_assert_cmpuint(button_presses(fixture), ==, watch->button);
    g_assert_cmpuint(watch->state == STATE_RUNNING ? system_resets(fixture) : 0, ==, watch->resets);
    g_assert_cmpint(machine.state(machine.owner), ==, watch->state);
}

// What the monitor sets holds from then on; the command line's stays as it was.
static void test_set_action(Fixture *fixture, gconstpointer data)
{
    machine.actions->watchdog = WATCHDOG_NONE;
    run_watchdog(fixture->run, WATCHDOG_RESTART_HARD);
    g_assert_cmpstr(last.action, ==, "none");
    g_assert_cmpuint(requests(fixture), ==, 0);
    g_assert_cmpint(fixture->options.actions.watchdog, ==, WATCHDOG_AS_ASKED);
}

// What the guest sets its clock to is told with how far it is off.
static void test_clock(Fixture *fixture, gconstpointer data)
{
    uint32_t output[1];
    fixture->parts.clock = fixture->clock;
    run_free(fixture->run);
    fixture->run = run_new(&fixture->parts, one_monitor(), NULL);
    rtas_clock_register(fixture->partition.rtas, &(RtasParts){ .clock = fixture->clock });
    const uint32_t date[] = { 2000, 1, 1, 0, 0, 0, 0 };
    partition_rtas_call(&fixture->partition, "set-time-of-day", 1, output, date, 7);
    while (told[MONITOR_CLOCK] == 0)
        g_main_context_iteration(NULL, TRUE);
    gint64 off = 946684800 - g_get_real_time() / G_USEC_PER_SEC;
    g_assert_cmpint(last.offset, >=, off - 10);
    g_assert_cmpint(last.offset, <=, off + 10);
}

// Without a monitor all is done, and told to nobody.
static void test_no_monitor(Fixture *fixture, gconstpointer data)
{
    run_free(fixture->run);
    fixture->run = run_new(&fixture->parts, NULL, NULL);
    start(fixture);
    run_came(fixture->run, RUN_PANICKED, NEXT_GO_ON);
    run_watchdog(fixture->run, WATCHDOG_RESTART_HARD);
    run_came(fixture->run, RUN_REBOOT, NEXT_END);
    g_assert_cmpuint(fixture->requests[RUN_REBOOT], ==, 1);
    for (unsigned i = 0; i < G_N_ELEMENTS(told); i++)
        g_assert_cmpuint(told[i], ==, 0);
}

static void add_watchdogs(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(watches); i++) {
        g_autofree char *name = g_strdup_printf("/run/watchdog/%u-%s", i, watches[i].action);
        g_test_add(name, Fixture, &watches[i], set_up, test_watchdog, tear_down);
    }
}

// Nothing asks the parts again.
static void assert_no_timer(void)
{
    GMainContext *context = g_main_context_default();
    gint priority, timeout;
    g_assert_true(g_main_context_acquire(context));
    g_main_context_prepare(context, &priority);
    g_main_context_query(context, G_MAXINT, &timeout, NULL, 0);
    g_main_context_release(context);
    g_assert_cmpint(timeout, ==, -1);
}

// STOP is told when all stands still, and only then.
static void test_busy(Fixture *fixture, gconstpointer data)
{
    fixture->busy = true;
    g_assert_null(machine.obey(machine.owner, ORDER_STOP));
    start(fixture);
    assert_stands(fixture, STATE_PAUSED);
    unsigned asked = fixture->holds;
    while (fixture->holds < asked + 3 && !told[MONITOR_STOP])
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(told[MONITOR_STOP], ==, 0);
    fixture->busy = false;
    while (!told[MONITOR_STOP])
        g_main_context_iteration(NULL, TRUE);
    assert_no_timer();
    g_assert_null(machine.obey(machine.owner, ORDER_RESUME));
    g_assert_cmpuint(fixture->releases, ==, 1);
    g_assert_cmpuint(told[MONITOR_STOP], ==, 1);
    g_assert_cmpuint(told[MONITOR_RESUME], ==, 1);
    assert_runs(fixture);
}

// A cont that comes before that leaves nothing held, and STOP comes before RESUME.
static void test_busy_continues(Fixture *fixture, gconstpointer data)
{
    fixture->busy = true;
    g_assert_null(machine.obey(machine.owner, ORDER_STOP));
    g_assert_null(machine.obey(machine.owner, ORDER_RESUME));
    g_assert_cmpuint(told[MONITOR_STOP], ==, 1);
    g_assert_cmpint(last.kind, ==, MONITOR_RESUME);
    g_assert_cmpuint(fixture->releases, ==, 1);
    assert_no_timer();
    start(fixture);
    assert_runs(fixture);
}

// --- Until the end.

typedef struct Whole {
    Fixture *fixture;
    unsigned loads, starts, releases;
    gint64 loaded; // when it was
} Whole;

static void ask_queue(Whole *whole, RunEvent event)
{
    whole->fixture->parts.ask.ask(whole->fixture->parts.ask.owner, event, NULL);
}

static bool load(void *owner, GError **error)
{
    ((Whole *)owner)->loads++;
    return true;
}

// The guest asks for a reset as soon as it runs, and the second time it ends.
static void start_whole(void *owner)
{
    Whole *whole = owner;
    ask_queue(whole, whole->starts++ ? RUN_QUIT : RUN_REBOOT);
}

// The monitor comes while the reset waits for a slow part.
static gboolean stop_and_continue(gpointer data)
{
    Whole *whole = data;
    if (!(run_held(whole->fixture->run) & HELD_RESTART))
        return G_SOURCE_CONTINUE;
    g_assert_null(machine.obey(machine.owner, ORDER_STOP));
    g_assert_null(machine.obey(machine.owner, ORDER_RESUME));
    g_assert_cmpuint(run_held(whole->fixture->run), ==, HELD_RESTART);
    whole->releases = whole->fixture->releases;
    whole->fixture->busy = false;
    return G_SOURCE_REMOVE;
}

static void start_and_end(void *owner)
{
    Whole *whole = owner;
    g_assert_cmpint(machine.state(machine.owner), ==, STATE_RUNNING);
    whole->starts++;
    ask_queue(whole, RUN_QUIT);
}

// With -S, a monitor's "cont" counts that comes while a chardev still waits for its peer.
static void test_continue_before_start(Fixture *fixture, gconstpointer data)
{
    Whole whole = { .fixture = fixture };
    run_free(fixture->run);
    fixture->parts.queue = run_queue_new(fixture->partition.vcpus);
    fixture->parts.ask = run_queue_ask(fixture->parts.queue);
    fixture->parts.start = start_and_end;
    fixture->parts.owner = &whole;
    fixture->parts.paused = true;
    fixture->run = run_new(&fixture->parts, one_monitor(), NULL);
    g_assert_cmpint(machine.state(machine.owner), ==, STATE_PRELAUNCH);
    g_assert_cmpuint(fixture->holds, ==, 1);
    g_assert_null(machine.obey(machine.owner, ORDER_RESUME));
    g_assert_cmpuint(fixture->releases, ==, 1);
    g_assert_cmpint(run_until_end(fixture->run, NULL), ==, 0);
    g_assert_cmpuint(whole.starts, ==, 1);
    g_assert_cmpuint(fixture->holds, ==, 1);
    run_queue_free(fixture->parts.queue);
}

// What the monitor lets go of is not what the reset holds: parts stand still until it is over.
static void test_continue_in_reset(Fixture *fixture, gconstpointer data)
{
    Whole whole = { .fixture = fixture };
    run_free(fixture->run);
    fixture->parts.queue = run_queue_new(fixture->partition.vcpus);
    fixture->parts.ask = run_queue_ask(fixture->parts.queue);
    fixture->parts.load = load;
    fixture->parts.start = start_whole;
    fixture->parts.owner = &whole;
    fixture->run = run_new(&fixture->parts, one_monitor(), NULL);
    fixture->busy = true;
    g_timeout_add(1, stop_and_continue, &whole);
    g_assert_cmpint(run_until_end(fixture->run, NULL), ==, 0);
    g_assert_cmpuint(whole.releases, ==, 0);
    g_assert_cmpuint(whole.loads, ==, 1);
    g_assert_cmpuint(whole.starts, ==, 2);
    g_assert_cmpuint(run_held(fixture->run), ==, 0);
    g_assert_cmpuint(fixture->releases, ==, 1);
    g_assert_cmpuint(told[MONITOR_RESUME], ==, 1);
    run_queue_free(fixture->parts.queue);
}

static bool load_again(void *owner, GError **error)
{
    ((Whole *)owner)->loaded = g_get_monotonic_time();
    return true;
}

// A round that the guest ends by a reboot, and one that ends it all by a panic.
static void start_and_panic(void *owner)
{
    Whole *whole = owner;
    RunAsk ask = whole->fixture->parts.ask;
    timeline_mark(whole->fixture->parts.timeline, TIMELINE_START);
    if (whole->starts++)
        ask.ask(ask.owner, RUN_PANICKED, "all is lost");
    else
        ask.ask(ask.owner, RUN_REBOOT, NULL);
}

// Marks are told to who watches, and the last ones before the end is.
static void test_marks(Fixture *fixture, gconstpointer data)
{
    Whole whole = { .fixture = fixture };
    Timeline *timeline = timeline_new();
    run_free(fixture->run);
    part_list_add(fixture->list, &timeline_part, timeline);
    fixture->parts.timeline = timeline;
    fixture->parts.queue = run_queue_new(fixture->partition.vcpus);
    fixture->parts.ask = run_queue_ask(fixture->parts.queue);
    fixture->parts.load = load_again;
    fixture->parts.start = start_and_panic;
    fixture->parts.owner = &whole;
    fixture->run = run_new(&fixture->parts, one_monitor(), NULL);
    marks = g_string_new(NULL);
    machine.watch(machine.owner, true);
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(run_until_end(fixture->run, &error), ==, 4);
    g_assert_cmpstr(marks->str, ==, "start reboot RESET start panic GUEST_PANICKED SHUTDOWN ");
    g_assert_cmpstr(timeline->reason, ==, "all is lost");
    g_assert_cmpint(timeline->marks[TIMELINE_REBOOT].at, <=, whole.loaded); // when it was asked for
    machine.watch(machine.owner, false);
    run_watchdog(fixture->run, WATCHDOG_RESTART_HARD);
    g_assert_cmpint(timeline->marks[TIMELINE_WATCHDOG].at, >, 0);
    g_assert_cmpuint(told[MONITOR_MARK], ==, 4);
    g_string_free(g_steal_pointer(&marks), TRUE);
    run_queue_free(fixture->parts.queue);
}

// --- A core at a panic.

typedef struct PanicCore {
    Whole whole;
    char *folder, *path;
    int reader;      // of the FIFO that the core goes to, or -1
    size_t length;   // bytes that came there
    unsigned panics; // that the guest is still to have
    guint reading;   // a source
} PanicCore;

static void set_up_core(PanicCore *core, Fixture *fixture, PanicAction panic)
{
    *core = (PanicCore){ .whole.fixture = fixture, .folder = scratch_folder(), .reader = -1, .panics = 1 };
    core->path = g_build_filename(core->folder, "core", NULL);
    run_free(fixture->run);
    fixture->options.actions.panic = panic;
    fixture->options.actions.dump = core->path;
    fixture->parts.queue = run_queue_new(fixture->partition.vcpus);
    fixture->parts.ask = run_queue_ask(fixture->parts.queue);
    fixture->parts.load = load;
    fixture->parts.owner = core;
    fixture->run = run_new(&fixture->parts, one_monitor(), NULL);
    marks = g_string_new(NULL);
}

static void tear_down_core(PanicCore *core)
{
    run_free(g_steal_pointer(&core->whole.fixture->run));
    run_queue_free(core->whole.fixture->parts.queue);
    g_string_free(g_steal_pointer(&marks), TRUE);
    scratch_remove_folder(core->folder);
    g_free(core->path);
}

// The guest panics as soon as it runs; when it may go on, the user has seen enough.
static void panic_at_once(void *owner)
{
    PanicCore *core = owner;
    ask_queue(&core->whole, core->panics-- ? RUN_PANICKED : RUN_QUIT);
}

static void test_panic_core(Fixture *fixture, gconstpointer data)
{
    PanicCore core;
    g_autofree char *content = NULL;
    gsize length;
    g_autoptr(GError) error = NULL;
    fixture->parts.start = panic_at_once;
    set_up_core(&core, fixture, PANIC_SHUTDOWN);
    g_assert_cmpint(run_until_end(fixture->run, &error), ==, 4);
    g_assert_cmpstr(marks->str, ==, "GUEST_PANICKED STOP DUMP_COMPLETED SHUTDOWN ");
    g_assert_true(g_file_get_contents(core.path, &content, &length, NULL));
    g_assert_cmpuint(length, >, PARTITION_RAM);
    g_assert_cmpstr(content, ==, "\177ELF\2\2\1");
    tear_down_core(&core);
}

// A file that cannot be made keeps nothing from what follows.
static void test_panic_no_core(Fixture *fixture, gconstpointer data)
{
    PanicCore core;
    g_autoptr(GError) error = NULL;
    fixture->parts.start = panic_at_once;
    set_up_core(&core, fixture, PANIC_SHUTDOWN);
    g_assert_cmpint(g_mkdir(core.path, 0700), ==, 0);
    g_assert_cmpint(run_until_end(fixture->run, &error), ==, 4);
    g_assert_cmpstr(marks->str, ==, "GUEST_PANICKED SHUTDOWN ");
    tear_down_core(&core);
}

static gboolean quit_when_let_go(gpointer data)
{
    PanicCore *core = data;
    if (!told[MONITOR_RESUME])
        return G_SOURCE_CONTINUE;
    ask_queue(&core->whole, RUN_QUIT);
    return G_SOURCE_REMOVE;
}

// panic=none: the guest goes on when the core is written.
static void test_panic_core_goes_on(Fixture *fixture, gconstpointer data)
{
    PanicCore core;
    fixture->parts.start = panic_at_once;
    set_up_core(&core, fixture, PANIC_NONE);
    g_timeout_add(1, quit_when_let_go, &core);
    g_assert_cmpint(run_until_end(fixture->run, NULL), ==, 0);
    g_assert_cmpstr(marks->str, ==, "GUEST_PANICKED STOP DUMP_COMPLETED RESUME SHUTDOWN ");
    g_assert_cmpuint(run_held(fixture->run), ==, 0);
    start(fixture);
    assert_runs(fixture);
    tear_down_core(&core);
}

// Reads the core to its end, which is when the machine may be looked at again.
static gboolean read_core(gpointer data)
{
    PanicCore *core = data;
    static char bytes[65536];
    ssize_t length = read(core->reader, bytes, sizeof bytes);
    if (length > 0 && core->length == 0) { // the first of it: much is still to be written
        const char *refused = "There is a dump in process, please wait.";
        g_assert_cmpint(machine.state(machine.owner), ==, STATE_SAVE_VM);
        g_assert_cmpstr(machine.obey(machine.owner, ORDER_STOP), ==, refused);
        g_assert_cmpstr(machine.obey(machine.owner, ORDER_RESUME), ==, refused);
        g_assert_null(machine.obey(machine.owner, ORDER_RESET)); // which waits
    }
    core->length += length > 0 ? (size_t)length : 0;
    return G_SOURCE_CONTINUE;
}

// While it is written the machine stands, whatever the monitor wants; a reset comes after it, and over the
// panic. The second panic has no core.
static void test_panic_core_and_reset(Fixture *fixture, gconstpointer data)
{
    PanicCore core;
    g_autoptr(GError) error = NULL;
    fixture->parts.start = panic_at_once;
    set_up_core(&core, fixture, PANIC_SHUTDOWN);
    core.panics = 2;
    g_assert_cmpint(mkfifo(core.path, 0600), ==, 0);
    core.reader = open(core.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    core.reading = g_timeout_add(1, read_core, &core);
    int status = run_until_end(fixture->run, &error);
    g_source_remove(core.reading);
    g_assert_cmpuint(core.length, >, PARTITION_RAM);
    // Which of the two that waited comes first is chance.
    g_assert_true(g_str_has_prefix(marks->str, "GUEST_PANICKED STOP DUMP_COMPLETED "));
    const char *rest = marks->str + strlen("GUEST_PANICKED STOP DUMP_COMPLETED ");
    g_assert_true(
        strcmp(rest, "SHUTDOWN ") == 0 || strcmp(rest, "RESET RESUME GUEST_PANICKED SHUTDOWN ") == 0);
    g_assert_cmpint(status, ==, 4);
    close(core.reader);
    tear_down_core(&core);
}

// The user's wish to quit does not wait for a reader that does not read.
static gboolean quit_meanwhile(gpointer data)
{
    PanicCore *core = data;
    char byte;
    if (read(core->reader, &byte, 1) != 1)
        return G_SOURCE_CONTINUE;
    g_assert_null(machine.obey(machine.owner, ORDER_QUIT));
    return G_SOURCE_REMOVE;
}

static void test_panic_core_and_quit(Fixture *fixture, gconstpointer data)
{
    PanicCore core;
    fixture->parts.start = panic_at_once;
    set_up_core(&core, fixture, PANIC_SHUTDOWN);
    g_assert_cmpint(mkfifo(core.path, 0600), ==, 0);
    core.reader = open(core.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    g_timeout_add(1, quit_meanwhile, &core);
    g_assert_cmpint(run_until_end(fixture->run, NULL), ==, 0);
    g_assert_cmpstr(marks->str, ==, "GUEST_PANICKED STOP SHUTDOWN ");
    run_free(g_steal_pointer(&fixture->run));
    close(core.reader);
    tear_down_core(&core);
}

static bool put_nothing(void *owner, const uint8_t *bytes, size_t length)
{
    return false;
}

// What a monitor may ask of a guest that hangs.
static void test_looks(Fixture *fixture, gconstpointer data)
{
    const VtyHost host = { .put = put_nothing };
    fixture->parts.vtys = vtys_new();
    Vty *vty = vty_new(VTY_UNIT, &host, NULL);
    g_assert_true(vtys_add(fixture->parts.vtys, vty));
    fixture->parts.hypercalls = fixture->partition.hypercalls;
    run_free(fixture->run);
    fixture->run = run_new(&fixture->parts, one_monitor(), NULL);
    partition_call(&fixture->partition, H_GET_TERM_CHAR, 0);
    hypercall_console_register(
        fixture->partition.hypercalls, &(HypercallParts){ .vtys = fixture->parts.vtys });
    partition_call(&fixture->partition, H_GET_TERM_CHAR, 0);
    vty_input(vty, (const uint8_t *)"abc", 3);
    MonitorConsole console = machine.console(machine.owner);
    g_assert_cmpuint(console.polls, ==, 1);
    g_assert_cmpuint(console.waiting, ==, 3);
    start(fixture);
    assert_runs(fixture);
    VcpuLook looks[4];
    machine.look(machine.owner, looks);
    g_assert_true(looks[0].stand == VCPU_RUNNING || looks[0].stand == VCPU_CEDED);
    g_assert_cmpint(looks[1].stand, ==, VCPU_STOPPED);
    g_autofree char *stats = machine.stats(machine.owner); // while it runs
    g_assert_nonnull(strstr(stats, "\"PAPR_HCALL\": 1"));
    g_assert_nonnull(strstr(stats, "\"pc\": \"0x1234\""));
    vtys_free(fixture->parts.vtys);
}

// Two reasons: a reset ends both, a cont what it may.
static void test_reasons(Fixture *fixture, gconstpointer data)
{
    run_came(fixture->run, RUN_PANICKED, NEXT_PAUSE);
    g_assert_null(machine.obey(machine.owner, ORDER_STOP));
    g_assert_cmpuint(run_held(fixture->run), ==, HELD_PANIC | HELD_MONITOR);
    g_assert_cmpint(machine.state(machine.owner), ==, STATE_PANICKED);
    run_came(fixture->run, RUN_POWER_OFF, NEXT_PAUSE);
    g_assert_nonnull(machine.obey(machine.owner, ORDER_RESUME));
    g_assert_cmpuint(run_held(fixture->run), ==, HELD_PANIC | HELD_MONITOR | HELD_SHUTDOWN);
    g_assert_cmpuint(told[MONITOR_STOP], ==, 1);
    reset(fixture, RUN_RESET);
    g_assert_cmpuint(run_held(fixture->run), ==, HELD_RESET);
    g_assert_null(machine.obey(machine.owner, ORDER_RESUME));
    assert_runs(fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/run/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("reset-over-panic", test_reset_over_panic);
    ADD("reset-while-stopped", test_reset_while_stopped);
    ADD("panic", test_panic);
    ADD("panic-while-stopped", test_panic_while_stopped);
    ADD("shutdown", test_shutdown);
    ADD("orders", test_orders);
    ADD("stop-twice", test_stop_twice);
    ADD("cpus", test_cpus);
    ADD("ends", test_ends);
    ADD("panic-words", test_panic_words);
    ADD("set-action", test_set_action);
    ADD("clock", test_clock);
    ADD("no-monitor", test_no_monitor);
    ADD("reasons", test_reasons);
    ADD("marks", test_marks);
    ADD("looks", test_looks);
    ADD("continue-before-start", test_continue_before_start);
    ADD("continue-in-reset", test_continue_in_reset);
    ADD("panic-core", test_panic_core);
    ADD("panic-no-core", test_panic_no_core);
    ADD("panic-core-goes-on", test_panic_core_goes_on);
    ADD("panic-core-and-reset", test_panic_core_and_reset);
    ADD("panic-core-and-quit", test_panic_core_and_quit);
    add_watchdogs();
    g_test_add("/run/busy", Fixture, NULL, set_up, test_busy, tear_down);
    g_test_add("/run/busy-continues", Fixture, NULL, set_up, test_busy_continues, tear_down);
    return g_test_run();
}
