// What a monitor may do with the machine, and what it is told of it.
#pragma once
#include "actions.h"
#include "lparun/part.h"
#include "lparun/rtas_events.h"
#include "lparun/vcpu.h"
#include "lparun/watchdog.h"
#include "monitor.h"

typedef struct Control Control;

typedef struct ControlParts {
    VcpuSet *vcpus;
    RtasEvents *events;
    PartList *list;
    WatchdogAction watchdog_action;
    MachineControl machine;
    uint32_t timebase; // Hz
    unsigned threads;  // a core
} ControlParts;

// With a monitor on a socket at `path`; NULL: without one. NULL and `error` when it cannot be. On the main
// thread, as all of this.
Control *control_new(const ControlParts *parts, const char *path, GError **error);
void control_free(Control *control);
extern const PartOps control_part;
// `event` has come and `next` follows: after NEXT_RESET the reset is done and the guest not started yet.
void control_came(Control *control, MachineEvent event, Next next);
// A watchdog of the guest's has expired: does what -action says of that.
void control_watchdog(Control *control, WatchdogExpiry what);
