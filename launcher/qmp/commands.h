// The commands of QMP that lparun has: names, arguments and results as QEMU's schema has them (qapi/*.json).
#pragma once
#include "../monitor.h"
#include <json-glib/json-glib.h>

#define QMP_ERROR (qmp_error_quark())
typedef enum { QMP_GENERIC, QMP_COMMAND_NOT_FOUND } QmpError; // QapiErrorClass, as far as it is used
GQuark qmp_error_quark(void);

// Either of these; qmp_capabilities, which is the session's own, has neither.
typedef struct Command {
    const char *name;
    JsonNode *(*query)(const MonitorMachine *machine);
    bool is_order;
    MonitorOrder order;
} Command;

// NULL for a name that is no command's.
const Command *command_find(const char *name);
// `arguments` may be NULL. False and `error` when the command does not take them.
bool command_check(const Command *command, JsonObject *arguments, GError **error);
bool command_negotiates(const Command *command);
// Returns the result, or NULL and `error` when the machine refuses.
JsonNode *command_run(const Command *command, const MonitorMachine *machine, GError **error);
// VersionInfo, for the greeting too.
JsonNode *command_version(void);
