// human-monitor-command (qapi/misc.json).
#include "../command.h"
#include "../hmp/hmp.h"

// Each is a monitor of its own: a vCPU that was chosen, or where x stood, is not kept.
static GVariant *human_monitor_command(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    Hmp hmp = { .machine = machine };
    if (!command_cpu(machine, arguments, &hmp.cpu, error))
        return NULL;
    g_autofree char *said = hmp_run(&hmp, command_text(arguments, "command-line"));
    g_autofree char *valid = g_utf8_make_valid(said, -1);
    return g_variant_new_string(valid);
}

extern const Command human_commands[];
const Command human_commands[] = {
    { "human-monitor-command", human_monitor_command, "command-line:str cpu-index?:int", "str" },
    { 0 },
};

extern const CommandType human_types[];
const CommandType human_types[] = { { 0 } };
