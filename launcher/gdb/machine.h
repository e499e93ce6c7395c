// The machine as a debugger's target: vCPUs, memory and breakpoints of the real one.
#pragma once
#include "../run.h"
#include "lparun/memory.h"
#include "lparun/mmu.h"
#include "target.h"

typedef struct GdbMachine GdbMachine;

typedef struct GdbMachineParts {
    Run *run;
    KvmVm *vm;
    VcpuSet *vcpus;
    const GuestMemory *memory;
    const Mmu *mmu;
    RunAsk ask;
} GdbMachineParts;

// Who is told when the machine has come to a stand, and when it ends.
typedef struct GdbListener {
    void (*stopped)(void *owner);
    void (*ended)(void *owner);
    void *owner;
} GdbListener;

// vCPUs stop at breakpoints from here on. NULL and `error` when this KVM has no such thing. On the main
// thread, as all but the next but one.
GdbMachine *gdb_machine_new(const GdbMachineParts *parts, const GdbListener *listener, GError **error);
void gdb_machine_free(GdbMachine *machine);
// VcpuOps.debug. On the vCPU's thread.
bool gdb_machine_debug(GdbMachine *machine, Vcpu *vcpu);
const GdbTarget *gdb_machine_target(const GdbMachine *machine);
// All of memory was cleared, as a reset does.
void gdb_machine_reset(GdbMachine *machine);
