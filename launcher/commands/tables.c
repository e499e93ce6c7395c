// The files of commands.
#include "../command.h"

#define COMMAND_FILES(row)                                                                                   \
    row(run) row(machine) row(look) row(block) row(nodes) row(actions) row(about) row(absent) row(options)   \
        row(fds) row(objects) row(pci) row(qom) row(chardev) row(human) row(stats) row(dump)

#define DECLARE(name)                                                                                        \
    extern const Command name##_commands[];                                                                  \
    extern const CommandType name##_types[];
#define COMMANDS(name) name##_commands,
#define TYPES(name) name##_types,
COMMAND_FILES(DECLARE)
extern const CommandEvent command_events[];
extern const CommandRefused command_refused[];
const Command *const command_tables[] = { COMMAND_FILES(COMMANDS) NULL };
static const CommandType *const types[] = { COMMAND_FILES(TYPES) NULL };
const CommandSchema command_schema = { types, command_events, command_refused };
