// The one owner of whether the machine runs.
#include "run_internal.h"
#include "char_options.h"
#include "command.h"
#include "fds.h"
#include "human.h"
#include "lparun/error.h"
#include "lparun/rtas_clock.h"
#include "lparun/timeline.h"
#include "marks.h"
#include "nodes.h"
#include "options.h"

#define HOLD_AGAIN_MS 1

// --- What a monitor is told.

void run_tell(const Run *run, const char *name, GVariant *data)
{
    const MonitorEvent event = { .name = name, .data = data ? g_variant_ref_sink(data) : NULL };
    for (unsigned i = 0; i < run->monitors->len; i++)
        monitor_tell(run->monitors->pdata[i], &event);
    if (run->heard)
        run->heard(run->listener, name);
    if (data)
        g_variant_unref(data);
}

static void tell(const Run *run, const char *name)
{
    run_tell(run, name, NULL);
}

static void tell_action(const Run *run, const char *name, const char *action)
{
    GVariantBuilder *data = command_object();
    command_add_text(data, "action", action);
    run_tell(run, name, command_end(data));
}

static void tell_marks(void *owner)
{
    const Run *run = owner;
    g_autoptr(GArray) news = timeline_news(run->parts.timeline);
    for (unsigned i = 0; i < news->len; i++)
        run_tell(run, "X_LPARUN_MARK", mark_describe(&g_array_index(news, TimelineEntry, i)));
}

static void watch(void *owner, bool on)
{
    Run *run = owner;
    run->watchers += on ? 1 : -1u;
    timeline_watch(run->parts.timeline, run->watchers ? tell_marks : NULL, owner);
}

MonitorState run_state(const Run *run)
{
    // What says most comes first.
    static const struct {
        RunHold hold;
        MonitorState state;
    } states[] = {
        { HELD_SHUTDOWN, STATE_SHUTDOWN },
        { HELD_PANIC, STATE_PANICKED },
        { HELD_WATCHDOG, STATE_WATCHDOG },
        { HELD_DEBUG, STATE_DEBUG },
        { HELD_RESET, STATE_PRELAUNCH },
        { HELD_MONITOR, STATE_PAUSED },
        { HELD_DUMP, STATE_SAVE_VM },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(states); i++)
        if (run->held & states[i].hold)
            return states[i].state;
    return STATE_RUNNING;
}

static MonitorState state(void *owner)
{
    return run_state(owner);
}

unsigned run_held(const Run *run)
{
    return run->held;
}

// --- Holding and letting go.

// STOP is told when all stands still, disks with what they were doing included.
static gboolean tell_stopped(gpointer data)
{
    Run *run = data;
    if (!part_list_hold(run->parts.list))
        return G_SOURCE_CONTINUE;
    run->holding = 0;
    tell(run, "STOP");
    return G_SOURCE_REMOVE;
}

void run_hold(Run *run, RunHold why)
{
    bool was_held = run->held & ~(unsigned)HELD_RESTART;
    run->held |= why;
    if (was_held)
        return;
    vcpu_set_hold(run->parts.vcpus); // before the time is noted: their clock ran until then
    run->stopped_at = g_get_monotonic_time();
    if (tell_stopped(run) == G_SOURCE_CONTINUE)
        run->holding = g_timeout_add(HOLD_AGAIN_MS, tell_stopped, run);
}

static void stop_waiting(Run *run)
{
    if (run->holding)
        g_source_remove(run->holding);
    run->holding = 0;
}

// A reset that is under way goes on, and the guest after it.
void run_end_hold(Run *run, unsigned why)
{
    unsigned others = run->held & ~(why | HELD_RESTART);
    if (others || !(run->held & why)) {
        run->held &= ~why;
        return;
    }
    if (run->holding) // a disk that has not come to its end goes on with it
        tell(run, "STOP");
    stop_waiting(run);
    double seconds = (double)(g_get_monotonic_time() - run->stopped_at) / G_USEC_PER_SEC;
    vcpu_set_step_back(run->parts.vcpus, (uint64_t)(seconds * run->parts.timebase));
    run->held &= HELD_RESTART;
    tell(run, "RESUME");
    if (!run->held)
        part_list_release(run->parts.list);
}

bool run_go_on(Run *run)
{
    if (run->held & HELD_SHUTDOWN)
        return false;
    run_end_hold(run, ~(unsigned)(HELD_RESTART | HELD_DUMP));
    return true;
}

