// A machine for tests of the monitor: it notes what is asked of it.
#pragma once
#include "monitor.h"

typedef struct FakeMachine {
    unsigned orders[MONITOR_ORDERS]; // how often each was given
    unsigned cpus;
    MonitorState state;  // RUNNING: by the orders
    const char *refusal; // of every order, or NULL
    MonitorMachine operations; // for the monitor
} FakeMachine;

void fake_machine_init(FakeMachine *machine);
