// The monitor, by its module.
#include "monitor.h"
#include "module.h"

static const QmpModule *module;

// The module has no other way to them.
static const QmpChardev functions = {
    .attach = chardev_attach,
    .detach = chardev_detach,
    .put = chardev_put,
    .more = chardev_more,
    .drop = chardev_drop,
};

static int take_descriptor(void *owner)
{
    return chardev_take_descriptor(owner);
}

Monitor *monitor_open(Chardev *chardev, const char *option, bool pretty, const Command *const *tables,
    const MonitorMachine *machine, GError **error)
{
    MonitorMachine own = *machine;
    const QmpSetup setup = {
        .chardev = chardev, .functions = &functions, .pretty = pretty, .tables = tables, .machine = &own
    };
    own.take_descriptor = take_descriptor;
    own.descriptor_owner = chardev;
    if (!(module = module_load(option, error)))
        return NULL;
    Monitor *monitor = module->open(&setup, error);
    if (!monitor)
        g_prefix_error(error, "%s: ", option);
    return monitor;
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
