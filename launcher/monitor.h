// The monitor, which lets another program watch and steer the machine.
//
// It speaks QMP and lives in a module of its own, lparun-qmp.so, which is loaded when -qmp asks for it:
// json-glib brings GObject and GIO with it, which would cost every start a fifth more time and 1.4 MiB. The
// two sides share what is in this header and GLib, nothing else. All of it is called on the main thread.
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Monitor Monitor;
typedef struct Command Command; // command.h
typedef struct CommandSchema CommandSchema;

struct VcpuLook;
struct Chardev;
struct Chardevs;

typedef struct MonitorCpu {
    unsigned index, core, thread; // core: the index of its first vCPU; thread: in the core
    int thread_id;                // gettid
} MonitorCpu;

typedef struct MonitorConsole {
    uint64_t polls; // how often the guest asked for input
    size_t waiting; // bytes of input that it did not take yet
} MonitorConsole;

typedef enum {
    ORDER_STOP, // it and the next one tell the monitor before they return, where something changes
    ORDER_RESUME,
    ORDER_RESET, // the rest is only begun
    ORDER_POWER_DOWN,
    ORDER_INJECT_NMI,
    ORDER_QUIT,
    MONITOR_ORDERS
} MonitorOrder;

// Those that the machine can be in of QEMU's RunState. In all but the first no vCPU is in the guest.
typedef enum {
    STATE_RUNNING,
    STATE_PAUSED,    // by the monitor
    STATE_PRELAUNCH, // reset while it did not run, or never let go (-S)
    STATE_SHUTDOWN,  // powered off: only a reset leads on
    STATE_PANICKED,
    STATE_WATCHDOG,
    STATE_DEBUG,   // by a debugger's breakpoint
    STATE_SAVE_VM, // while a core is written
    MONITOR_STATES
} MonitorState;

// What a monitor may ask of the machine.
typedef struct MonitorMachine {
    MonitorState (*state)(void *owner);
    // Returns NULL, or one line that says why not.
    const char *(*obey)(void *owner, MonitorOrder order);
    unsigned (*cpus)(void *owner);
    MonitorCpu (*cpu)(void *owner, unsigned index);
    void (*look)(void *owner, struct VcpuLook *looks); // vcpu_set_look()
    MonitorConsole (*console)(void *owner);
    char *(*stats)(void *owner); // JSON (g_free)
    // KVM's own counts as it gives them, of the machine or of each vCPU (g_bytes_unref); NULL: none.
    void (*kvm_stats)(void *owner, bool of_vcpus, GBytes **counts);
    // A client wants X_LPARUN_MARK, or not any more: each says so once. The monitor says so when a client
    // leaves.
    void (*watch)(void *watch_owner, bool on);
    void *watch_owner; // a monitor has its own for its commands
    void *owner;
    const CommandSchema *schema;
    const char *version;           // "10.0.0", of QEMU where that is what the client expects
    const struct Options *options; // as the command line has them; the next ones may change
    struct Actions *actions;
    struct Devices *devices;
    struct Chardevs *chardevs;
    struct Nodes *nodes;
    struct Fds *fds;
    const struct Cpus *processors;
    struct Timeline *timeline;
    struct Dumper *dumper;
    const char *uuid; // as RTAS says it
    // The last descriptor that the client has handed over, which is the caller's from then on; -1: none.
    int (*take_descriptor)(void *descriptor_owner);
    void *descriptor_owner; // a monitor's own
} MonitorMachine;

// What the machine tells a monitor: QEMU's name for it, and an object of type a{sv} or NULL.
typedef struct MonitorEvent {
    const char *name;
    GVariant *data; // the one who tells keeps it
} MonitorEvent;

// Loads the module and speaks with whoever comes to the chardev, which outlives it. `option` is for messages;
// `pretty`: JSON with lines and indents. `tables` (command.h) has what it may be asked for. NULL and `error`:
// the chardev has a user, no module.
Monitor *monitor_open(struct Chardev *chardev, const char *option, bool pretty, const Command *const *tables,
    const MonitorMachine *machine, GError **error);
void monitor_tell(Monitor *monitor, const MonitorEvent *event);
void monitor_close(Monitor *monitor);
