// A machine for tests of the monitor: it notes what is asked of it.
#pragma once
#include "command.h"

typedef struct FakeMachine {
    unsigned orders[MONITOR_ORDERS]; // how often each was given
    unsigned cpus;
    bool watched;              // a client wants to hear of marks
    int watches;               // as many do
    MonitorState state;        // RUNNING: by the orders
    const char *refusal;       // of every order, or NULL
    MonitorMachine operations; // for the monitor
} FakeMachine;

// The commands that steer a run, and what asks for vCPUs and looks at them; `more` of a test's own, or an
// empty table.
extern const Command *fake_machine_tables[];

void fake_machine_init(FakeMachine *machine);
