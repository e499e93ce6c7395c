// The machine from inside, for the files that make it; nobody else looks in here.
#pragma once
#include "devices.h"
#include "gdb/gdb.h"
#include "lparun/boot.h"
#include "lparun/cas.h"
#include "lparun/chardev.h"
#include "lparun/device_tree.h"
#include "lparun/logical_ci.h"
#include "lparun/rtas_nmi.h"
#include "lparun/vty.h"
#include "pseries.h"
#include "run.h"
#include "run_queue.h"
#include "signals.h"

struct Machine {
    const Options *options;
    PartList *parts; // what follows, in the order in which it was made, but for what is freed at the end
    KvmVm *vm;
    GuestMemory *memory;
    Bus *bus;
    InterruptController *interrupts;
    VcpuSet *vcpus;
    Mmu *mmu;
    Cas *cas;
    Cpus cpus;
    TreeSources tree;
    DmaWindow *dma;
    PciHost *pci;
    VirtioContext context; // of all its devices
    Devices *devices;
    Chardevs *chardevs;
    Vtys *vtys;
    Signals *signals; // during the run
    bool is_ended;    // before it began
    Nvram *nvram;
    HypercallTable *hypercalls;
    LogicalCi *logical_ci;
    RtasTable *rtas;
    RtasEvents *events;
    RtasClock *clock;
    RtasNmi *nmi;
    Run *run;
    Timeline *timeline;
    const BootWay *way;
    BootFiles files;
    BootImages boot;               // what is in memory since the last load()
    unsigned stride;               // between the first vCPU numbers of two cores
    unsigned starts;               // how often the guest was started
    const CompatLevel *max_compat; // the newest that the guest may have; NULL: the host's own processor
    MitigationAnswer mitigations;
    bool holds_mitigations; // they are not the host's own
    char *boot_list, *uuid, *host_model, *host_serial;
    RunQueue *queue;
    Gdb *gdb; // or NULL
};

// False, and nothing added, where there is no `part`.
bool machine_add(Machine *machine, const PartOps *ops, void *part);
// Any thread.
void machine_ask(Machine *machine, RunEvent event, const char *text);

// machine_processors.c: memory, vCPUs, their modes, and their interrupts.
bool machine_make_memory(Machine *machine, GError **error);
bool machine_make_interrupts(Machine *machine, GError **error);
void machine_make_vcpu_set(Machine *machine);
bool machine_make_processors(Machine *machine, GError **error);
// As after power-on, which takes its vCPUs. `owner` is the machine.
bool machine_reset_interrupts(void *owner, GError **error);
// The first mode of the processors; the tree says it.
bool machine_reset_mmu(void *owner, GError **error);

// machine_devices.c: PCI and its functions, consoles, NVRAM, events.
bool machine_make_devices(Machine *machine, GError **error);

// machine_calls.c: hypercalls and RTAS calls.
bool machine_make_hypercalls(Machine *machine, GError **error);
