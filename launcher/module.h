// Modules: what few starts need, and would cost all of them. lparun-qmp.so has what needs json-glib
// (monitor.h says why it is one), lparun-sandbox.so what needs libseccomp.
#pragma once
#include "json_module.h"
#include "lparun/chardev.h"
#include "monitor.h"

// How what a module has begins.
typedef struct Module {
    const char *version; // LPARUN_VERSION: both sides are of one build
} Module;

// The module's struct of this name, which begins as Module does, of lparun-NAME.so. `option` is for messages.
// NULL and `error`: it is not there, or another build's.
const void *module_find(const char *file, const char *name, const char *option, GError **error);

// The functions of chardevs (lparun/chardev.h), which are the program's.
typedef struct QmpChardev {
    bool (*attach)(Chardev *chardev, const ChardevUser *user, GError **error);
    void (*detach)(Chardev *chardev, const void *owner);
    bool (*put)(Chardev *chardev, const uint8_t *bytes, size_t length);
    void (*more)(Chardev *chardev);
    void (*drop)(Chardev *chardev);
} QmpChardev;

typedef struct QmpSetup {
    Chardev *chardev;
    const QmpChardev *functions;
    bool pretty;
    const Command *const *tables;
    const MonitorMachine *machine; // copied
} QmpSetup;

// What lparun-qmp.so has under the name "qmp_module".
typedef struct QmpModule {
    const char *version; // as Module's
    Monitor *(*open)(const QmpSetup *setup, GError **error);
    void (*tell)(Monitor *monitor, const MonitorEvent *event);
    void (*close)(Monitor *monitor);
    bool (*read_json)(const char *text, JsonEach *each, void *data, GError **error);
} QmpModule;

const QmpModule *module_load(const char *option, GError **error);
