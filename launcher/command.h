// Commands of the monitor: names, arguments and results as QEMU's schema has them (qapi/*.json).
//
// A command is a row and a function, in a file of launcher/commands/. The monitor checks what the client sent
// against the row before it calls the function, and knows no command by itself but those of the conversation.
#pragma once
#include "monitor.h"

typedef enum { ARGUMENT_TEXT, ARGUMENT_INTEGER, ARGUMENT_SWITCH } ArgumentType;

typedef struct CommandArgument {
    const char *name;
    ArgumentType type;
    bool needed;
} CommandArgument; // a table ends with a name of NULL

struct Command {
    const char *name;
    // Returns a value, a{sv} or av for objects and lists, ay for JSON as text, or NULL with `error`, whose
    // message the client gets. `arguments` is a{sv} of s, x and b: those of the row, needed ones certainly.
    // On the main thread.
    GVariant *(*run)(const MonitorMachine *machine, GVariant *arguments, GError **error);
    const CommandArgument *arguments; // NULL: it takes none
};                                    // a table ends with a name of NULL

// The tables, up to a NULL: one a file of launcher/commands/.
extern const Command *const command_tables[];

// {} of a command that says nothing more.
GVariant *command_nothing(void);
// False and `error`, for the client: what it asked for cannot be.
bool command_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

// To build objects: `GVariantDict` of GLib, with the members in the order in which they were added.
GVariantBuilder *command_object(void);
void command_add(GVariantBuilder *object, const char *name, GVariant *value);
GVariant *command_end(GVariantBuilder *object);
// And lists, of values as above.
GVariantBuilder *command_list(void);
void command_append(GVariantBuilder *list, GVariant *value);
