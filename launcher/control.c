// Stop, continue, reset, power button: what a monitor does, in terms of the machine's parts.
#include "control.h"

#define HOLD_AGAIN_MS 1

struct Control {
    ControlParts parts;
    Monitor *monitor; // or NULL
    MonitorState state;
    gint64 stopped_at; // microseconds of the monotonic clock
    guint holding;     // a source while parts are asked whether they are held, or 0
};

static void tell(const Control *control, MonitorEventKind kind, bool by_guest, const char *reason)
{
    const MonitorEvent event = { .kind = kind, .by_guest = by_guest, .reason = reason };
    if (control->monitor)
        monitor_tell(control->monitor, &event);
}

static void tell_action(const Control *control, MonitorEventKind kind, const char *action)
{
    const MonitorEvent event = { .kind = kind, .action = action };
    if (control->monitor)
        monitor_tell(control->monitor, &event);
}

static MonitorState state(void *owner)
{
    const Control *control = owner;
    return control->state;
}

// STOP is told when all stands still, disks with what they were doing included.
static gboolean tell_stopped(gpointer data)
{
    Control *control = data;
    if (!part_list_hold(control->parts.list))
        return G_SOURCE_CONTINUE;
    control->holding = 0;
    tell(control, MONITOR_STOP, false, NULL);
    return G_SOURCE_REMOVE;
}

static void stop(Control *control, MonitorState why)
{
    bool was_running = control->state == STATE_RUNNING;
    if (why != STATE_PAUSED || was_running)
        control->state = why;
    if (!was_running)
        return;
    vcpu_set_hold(control->parts.vcpus); // before the time is noted: their clock ran until then
    control->stopped_at = g_get_monotonic_time();
    if (tell_stopped(control) == G_SOURCE_CONTINUE)
        control->holding = g_timeout_add(HOLD_AGAIN_MS, tell_stopped, control);
}

static void stop_waiting(Control *control)
{
    if (control->holding)
        g_source_remove(control->holding);
    control->holding = 0;
}

static void resume(Control *control)
{
    if (control->state == STATE_RUNNING)
        return;
    if (control->holding) // a disk that has not come to its end goes on with it
        tell(control, MONITOR_STOP, false, NULL);
    stop_waiting(control);
    double seconds = (double)(g_get_monotonic_time() - control->stopped_at) / G_USEC_PER_SEC;
    vcpu_set_step_back(control->parts.vcpus, (uint64_t)(seconds * control->parts.timebase));
    control->state = STATE_RUNNING;
    tell(control, MONITOR_RESUME, false, NULL);
    part_list_release(control->parts.list);
}

static void request(const Control *control, MachineEvent event)
{
    control->parts.machine.request(control->parts.machine.owner, event, NULL);
}

static void inject_nmi(const Control *control)
{
    vcpu_set_system_reset(control->parts.vcpus, NULL);
}

static const char *obey(void *owner, MonitorOrder order)
{
    Control *control = owner;
    switch (order) {
    case ORDER_STOP:
        stop(control, STATE_PAUSED);
        break;
    case ORDER_RESUME:
        if (control->state == STATE_SHUTDOWN)
            return "Resetting the Virtual Machine is required";
        resume(control);
        break;
    case ORDER_RESET:
        request(control, MACHINE_RESET);
        break;
    case ORDER_POWER_DOWN:
        rtas_events_press_power_button(control->parts.events);
        tell(control, MONITOR_POWERDOWN, false, NULL);
        break;
    case ORDER_INJECT_NMI:
        inject_nmi(control);
        break;
    case ORDER_QUIT:
        request(control, MACHINE_MONITOR_QUIT);
        break;
    case MONITOR_ORDERS:
        g_assert_not_reached();
    }
    return NULL;
}

static unsigned cpus(void *owner)
{
    const Control *control = owner;
    return vcpu_set_count(control->parts.vcpus);
}

