// The commands that a client may give: found, and their arguments checked.
#pragma once
#include "../command.h"
#include <json-glib/json-glib.h>

// What a session serves.
typedef struct CommandSet {
    const Command *const *tables;
    const MonitorMachine *machine;
} CommandSet;

// NULL for a name that is no command's. qmp_capabilities, query-commands, query-qmp-schema and query-version
// are the conversation's own.
const Command *command_find(const CommandSet *set, const char *name);
// The one that ends the negotiation.
bool command_negotiates(const Command *command);
// `arguments` may be NULL. Returns the result, or NULL and `error`: arguments that the command does not take,
// or what the command says.
JsonNode *command_run(const CommandSet *set, const Command *command, JsonObject *arguments, GError **error);
// The same of a command that answers later: false and `error`, and `later` is not taken.
bool command_begin(const CommandSet *set, const Command *command, JsonObject *arguments, CommandLater *later,
    GError **error);
// Takes a value as commands return it.
JsonNode *command_json(GVariant *value);
// VersionInfo, for the greeting too.
JsonNode *command_version(const CommandSet *set);
