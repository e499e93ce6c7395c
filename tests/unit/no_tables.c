// A monitor without commands.
#include "command.h"

const Command *const command_tables[] = { NULL };
