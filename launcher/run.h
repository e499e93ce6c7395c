// The run: whether the machine runs and why not, what is asked of it, and what follows.
#pragma once
#include "actions.h"
#include "lparun/memory.h"
#include "lparun/part.h"
#include "lparun/rtas_events.h"
#include "lparun/vcpu.h"
#include "lparun/watchdog.h"
#include "monitor.h"
#include "run_queue.h"

typedef struct Run Run;

typedef struct RunParts {
    VcpuSet *vcpus;
    GuestMemory *memory;
    const struct Mmu *mmu;
    RtasEvents *events;
    PartList *list;
    KvmVm *vm;
    struct RtasClock *clock; // or NULL
    struct Devices *devices; // for the monitor, as the next
    struct Timeline *timeline;
    struct Vtys *vtys;
    struct Chardevs *chardevs;
    struct HypercallTable *hypercalls;
    const struct Options *options; // `actions` of them is where the run's own begin
    const struct Cpus *processors;
    const char *uuid;
    RunQueue *queue;
    RunAsk ask;        // the queue's
    uint32_t timebase; // Hz
    unsigned threads;  // a core
    bool paused;       // -S: it does not run until the monitor, or a debugger, lets it
    // After a reset: puts what the guest starts from into memory, and lets it start. False and `error` ends
    // the run.
    bool (*load)(void *owner, GError **error);
    void (*start)(void *owner);
    void *owner;
} RunParts;

// Why the machine does not run: all that hold it, until each lets go. A reset leaves one of them, HELD_RESET.
typedef enum {
    HELD_MONITOR = 1 << 0,  // `stop`
    HELD_RESET = 1 << 1,    // reset while it was held, or -S
    HELD_WATCHDOG = 1 << 2, // -action watchdog=pause
    HELD_PANIC = 1 << 3,    // -action panic=pause
    HELD_SHUTDOWN = 1 << 4, // -action shutdown=pause: only a reset leads on
    HELD_DEBUG = 1 << 5,    // a debugger's breakpoint
    HELD_RESTART = 1 << 6,  // a reset is under way; `cont` does not end this one
    HELD_DUMP = 1 << 7,     // a core is written, or what follows on a panic waits for one
} RunHold;

// With these monitors (MonitorOptions). NULL and `error` when one cannot be. On the main thread, as all of
// this.
Run *run_new(const RunParts *parts, const GPtrArray *monitors, GError **error);
void run_free(Run *run);
extern const PartOps run_part;
// Lets the guest start and serves what is asked for until the end. Returns the program's exit status; `error`
// where it is for a person to read.
int run_until_end(Run *run, GError **error);
// A signal wants the end.
void run_signal(Run *run, int number);
// `event` has come and `next` follows: after NEXT_RESET the reset is done and the guest not started yet.
void run_came(Run *run, RunEvent event, Next next);
// A watchdog of the guest's has expired: does what -action says of that.
void run_watchdog(Run *run, WatchdogExpiry what);
// What holds the machine, RunHold's bits; 0: it runs.
unsigned run_held(const Run *run);
MonitorState run_state(const Run *run);
// What monitors may ask of it.
const MonitorMachine *run_machine(const Run *run);
// For a debugger: holds the machine, and lets it go on as the monitor's `cont` does. False: only a reset
// leads on.
void run_hold(Run *run, RunHold why);
bool run_go_on(Run *run);
// `heard` gets the name of all that monitors are told of.
void run_listen(Run *run, void (*heard)(void *owner, const char *event), void *owner);
