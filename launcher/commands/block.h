// What commands about disks and block nodes have in common.
#pragma once
#include "../command.h"
#include "lparun/block.h"

// BlockDeviceInfo of a node by this name; `readonly`: whoever uses it may not write.
GVariant *block_describe(const Block *block, const char *node, const char *driver, bool readonly);
