// Commands that steer the run.
#include "../actions.h"
#include "../command.h"

static GVariant *obey(const MonitorMachine *machine, MonitorOrder order, GError **error)
{
    const char *why = machine->obey(machine->owner, order);
    if (!why)
        return command_nothing();
    command_refuse(error, "%s", why);
    return NULL;
}

#define ORDER(name, order)                                                                                   \
    static GVariant *name(const MonitorMachine *machine, GVariant *arguments, GError **error)                \
    {                                                                                                        \
        return obey(machine, order, error);                                                                  \
    }
ORDER(cont, ORDER_RESUME)
ORDER(inject_nmi, ORDER_INJECT_NMI)
ORDER(quit, ORDER_QUIT)
ORDER(stop, ORDER_STOP)
ORDER(system_powerdown, ORDER_POWER_DOWN)
ORDER(system_reset, ORDER_RESET)

// RunState, as far as the machine can be in one.
static const Word states[] = {
    { "running", STATE_RUNNING },
    { "paused", STATE_PAUSED },
    { "prelaunch", STATE_PRELAUNCH },
    { "shutdown", STATE_SHUTDOWN },
    { "guest-panicked", STATE_PANICKED },
    { "watchdog", STATE_WATCHDOG },
    { "debug", STATE_DEBUG },
    { "save-vm", STATE_SAVE_VM },
    { 0 },
};

static GVariant *query_status(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    MonitorState state = machine->state(machine->owner);
    GVariantBuilder *status = command_object();
    command_add_bool(status, "running", state == STATE_RUNNING);
    command_add_text(status, "status", words_name(states, (int)state));
    return command_end(status);
}

extern const Command run_commands[];
const Command run_commands[] = {
    { "cont", cont },
    { "inject-nmi", inject_nmi },
    { "query-status", query_status, NULL, "StatusInfo" },
    { "quit", quit },
    { "stop", stop },
    { "system_powerdown", system_powerdown },
    { "system_reset", system_reset },
    { 0 },
};

extern const CommandType run_types[];
const CommandType run_types[] = {
    { "RunState", .word_rows = states },
    { "StatusInfo", "running:bool status:RunState" },
    { "ShutdownCause",
        .words = "host-error host-qmp-quit host-qmp-system-reset host-signal host-ui guest-shutdown "
                 "guest-reset guest-panic" },
    { "GuestPanicAction", .words = "pause poweroff run" },
    { "WatchdogAction", .word_rows = actions_watchdog_words },
    { 0 },
};
