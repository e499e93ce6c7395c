// A monitor without commands.
#include "command.h"

const Command *const command_tables[] = { NULL };
const CommandSchema command_schema = { 0 };
