// The command: run, heard to its end, and what it leaves behind ended.
#pragma once
#include "order.h"
#include <stdint.h>

typedef struct CommandEnd {
    uint32_t killed; // 1: by a signal
    uint32_t value;  // exit status or signal
    uint64_t lost;   // bytes of output that the disk had no room for
} CommandEnd;

// One that cannot be started ends the guest.
CommandEnd command_run(const Order *order);
