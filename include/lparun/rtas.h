// The table of RTAS calls, and the families that fill it.
#pragma once
#include "lparun/part.h"
#include "lparun/hypercall.h"
#include "lparun/interrupt.h"
#include "lparun/run.h"
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
// Adds call `name`, which needs at least `inputs` and `outputs` cells; fewer give RTAS_PARAMETER_ERROR. The
// guest calls it by `token`, a number that the call has for good and no other call has: a guest that was
// started once may know it. Only while the machine is built.
#define RTAS_TOKEN_FIRST 0x2000 // QEMU's, so that traces look alike
#define RTAS_TOKENS 256
void rtas_register(RtasTable *table, uint32_t token, const char *name, unsigned inputs, unsigned outputs,
    RtasHandler handler, void *owner);
// The first call by `name` that comes is `mark` of the timeline. Only while the machine is built.
void rtas_mark(RtasTable *table, const char *name, Timeline *timeline, TimelineMark mark);
// The table frees `state` (g_free) with itself; returns it. For what a family keeps.
void *rtas_own(RtasTable *table, void *state);
// The tokens, one property a call.
void rtas_table_describe(const RtasTable *table, Tree *tree);
// Calls `each` for every call that came, with its name and how often it did. Any thread.
void rtas_counts(
    const RtasTable *table, void (*each)(const char *name, uint64_t count, void *data), void *data);
// Has the kernel serve what KVM's XICS knows: ibm,set-xive, ibm,get-xive, ibm,int-off and ibm,int-on
// (KVM_PPC_RTAS_DEFINE_TOKEN). False and `error`, the host's.
bool rtas_register_in_kernel(RtasTable *table, InterruptController *controller, GError **error);

// What the families serve. It outlives the table, but for `uuid`, which is text and copied.
typedef struct RtasParts {
    GuestMemory *memory;
    VcpuSet *vcpus;
    PciHost *pci;
    Nvram *nvram;
    Vtys *vtys;
    struct RtasClock *clock;
    struct RtasEvents *events;
    struct RtasNmi *nmi;
    RunAsk ask;
    const char *uuid;
    bool without_nmi; // no firmware-assisted interrupts
} RtasParts;

// The families, each of a file of hcalls/rtas/ (clock: time.c), which registers its calls by
// rtas_NAME_register(). docs/rtas.md has what each call does.
#define RTAS_FAMILIES(family)                                                                                \
    family(pci) family(clock) family(nvram) family(power) family(cpu) family(refused) family(console)        \
        family(parameters) family(events) family(nmi)
#define RTAS_DECLARE(family) void rtas_##family##_register(RtasTable *table, const RtasParts *parts);
RTAS_FAMILIES(RTAS_DECLARE)
// All of them. Only while the machine is built.
void rtas_register_families(RtasTable *table, const RtasParts *parts);