void run_listen(Run *run, void (*heard)(void *owner, const char *event), void *owner)
{
    run->heard = heard;
    run->listener = owner;
}

// --- What a monitor asks for.

static void ask(const Run *run, RunEvent event)
{
    run->parts.ask.ask(run->parts.ask.owner, event, NULL);
}

static void inject_nmi(const Run *run)
{
    vcpu_set_system_reset(run->parts.vcpus, NULL);
}

static const char *obey(void *owner, MonitorOrder order)
{
    Run *run = owner;
    if ((order == ORDER_STOP || order == ORDER_RESUME) && run->held & HELD_DUMP)
        return "There is a dump in process, please wait.";
    switch (order) {
    case ORDER_STOP:
        run_hold(run, HELD_MONITOR);
        break;
    case ORDER_RESUME:
        if (!run_go_on(run))
            return "Resetting the Virtual Machine is required";
        break;
    case ORDER_RESET:
        ask(run, RUN_RESET);
        break;
    case ORDER_POWER_DOWN:
        rtas_events_press_power_button(run->parts.events);
        tell(run, "POWERDOWN");
        break;
    case ORDER_INJECT_NMI:
        inject_nmi(run);
        break;
    case ORDER_QUIT:
        ask(run, RUN_MONITOR_QUIT);
        break;
    case MONITOR_ORDERS:
        g_assert_not_reached();
    }
    return NULL;
}

static void tell_clock(void *owner, gint64 seconds)
{
    GVariantBuilder *data = command_object();
    command_add_int(data, "offset", seconds);
    command_add_text(data, "qom-path", "/machine/rtc");
    run_tell(owner, "RTC_CHANGE", command_end(data));
}

static void close_monitor(gpointer data)
{
    monitor_close(data);
}

static void close_human(gpointer data)
{
    human_close(data);
}

static bool open_human(Run *run, Chardev *chardev, GError **error)
{
    Human *human = human_open(chardev, &run->machine, error);
    if (human)
        g_ptr_array_add(run->humans, human);
    return human;
}

static bool make_human(void *owner, Chardev *chardev)
{
    return open_human(owner, chardev, NULL);
}

// Behind another user of the chardev it is not there before somebody goes to it.
static bool add_human(Run *run, Chardev *chardev, const MonitorOptions *options, GError **error)
{
    bool may_share = chardev_is_mux(chardev) || options->is_behind;
    bool is_behind = may_share && chardev_is_used(chardev);
    if (is_behind)
        chardev_set_late(chardev, make_human, run);
    if (is_behind || open_human(run, chardev, error))
        return true;
    g_prefix_error(error, "%s: ", options->option);
    return false;
}

static bool add_monitor(Run *run, Chardev *chardev, const MonitorOptions *options, GError **error)
{
    Monitor *monitor =
        monitor_open(chardev, options->option, options->pretty, command_tables, &run->machine, error);
    if (monitor)
        g_ptr_array_add(run->monitors, monitor);
    return monitor;
}

static bool open_monitors(Run *run, const GPtrArray *monitors, GError **error)
{
    for (unsigned i = 0; monitors && i < monitors->len; i++) {
        const MonitorOptions *options = monitors->pdata[i];
        Chardev *chardev = chardevs_find(run->parts.chardevs, options->chardev);
        bool done = options->is_human ? add_human(run, chardev, options, error)
                                      : add_monitor(run, chardev, options, error);
        if (!done)
            return false;
    }
    return true;
}

// Nobody is told of a stop: it has not run. A monitor may let it go on before it is started.
static void begin_paused(Run *run)
{
    run->held |= HELD_RESET;
    vcpu_set_hold(run->parts.vcpus);
    part_list_hold(run->parts.list);
    run->stopped_at = g_get_monotonic_time();
}