static MonitorCpu cpu(void *owner, unsigned index)
{
    const Control *control = owner;
    const Vcpu *vcpu = vcpu_set_at(control->parts.vcpus, index);
    unsigned core = index - index % control->parts.threads; // QEMU's core-id
    return (MonitorCpu){ .index = index, .core = core, .thread_id = vcpu_thread_id(vcpu) };
}

Control *control_new(const ControlParts *parts, const char *path, GError **error)
{
    Control *control = g_new0(Control, 1);
    control->parts = *parts;
    const MonitorMachine machine = {
        .state = state, .obey = obey, .cpus = cpus, .cpu = cpu, .owner = control
    };
    if (!path || (control->monitor = monitor_open(path, &machine, error)))
        return control;
    control_free(control);
    return NULL;
}

void control_free(Control *control)
{
    if (!control)
        return;
    stop_waiting(control);
    monitor_close(control->monitor);
    g_free(control);
}

static void tell_end(const Control *control, MachineEvent event, bool is_reset)
{
    // ShutdownCause in QEMU's schema, and whether it is the guest's doing.
    static const struct {
        const char *reason;
        bool by_guest;
    } causes[] = {
        [MACHINE_POWER_OFF] = { "guest-shutdown", true },
        [MACHINE_REBOOT] = { "guest-reset", true },
        [MACHINE_RESET] = { "host-qmp-system-reset", false },
        [MACHINE_PANICKED] = { "guest-panic", true },
        [MACHINE_FAILED] = { "host-error", false },
        [MACHINE_QUIT] = { "host-ui", false },
        [MACHINE_SIGNAL] = { "host-signal", false },
        [MACHINE_MONITOR_QUIT] = { "host-qmp-quit", false },
    };
    tell(control, is_reset ? MONITOR_RESET : MONITOR_SHUTDOWN, causes[event].by_guest, causes[event].reason);
}

static void panicked(Control *control, Next next)
{
    static const char *const actions[] = {
        [NEXT_END] = "poweroff",
        [NEXT_PAUSE] = "pause",
        [NEXT_GO_ON] = "run",
    };
    tell_action(control, MONITOR_PANICKED, actions[next]);
    if (next == NEXT_END)
        tell_end(control, MACHINE_PANICKED, false);
    else if (next == NEXT_PAUSE)
        stop(control, STATE_PANICKED);
    else if (control->state == STATE_RUNNING)
        vcpu_set_release(control->parts.vcpus);
}

void control_came(Control *control, MachineEvent event, Next next)
{
    if (event == MACHINE_PANICKED) {
        panicked(control, next);
        return;
    }
    tell_end(control, event, next == NEXT_RESET);
    if (next == NEXT_PAUSE)
        stop(control, STATE_SHUTDOWN);
    else if (next == NEXT_RESET && control->state != STATE_RUNNING)
        control->state = STATE_PRELAUNCH;
    else if (next == NEXT_RESET)
        part_list_release(control->parts.list); // held for the reset
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

void control_watchdog(Control *control, WatchdogExpiry what)
{
    WatchdogAction action = control->parts.watchdog_action;
    if (action == WATCHDOG_AS_ASKED)
        action = asked_for(what);
    tell_action(control, MONITOR_WATCHDOG, actions_watchdog_name(action));
    switch (action) {
    case WATCHDOG_RESET:
        request(control, MACHINE_REBOOT);
        break;
    case WATCHDOG_POWEROFF:
        request(control, MACHINE_POWER_OFF);
        break;
    case WATCHDOG_SHUTDOWN:
        obey(control, ORDER_POWER_DOWN);
        break;
    case WATCHDOG_INJECT_NMI:
        inject_nmi(control);
        break;
    case WATCHDOG_PAUSE:
        stop(control, STATE_WATCHDOG);
        break;
    default:
        break;
    }
}

static void free_part(void *part)
{
    control_free(part);
}

const PartOps control_part = { .kind = "monitor", .free = free_part };
