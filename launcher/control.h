// What a monitor may do with the machine, and what it is told of it.
#pragma once
#include "lparun/machine.h"
#include "lparun/rtas.h"
#include "lparun/vcpu.h"
#include "monitor.h"

typedef struct Control Control;

typedef struct ControlParts {
    VcpuSet *vcpus;
    RtasEvents *events;
    MachineControl machine;
    uint32_t timebase; // Hz
} ControlParts;

// With a monitor on a socket at `path`; NULL: without one. NULL and `error` when it cannot be. On the main
// thread, as all of this.
Control *control_new(const ControlParts *parts, const char *path, GError **error);
void control_free(Control *control);
// A round of the run has ended with `event`; after a reset the machine goes on.
void control_ended(Control *control, MachineEvent event, bool goes_on);
