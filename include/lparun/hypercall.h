// The table of hypercalls that reach userspace, and the families that fill it.
#pragma once
#include "lparun/part.h"
#include "lparun/bus.h"
#include "lparun/memory.h"
#include "lparun/vcpu.h"
#include <stdint.h>

typedef struct HypercallTable HypercallTable;

// One hypercall: `arguments` are r4 to r12, in and out, in host order; the result is r3 (lparun/papr.h). On
// the calling vCPU's thread, several at once.
typedef int64_t (*Hypercall)(void *owner, Vcpu *vcpu, uint64_t arguments[9]);

HypercallTable *hypercall_table_new(unsigned vcpus);
void hypercall_table_free(HypercallTable *table);
extern const PartOps hypercall_table_part;
// Only while the machine is built. `number`: a multiple of 4 up to H_LAST, or KVMPPC_H_RTAS to KVMPPC_H_LAST.
void hypercall_register(
    HypercallTable *table, uint64_t number, const char *name, Hypercall call, void *owner);
// The table frees `state` (g_free) with itself; returns it. For what a family keeps.
void *hypercall_own(HypercallTable *table, void *state);
// H_FUNCTION for what nobody registered.
int64_t hypercall_dispatch(HypercallTable *table, Vcpu *vcpu, uint64_t number, uint64_t arguments[9]);
// Calls `each` for every hypercall that came, with its name and how often it did. Unknown ones are "unknown".
void hypercall_counts(
    const HypercallTable *table, void (*each)(const char *name, uint64_t count, void *data), void *data);

// hcalls/page.c: H_PAGE_INIT, H_LOGICAL_ICBI, H_LOGICAL_DCBF.
void page_hypercalls_register(HypercallTable *table, KvmVm *vm, GuestMemory *memory);

// hcalls/home_node.c: H_HOME_NODE_ASSOCIATIVITY. `domains` fills in the domains of a vCPU, the widest first,
// and returns how many they are, on any vCPU's thread; they must be those of the tree.
#define HOME_NODE_DOMAINS 12
typedef unsigned (*HomeNodeDomains)(void *owner, const Vcpu *vcpu, uint32_t domains[HOME_NODE_DOMAINS]);
void home_node_register(HypercallTable *table, const VcpuSet *vcpus, HomeNodeDomains domains, void *owner);

// hcalls/cpu.c: H_SET_MODE, H_SET_SPRG0, H_SET_DABR, H_SET_XDABR, H_GET_CPU_CHARACTERISTICS, H_RANDOM.
void cpu_hypercalls_register(HypercallTable *table, KvmVm *vm, VcpuSet *vcpus);
// hcalls/xive.c: H_INT_*, H_FUNCTION while the controller is not XIVE.
void xive_hypercalls_register(
    HypercallTable *table, InterruptController *controller, GuestMemory *memory, VcpuSet *vcpus);

// hcalls/peers.c: H_PROD, H_CONFER, H_JOIN, H_SIGNAL_SYS_RESET. The answer is the table's, too.
typedef struct PeerCalls PeerCalls;
PeerCalls *peer_hypercalls_register(HypercallTable *table, KvmVm *vm, VcpuSet *vcpus);
// Gives H_PROD, which the first H_JOIN took from the kernel, back to it. While no vCPU runs.
void peer_hypercalls_reset(PeerCalls *calls);
extern const PartOps peer_calls_part;

// hcalls/tce.c: H_PUT_TCE_INDIRECT and H_STUFF_TCE are the kernel's alone. False where it cannot.
bool tce_hypercalls_enable(KvmVm *vm);
