// Commands of the monitor: names, arguments and results as QEMU's schema has them (qapi/*.json).
//
// A command is a row and a function, in a file of launcher/commands/. The monitor checks what the client sent
// against the row before it calls the function, and knows no command by itself but those of the conversation.
// query-qmp-schema is made of the same rows.
#pragma once
#include "lparun/words.h"
#include "monitor.h"

// An answer that comes later, made by the monitor. The client's next request waits for it.
typedef struct CommandLater CommandLater;
struct CommandLater {
    // Gives it, once, at once or later: `value` as Command.run's, or NULL with `error`. Frees `later`, also
    // where the client has left. On the main thread.
    void (*answer)(CommandLater *later, GVariant *value, const GError *error);
};

// Types are written as text: str, int, size (an int of bytes), number, bool, null, any; the name of a row in
// a table of types; [TYPE], a list. Members of an object, with spaces between: "device:str size?:int"; those
// with a question mark can be left out. launcher/qmp/types.h reads it.
struct Command {
    const char *name;
    // Returns a value, a{sv} or av for objects and lists, ay for JSON as text, or NULL with `error`, which
    // the client gets. `arguments` is a{sv} of the row's members, needed ones certainly: s, x, b and d, a{sv}
    // for an object and av for a list. On the main thread.
    GVariant *(*run)(const MonitorMachine *machine, GVariant *arguments, GError **error);
    const char *arguments; // members; NULL: it takes none
    const char *result;    // a type; NULL: an object without members
    bool takes_more;       // members that are not told: each as `any`
    const char *features;  // with spaces between, or NULL
    // In place of `run`, of what takes long: takes `later`. False with `error`, which is the answer: then it
    // has not taken it.
    bool (*begin)(const MonitorMachine *machine, GVariant *arguments, CommandLater *later, GError **error);
}; // a table ends with a name of NULL

// A type that has a name: of the rows below `name` one is there.
typedef struct CommandType {
    const char *name;
    const char *members;   // of an object; "" for none
    const char *words;     // of an enumeration, with spaces between
    const Word *word_rows; // the same, where the code that takes them has a table
    const char *either;    // of an alternate: types, of different kinds in JSON, with spaces between
    const char *tag,
        *members_by; // an object has more members by the word that `tag` is: "raw:TYPE file:TYPE"
    const char *features;
} CommandType; // a table ends with a name of NULL

typedef struct CommandEvent {
    const char *name, *data; // members, or NULL
} CommandEvent;              // a table ends with a name of NULL

// What QEMU has and lparun has not: to a client it is a command that is not there, with the reason.
typedef struct CommandRefused {
    const char *name, *why;
} CommandRefused; // a table ends with a name of NULL

// What the rows' texts refer to, and what the machine may tell.
struct CommandSchema {
    const CommandType *const *types; // tables, up to a NULL
    const CommandEvent *events;
    const CommandRefused *refused;
};

// The tables, up to a NULL: one a file of launcher/commands/.
extern const Command *const command_tables[];
extern const CommandSchema command_schema;

// QapiErrorClass, as far as it is used.
typedef enum {
    CLASS_GENERIC,
    CLASS_COMMAND_NOT_FOUND,
    CLASS_DEVICE_NOT_ACTIVE,
    CLASS_DEVICE_NOT_FOUND,
    COMMAND_CLASSES
} CommandClass;
// An error of this domain has a class as its code; all others are CLASS_GENERIC.
#define COMMAND_ERROR (command_error_quark())
GQuark command_error_quark(void);

// {} of a command that says nothing more.
GVariant *command_nothing(void);
// False and `error`, for the client: what it asked for cannot be.
bool command_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
bool command_refuse_as(CommandClass class, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

// To build objects: `GVariantDict` of GLib, with the members in the order in which they were added.
GVariantBuilder *command_object(void);
void command_add(GVariantBuilder *object, const char *name, GVariant *value);
void command_add_text(GVariantBuilder *object, const char *name, const char *text); // NULL: it is left out
void command_add_int(GVariantBuilder *object, const char *name, gint64 value);
void command_add_bool(GVariantBuilder *object, const char *name, bool value);
GVariant *command_end(GVariantBuilder *object);
// And lists, of values as above.
GVariantBuilder *command_list(void);
void command_append(GVariantBuilder *list, GVariant *value);
// An argument's text, which is the arguments'; NULL: it is not there.
const char *command_text(GVariant *arguments, const char *name);
gint64 command_number(GVariant *arguments, const char *name, gint64 otherwise);
bool command_switch(GVariant *arguments, const char *name, bool otherwise);
// The vCPU that "cpu-index" says, or the first. False and `error`: there is none of that number.
bool command_cpu(const MonitorMachine *machine, GVariant *arguments, unsigned *cpu, GError **error);
// What a client may call what it adds: a letter, then letters, digits, -, . and _.
bool command_is_id(const char *text);
