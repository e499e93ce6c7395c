// The table of hypercalls that reach userspace, and the families that fill it.
#pragma once
#include "lparun/part.h"
#include "lparun/interrupt.h"
#include "lparun/memory.h"
#include "lparun/mitigations.h"
#include "lparun/timeline.h"
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
// The first call of `number` that comes is `mark` of the timeline. Only while the machine is built.
void hypercall_mark(HypercallTable *table, uint64_t number, Timeline *timeline, TimelineMark mark);
// H_FUNCTION for what nobody registered.
int64_t hypercall_dispatch(HypercallTable *table, Vcpu *vcpu, uint64_t number, uint64_t arguments[9]);
// How often hypercall `number` came. Any thread, as the next.
uint64_t hypercall_count(const HypercallTable *table, uint64_t number);
// Calls `each` for every hypercall that came, with its name and how often it did. Unknown ones are "unknown".
void hypercall_counts(
    const HypercallTable *table, void (*each)(const char *name, uint64_t count, void *data), void *data);

// Adds `function` ("hcall-term") to what the device tree says that the guest may call
// (ibm,hypertas-functions; LoPAR, "Hypervisor Call Functions"); the same one again changes nothing. The
// second: while `is_there` says so, which is asked whenever a tree is made. Only while the machine is built.
void hypercall_announce(HypercallTable *table, const char *function);
void hypercall_announce_if(
    HypercallTable *table, const char *function, bool (*is_there)(const void *owner), const void *owner);

// The domains of a vCPU, the widest first, for H_HOME_NODE_ASSOCIATIVITY: fills them in and returns how many
// they are, on any vCPU's thread; they must be those of the tree.
#define HOME_NODE_DOMAINS 12
typedef unsigned (*HomeNodeDomains)(void *owner, const Vcpu *vcpu, uint32_t domains[HOME_NODE_DOMAINS]);

// hcalls/peers.c: what a vCPU does to others.
typedef struct PeerCalls PeerCalls;
PeerCalls *peer_calls_new(KvmVm *vm, VcpuSet *vcpus);
void peer_calls_free(PeerCalls *calls);
// Gives H_PROD, which the first H_JOIN took from the kernel, back to it. While no vCPU runs.
void peer_calls_reset(PeerCalls *calls);
extern const PartOps peer_calls_part;

// What the families serve. It outlives the table.
typedef struct HypercallParts {
    KvmVm *vm;
    GuestMemory *memory;
    VcpuSet *vcpus;
    InterruptController *interrupts;
    struct LogicalCi *logical_ci;
    struct Vtys *vtys;
    struct Mmu *mmu;
    struct Cas *cas;
    struct Watchdogs *watchdogs;
    struct RtasTable *rtas;
    PeerCalls *peers;
    HomeNodeDomains domains; // NULL: there are no nodes
    void *domains_owner;
    const MitigationAnswer *mitigations; // H_GET_CPU_CHARACTERISTICS; NULL: the host's own
    // What the guest shall not have, though this KVM does.
    bool without_ail_3, without_resize, without_rpt_invalidate;
} HypercallParts;

// The families, each of a file of hcalls/ (rtas: rtas/table.c), which registers its calls by
// hypercall_NAME_register(). docs/hypercalls.md has what each call does.
#define HYPERCALL_FAMILIES(family)                                                                           \
    family(kernel) family(logical_ci) family(console) family(cpu) family(peers) family(mmu) family(page)     \
        family(home_node) family(cas) family(xive) family(watchdog) family(rtas)
#define HYPERCALL_DECLARE(family)                                                                            \
    void hypercall_##family##_register(HypercallTable *table, const HypercallParts *parts);
HYPERCALL_FAMILIES(HYPERCALL_DECLARE)
// All of them. Only while the machine is built.
void hypercall_register_families(HypercallTable *table, const HypercallParts *parts);