Run *run_new(const RunParts *parts, const GPtrArray *monitors, GError **error)
{
    Run *run = g_new0(Run, 1);
    run->parts = *parts;
    run->dumper = run_make_dumper(run);
    run->monitors = g_ptr_array_new_with_free_func(close_monitor);
    run->humans = g_ptr_array_new_with_free_func(close_human);
    run->actions = parts->options->actions;
    run->nodes = nodes_new();
    run->fds = fds_new();
    run->machine = (MonitorMachine){ .state = state,
        .obey = obey,
        .cpus = run_view_cpus,
        .cpu = run_view_cpu,
        .look = run_view_look,
        .console = run_view_console,
        .stats = run_view_stats,
        .kvm_stats = run_view_kvm_stats,
        .watch = watch,
        .watch_owner = run,
        .owner = run,
        .chardevs = parts->chardevs,
        .schema = &command_schema,
        .version = parts->options->qemu_name ? QEMU_VERSION : LPARUN_VERSION,
        .options = parts->options,
        .actions = &run->actions,
        .devices = parts->devices,
        .nodes = run->nodes,
        .fds = run->fds,
        .processors = parts->processors,
        .uuid = parts->uuid,
        .timeline = parts->timeline,
        .dumper = run->dumper };
    if (parts->clock && monitors && monitors->len > 0)
        rtas_clock_watch(parts->clock, tell_clock, run);
    if (parts->paused)
        begin_paused(run);
    if (open_monitors(run, monitors, error))
        return run;
    run_free(run);
    return NULL;
}

const MonitorMachine *run_machine(const Run *run)
{
    return &run->machine;
}

void run_free(Run *run)
{
    if (!run)
        return;
    stop_waiting(run);
    dumper_free(run->dumper);
    if (run->parts.clock)
        rtas_clock_watch(run->parts.clock, NULL, NULL);
    g_ptr_array_unref(run->monitors);
    g_ptr_array_unref(run->humans);
    nodes_free(run->nodes);
    fds_free(run->fds);
    timeline_watch(run->parts.timeline, NULL, NULL);
    g_free(run);
}

static void tell_end(const Run *run, RunEvent event, bool is_reset)
{
    // ShutdownCause in QEMU's schema, and whether it is the guest's doing.
    static const struct {
        const char *reason;
        bool by_guest;
    } causes[] = {
        [RUN_POWER_OFF] = { "guest-shutdown", true },
        [RUN_REBOOT] = { "guest-reset", true },
        [RUN_RESET] = { "host-qmp-system-reset", false },
        [RUN_PANICKED] = { "guest-panic", true },
        [RUN_FAILED] = { "host-error", false },
        [RUN_QUIT] = { "host-ui", false },
        [RUN_SIGNAL] = { "host-signal", false },
        [RUN_MONITOR_QUIT] = { "host-qmp-quit", false },
    };
    GVariantBuilder *data = command_object();
    command_add_bool(data, "guest", causes[event].by_guest);
    command_add_text(data, "reason", causes[event].reason);
    run_tell(run, is_reset ? "RESET" : "SHUTDOWN", command_end(data));
}

void run_tell_panic(const Run *run, Next next)
{
    static const char *const actions[] = {
        [NEXT_END] = "poweroff",
        [NEXT_PAUSE] = "pause",
        [NEXT_GO_ON] = "run",
    };
    tell_action(run, "GUEST_PANICKED", actions[next]);
}

static void panicked(Run *run, Next next)
{
    if (!run->panic_waits)
        run_tell_panic(run, next);
    run->panic_waits = false;
    if (next == NEXT_END) {
        tell_end(run, RUN_PANICKED, false);
        return;
    }
    if (next == NEXT_PAUSE)
        run_hold(run, HELD_PANIC);
    else if (!run->held)
        vcpu_set_release(run->parts.vcpus);
    run_end_hold(run, HELD_DUMP);
}

// From a reset, as it was before it: held, or running with the parts that were held for the reset.
static void came_back(Run *run)
{
    run->panic_waits = false; // for nothing any more
    run_end_hold(run, HELD_DUMP);
    run->held = run->held & ~(unsigned)HELD_RESTART ? HELD_RESET : 0;
    if (!run->held)
        part_list_release(run->parts.list);
}

void run_came(Run *run, RunEvent event, Next next)
{
    if (event == RUN_PANICKED) {
        panicked(run, next);
        return;
    }
    if (event == RUN_DEBUG) {
        run_hold(run, HELD_DEBUG);
        return;
    }
    tell_end(run, event, next == NEXT_RESET);
    if (next == NEXT_PAUSE)
        run_hold(run, HELD_SHUTDOWN);
    else if (next == NEXT_RESET)
        came_back(run);
}

static WatchdogAction asked_for(WatchdogExpiry what)
{
    switch (what) {
    case WATCHDOG_POWER_OFF_HARD:
        return WATCHDOG_POWEROFF;
    case WATCHDOG_RESTART_DUMP:
        return WATCHDOG_INJECT_NMI;
    default:
        return WATCHDOG_RESET;
    }
}

