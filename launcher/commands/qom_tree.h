// The machine as a tree of objects with properties, by QEMU's names for them: what qom-list and qom-get see.
#pragma once
#include "../command.h"

typedef struct QomProperty {
    const char *name; // of a table, or of the tree's objects
    char *type;
    GVariant *value; // whose reference is its own
} QomProperty;

typedef struct QomObject {
    char *path, *name, *type;
    GPtrArray *children, *properties; // QomObject and QomProperty
    bool is_device;
} QomObject;

// Of this moment.
QomObject *qom_tree_new(const MonitorMachine *machine);
void qom_tree_free(QomObject *root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QomObject, qom_tree_free)

// What the schema calls a vCPU's object (g_free).
char *qom_cpu_path(const MonitorCpu *cpu);
