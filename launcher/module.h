// The module lparun-qmp.so, which has what needs json-glib (monitor.h says why it is one).
#pragma once
#include "json_module.h"
#include "monitor.h"

// What the module has under the name "qmp_module".
typedef struct QmpModule {
    const char *version; // LPARUN_VERSION: both sides are of one build
    Monitor *(*open)(
        const char *path, const Command *const *tables, const MonitorMachine *machine, GError **error);
    void (*tell)(Monitor *monitor, const MonitorEvent *event);
    void (*close)(Monitor *monitor);
    bool (*read_json)(const char *text, JsonEach *each, void *data, GError **error);
} QmpModule;

// `option` is for messages. NULL and `error`: it is not there, or another build's.
const QmpModule *module_load(const char *option, GError **error);
