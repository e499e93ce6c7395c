// The monitor, by its module.
#include "monitor.h"
#include "module.h"

static const QmpModule *module;

Monitor *monitor_open(
    const char *path, const Command *const *tables, const MonitorMachine *machine, GError **error)
{
    module = module_load("-qmp", error);
    return module ? module->open(path, tables, machine, error) : NULL;
}

void monitor_tell(Monitor *monitor, const MonitorEvent *event)
{
    module->tell(monitor, event);
}

void monitor_close(Monitor *monitor)
{
    if (monitor)
        module->close(monitor);
}
