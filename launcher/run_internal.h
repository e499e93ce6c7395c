// The run's own: launcher/run*.c only.
#pragma once
#include "dumper.h"
#include "run.h"

struct Run {
    RunParts parts;
    Actions actions;
    struct Nodes *nodes; // as the next one, the monitors'
    struct Fds *fds;
    GPtrArray *monitors; // of Monitor
    unsigned watchers;   // of them, that want to hear of marks
    GPtrArray *humans;   // of Human
    Dumper *dumper;
    bool panic_waits; // until a core is written, and has been told
    bool has_dumped;  // -action dump= is done
    MonitorMachine machine;
    unsigned held;     // RunHold's bits
    gint64 stopped_at; // microseconds of the monotonic clock
    guint holding;     // a source while parts are asked whether they are held, or 0
    int signal;        // that wants the end, or 0
    void (*heard)(void *owner, const char *event); // or NULL
    void *listener;
};

// In run.c. `data` is floating, or NULL.
void run_tell(const Run *run, const char *name, GVariant *data);
// Ends these reasons to stand still. A reset that is under way goes on, and the guest after it.
void run_end_hold(Run *run, unsigned why);
void run_tell_panic(const Run *run, Next next);
void run_mark(const Run *run, const RunRequest *request);

// In run_core.c.
Dumper *run_make_dumper(Run *run);
// What the guest asks for waits until no core is written; what the user asks for does not. The first panic
// waits for its own.
bool run_must_wait(Run *run, const RunRequest *request, Next next);

// In run_view.c: for MonitorMachine.
unsigned run_view_cpus(void *owner);
MonitorCpu run_view_cpu(void *owner, unsigned index);
void run_view_look(void *owner, VcpuLook *looks);
MonitorConsole run_view_console(void *owner);
char *run_view_stats(void *owner);
void run_view_kvm_stats(void *owner, bool of_vcpus, GBytes **counts);
