// What is asked of the main thread: that the run ends, starts again or stands still.
#pragma once
#include "lparun/run.h"
#include "lparun/vcpu.h"
#include <glib.h>

typedef struct RunQueue RunQueue;

typedef struct RunRequest {
    RunEvent event;
    char *text; // says more, or NULL
    gint64 at;  // when it was asked for: microseconds of the monotonic clock
} RunRequest;

// A panic holds `vcpus`.
RunQueue *run_queue_new(VcpuSet *vcpus);
void run_queue_free(RunQueue *queue);

// For the parts of the machine; RunAsk says what it promises.
RunAsk run_queue_ask(RunQueue *queue);

// Serves the main context's sources, once at least, until something is asked for. The answer is there until
// the next call. The main thread.
const RunRequest *run_queue_await(RunQueue *queue);

// Is there something that was asked for? Any thread.
bool run_queue_has(RunQueue *queue);

// What was asked for last cannot be done yet: it is asked for again, a millisecond later and behind what
// waits then. After it the answer of run_queue_await() is gone. The main thread.
void run_queue_repeat(RunQueue *queue);

// What waits of this event is done already. The main thread, while no vCPU runs.
void run_queue_drop(RunQueue *queue, RunEvent event);
// After a reset of the machine: only the user's wish to quit is left. The main thread, while no vCPU runs.
void run_queue_reset(RunQueue *queue);
