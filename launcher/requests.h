// What is asked of the main thread: that the run ends, starts again or stands still.
#pragma once
#include "lparun/machine.h"
#include "lparun/vcpu.h"

typedef struct Requests Requests;

typedef struct Request {
    MachineEvent event;
    char *text; // says more, or NULL
} Request;

// A panic holds `vcpus`.
Requests *requests_new(VcpuSet *vcpus);
void requests_free(Requests *requests);

// For the parts of the machine; MachineControl says what it promises.
MachineControl requests_control(Requests *requests);

// Serves the main context's sources, once at least, until something is asked for. The answer is there until
// the next call. The main thread.
const Request *requests_await(Requests *requests);

// What was asked for last cannot be done yet: it is asked for again, a millisecond later and behind what
// waits then. After it the answer of requests_await() is gone. The main thread.
void requests_repeat(Requests *requests);

// What waits of this event is done already. The main thread, while no vCPU runs.
void requests_drop(Requests *requests, MachineEvent event);
// After a reset of the machine: only the user's wish to quit is left. The main thread, while no vCPU runs.
void requests_reset(Requests *requests);
