// Commands that steer the run.
#include "../command.h"
#include "lparun/words.h"

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

static GVariant *query_status(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    static const Word states[] = {
        { "running", STATE_RUNNING },
        { "paused", STATE_PAUSED },
        { "prelaunch", STATE_PRELAUNCH },
        { "shutdown", STATE_SHUTDOWN },
        { "guest-panicked", STATE_PANICKED },
        { "watchdog", STATE_WATCHDOG },
        { 0 },
    };
    MonitorState state = machine->state(machine->owner);
    GVariantBuilder *status = command_object();
    command_add(status, "running", g_variant_new_boolean(state == STATE_RUNNING));
    command_add(status, "status", g_variant_new_string(words_name(states, (int)state)));
    return command_end(status);
}

extern const Command run_commands[];
const Command run_commands[] = {
    { "cont", cont },
    { "inject-nmi", inject_nmi },
    { "query-status", query_status },
    { "quit", quit },
    { "stop", stop },
    { "system_powerdown", system_powerdown },
    { "system_reset", system_reset },
    { 0 },
};
