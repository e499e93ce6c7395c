// Modules: what few starts need, and would cost all of them. lparun-qmp.so has what needs json-glib
// (monitor.h says why it is one), lparun-sandbox.so what needs libseccomp.
#pragma once
#include "json_module.h"
#include "monitor.h"

// How what a module has begins.
typedef struct Module {
    const char *version; // LPARUN_VERSION: both sides are of one build
} Module;

// The module's struct of this name, which begins as Module does, of lparun-NAME.so. `option` is for messages.
// NULL and `error`: it is not there, or another build's.
const void *module_find(const char *file, const char *name, const char *option, GError **error);

// What lparun-qmp.so has under the name "qmp_module".
typedef struct QmpModule {
    const char *version; // as Module's
    Monitor *(*open)(
        const char *path, const Command *const *tables, const MonitorMachine *machine, GError **error);
    void (*tell)(Monitor *monitor, const MonitorEvent *event);
    void (*close)(Monitor *monitor);
    bool (*read_json)(const char *text, JsonEach *each, void *data, GError **error);
} QmpModule;

const QmpModule *module_load(const char *option, GError **error);
