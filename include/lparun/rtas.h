// The table of RTAS calls, and the families that fill it.
#pragma once
#include "lparun/part.h"
#include "lparun/hypercall.h"
#include "lparun/interrupt.h"
#include "lparun/machine.h"
#include "lparun/nvram.h"
#include "lparun/pci.h"
#include "lparun/tree.h"
#include "lparun/vty.h"
#include <stdint.h>

typedef struct RtasTable RtasTable;

// As many cells as one call takes and gives together (arch/powerpc/include/asm/rtas.h, struct rtas_args).
#define RTAS_CELLS 16

// One call: `inputs` cells in `input`, `outputs` cells in `output`, of which the first is the status; host
// order. Cells that the handler does not write stay 0.
typedef struct RtasCall {
    uint32_t inputs, outputs;
    uint32_t input[RTAS_CELLS];
    uint32_t output[RTAS_CELLS];
} RtasCall;

// Returns the status. On the calling vCPU's thread, several at once.
typedef int32_t (*RtasHandler)(void *owner, Vcpu *vcpu, RtasCall *call);

RtasTable *rtas_table_new(GuestMemory *memory);
void rtas_table_free(RtasTable *table);
extern const PartOps rtas_table_part;
// Registers KVMPPC_H_RTAS.
void rtas_table_register(RtasTable *table, HypercallTable *hypercalls);
// Adds call `name`, which needs at least `inputs` and `outputs` cells; fewer give RTAS_PARAMETER_ERROR.
// Returns its token. Only while the machine is built.
uint32_t rtas_register(
    RtasTable *table, const char *name, unsigned inputs, unsigned outputs, RtasHandler handler, void *owner);
// The table frees `state` (g_free) with itself; returns it. For what a family keeps.
void *rtas_own(RtasTable *table, void *state);
// Has the kernel serve call `name`, which KVM's XICS knows (KVM_PPC_RTAS_DEFINE_TOKEN). Returns 0 or -errno.
int rtas_register_in_kernel(RtasTable *table, InterruptController *controller, const char *name);
// The tokens, one property a call.
void rtas_table_describe(const RtasTable *table, Tree *tree);
// Calls `each` for every call that came, with its name and how often it did. Any thread.
void rtas_counts(
    const RtasTable *table, void (*each)(const char *name, uint64_t count, void *data), void *data);

// The families, each of a file of hcalls/rtas/. They register their calls, only while the machine is built,
// and own nothing that they are given: it outlives the table. docs/rtas.md has what each call does. pci.c:
// ibm,read-pci-config and its like, ibm,query-interrupt-source-number, ibm,change-msi.
void rtas_pci_register(RtasTable *table, PciHost *host);
// nvram.c: nvram-fetch and nvram-store.
void rtas_nvram_register(RtasTable *table, GuestMemory *memory, Nvram *nvram);
// power.c: power-off, system-reboot, ibm,os-term, quiesce.
void rtas_power_register(RtasTable *table, GuestMemory *memory, const MachineControl *control);
// cpu.c: start-cpu, stop-self, query-cpu-stopped-state.
void rtas_cpu_register(RtasTable *table, VcpuSet *vcpus);
// console.c: display-character.
void rtas_console_register(RtasTable *table, Vty *vty);
// refused.c: what belongs to hot-plug and error recovery, with a status that says that there is none.
void rtas_refused_register(RtasTable *table);

// hcalls/rtas/parameters.c: ibm,get-system-parameter and ibm,set-system-parameter. `uuid` is text, copied.
void rtas_parameters_register(RtasTable *table, GuestMemory *memory, unsigned vcpus, const char *uuid);