void run_watchdog(Run *run, WatchdogExpiry what)
{
    timeline_mark(run->parts.timeline, TIMELINE_WATCHDOG);
    WatchdogAction action = run->actions.watchdog;
    if (action == WATCHDOG_AS_ASKED)
        action = asked_for(what);
    tell_action(run, "WATCHDOG", actions_watchdog_name(action));
    switch (action) {
    case WATCHDOG_RESET:
        ask(run, RUN_REBOOT);
        break;
    case WATCHDOG_POWEROFF:
        ask(run, RUN_POWER_OFF);
        break;
    case WATCHDOG_SHUTDOWN:
        obey(run, ORDER_POWER_DOWN);
        break;
    case WATCHDOG_INJECT_NMI:
        inject_nmi(run);
        break;
    case WATCHDOG_PAUSE:
        run_hold(run, HELD_WATCHDOG);
        break;
    default:
        break;
    }
}

static void free_part(void *part)
{
    run_free(part);
}

const PartOps run_part = { .kind = "run", .free = free_part };

// --- Until the end.

// No vCPU runs from here on, and once this is true no device writes to memory.
static bool stand_still(Run *run)
{
    run->held |= HELD_RESTART;
    vcpu_set_park_all(run->parts.vcpus);
    return part_list_hold(run->parts.list);
}

// Everything back to the state after power-on, then all that the guest starts from again.
static bool restart(Run *run, GError **error)
{
    if (part_list_reset(run->parts.list, error) && run->parts.load(run->parts.owner, error))
        return true;
    run_came(run, RUN_FAILED, NEXT_END); // a file that was cut short meanwhile, say
    return false;
}

// The guest's own ways to end a round, and the monitor's. Told at once: it may be the last that is.
void run_mark(const Run *run, const RunRequest *request)
{
    static const TimelineMark marks[] = {
        [RUN_POWER_OFF] = TIMELINE_POWER_OFF,
        [RUN_REBOOT] = TIMELINE_REBOOT,
        [RUN_RESET] = TIMELINE_RESET,
        [RUN_PANICKED] = TIMELINE_PANIC,
    };
    if (request->event < G_N_ELEMENTS(marks))
        timeline_set(run->parts.timeline, marks[request->event], request->at, request->text);
    timeline_flush(run->parts.timeline);
}

static bool again(Run *run, Next *next)
{
    run_queue_repeat(run->parts.queue);
    *next = NEXT_GO_ON;
    return true;
}

// Does what follows on `request`, or has it come again. False with `error`.
static bool serve(Run *run, const RunRequest *request, Next *then, GError **error)
{
    RunEvent event = request->event;
    Next next = *then;
    if (run_must_wait(run, request, next))
        return again(run, then);
    if (next == NEXT_RESET) {
        if (!stand_still(run)) // a disk has something under way: others are heard meanwhile
            return again(run, then);
        if (!restart(run, error))
            return false;
        run_queue_reset(run->parts.queue);
    } else if (next == NEXT_PAUSE) {
        vcpu_set_hold(run->parts.vcpus);
        run_queue_drop(run->parts.queue, event); // by another vCPU, meanwhile
    }
    run_mark(run, request);
    run_came(run, event, next);
    if (next == NEXT_RESET)
        run->parts.start(run->parts.owner);
    return true;
}

enum { STATUS_DONE = 0, STATUS_GUEST_FAILED = 4, STATUS_SIGNAL = 128 };

// The exit status that the last event leads to.
static int verdict(const Run *run, const RunRequest *last, GError **error)
{
    switch (last->event) {
    case RUN_PANICKED:
        g_set_error(error, LPARUN_ERROR, STATUS_GUEST_FAILED, "the guest panicked: %s", last->text);
        return STATUS_GUEST_FAILED;
    case RUN_FAILED:
        g_set_error(error, LPARUN_ERROR, STATUS_GUEST_FAILED, "%s", last->text);
        return STATUS_GUEST_FAILED;
    case RUN_SIGNAL:
        return STATUS_SIGNAL + run->signal;
    default:
        return STATUS_DONE;
    }
}

int run_until_end(Run *run, GError **error)
{
    const RunRequest *request;
    Next next;
    run->parts.start(run->parts.owner);
    do {
        request = run_queue_await(run->parts.queue);
        next = actions_next(&run->actions, request->event);
        if (!serve(run, request, &next, error))
            return (*error)->code;
    } while (next != NEXT_END);
    return verdict(run, request, error);
}

void run_signal(Run *run, int number)
{
    run->signal = number;
    ask(run, RUN_SIGNAL);
}
