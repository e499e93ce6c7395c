// The files of commands.
#include "../command.h"

#define COMMAND_FILES(row) row(run) row(machine) row(look) row(block)

#define DECLARE(name) extern const Command name##_commands[];
#define ADDRESS(name) name##_commands,
COMMAND_FILES(DECLARE)
const Command *const command_tables[] = { COMMAND_FILES(ADDRESS) NULL };
