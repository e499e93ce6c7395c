// The table of hypercalls that reach userspace, and the families that fill it.
#pragma once
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

// hcalls/logical_ci.c: H_LOGICAL_CI_LOAD, H_LOGICAL_CI_STORE and KVMPPC_H_LOGICAL_MEMOP.
typedef struct LogicalCi LogicalCi;
LogicalCi *logical_ci_new(KvmVm *vm, Bus *bus, GuestMemory *memory);
void logical_ci_free(LogicalCi *ci);
void logical_ci_register(LogicalCi *ci, HypercallTable *table);
// Has the kernel serve both hypercalls: KVM_ENABLE_CAP, KVM_CAP_PPC_ENABLE_HCALL. False, and the handlers
// here serve alone, where this KVM cannot; `why` is then one line (g_free).
bool logical_ci_enable(LogicalCi *ci, char **why);

// hcalls/page.c: H_PAGE_INIT, H_LOGICAL_ICBI, H_LOGICAL_DCBF.
void page_hypercalls_register(HypercallTable *table, KvmVm *vm, GuestMemory *memory);

// hcalls/home_node.c: H_HOME_NODE_ASSOCIATIVITY. `domains` fills in the domains of a vCPU, the widest first,
// and returns how many they are, on any vCPU's thread; they must be those of the tree.
#define HOME_NODE_DOMAINS 12
typedef unsigned (*HomeNodeDomains)(void *owner, const Vcpu *vcpu, uint32_t domains[HOME_NODE_DOMAINS]);
void home_node_register(HypercallTable *table, const VcpuSet *vcpus, HomeNodeDomains domains, void *owner);

// hcalls/cpu.c: H_SET_MODE, H_SET_SPRG0, H_SET_DABR, H_SET_XDABR, H_GET_CPU_CHARACTERISTICS, H_RANDOM.
void cpu_hypercalls_register(HypercallTable *table, KvmVm *vm, VcpuSet *vcpus);
// An interrupt as the processor takes one, in the byte order of the guest's interrupts: at `vector`, with
// `kept` of the old MSR, and without `cleared` of it in SRR1. On the vCPU's thread; 0 or -errno.
int cpu_interrupt(Vcpu *vcpu, uint64_t vector, uint64_t kept, uint64_t cleared);
// A system reset interrupt (Power ISA 3.1, book III, 7.5.1), likewise.
#define SYSTEM_RESET_VECTOR 0x100
int cpu_system_reset(Vcpu *vcpu, uint64_t vector);

// hcalls/xive.c: H_INT_*, H_FUNCTION while the controller is not XIVE.
void xive_hypercalls_register(
    HypercallTable *table, InterruptController *controller, GuestMemory *memory, VcpuSet *vcpus);

// hcalls/peers.c: H_PROD, H_CONFER, H_JOIN, H_SIGNAL_SYS_RESET. The answer is the table's, too.
typedef struct PeerCalls PeerCalls;
PeerCalls *peer_hypercalls_register(HypercallTable *table, KvmVm *vm, VcpuSet *vcpus);
// Gives H_PROD, which the first H_JOIN took from the kernel, back to it. While no vCPU runs.
void peer_hypercalls_reset(PeerCalls *calls);

// hcalls/tce.c: H_PUT_TCE_INDIRECT and H_STUFF_TCE are the kernel's alone. False where it cannot.
bool tce_hypercalls_enable(KvmVm *vm);

// hcalls/watchdog.c: H_WATCHDOG.
typedef struct Watchdogs Watchdogs;
#define WATCHDOG_TIMERS 4
// What the guest wants of a timer that expires; PAPR's numbers.
typedef enum {
    WATCHDOG_POWER_OFF_HARD = 1,
    WATCHDOG_RESTART_HARD,
    WATCHDOG_RESTART_DUMP, // a system reset interrupt, for the guest to dump itself
} WatchdogExpiry;
// `expired` is called on the main loop's thread, as all of this but the hypercall is.
Watchdogs *watchdogs_new(void (*expired)(void *owner, WatchdogExpiry what), void *owner);
void watchdogs_free(Watchdogs *watchdogs);
void watchdogs_register(Watchdogs *watchdogs, HypercallTable *table);
// Stops all timers.
void watchdogs_reset(Watchdogs *watchdogs);
// While no vCPU is in the guest its timers stand still: what they had left they have left after the release.
void watchdogs_hold(Watchdogs *watchdogs);
void watchdogs_release(Watchdogs *watchdogs);

// hcalls/mmu.c: H_REGISTER_PROC_TBL, under PR H_READ, and what else KVM serves of the MMU.
typedef struct Mmu Mmu;
typedef enum { MMU_AUTO, MMU_RADIX, MMU_HASH } MmuMode;
// `wanted` AUTO: all that KVM has; the machine then starts with radix where that is among it. A hashed page
// table has 1 << `hash_order` bytes, or with 0 as many as `memory_size` bytes of memory need. NULL and
// `error` when this KVM has not what is wanted, or the table is too small for firmware.
#define MMU_HASH_ORDER_MIN 18
#define MMU_HASH_ORDER_MAX 46
Mmu *mmu_new(KvmVm *vm, MmuMode wanted, unsigned hash_order, uint64_t memory_size, GError **error);
void mmu_free(Mmu *mmu);
void mmu_register(Mmu *mmu, HypercallTable *table);
// The mode that the machine starts with: no process table, or an empty hashed page table. No vCPU may run.
// False and `error` when KVM refuses.
bool mmu_reset(Mmu *mmu, VcpuSet *vcpus, GError **error);
// What the guest may choose: one mode, or AUTO for either.
MmuMode mmu_offer(const Mmu *mmu);
// For CAS: the other mode from here on, with no process table or an empty hashed page table. Only a mode of
// the offer's, and only when no vCPU is in the guest, else -EBUSY; -ENOMEM. After an error the mode is the
// one before.
int mmu_switch(Mmu *mmu, bool radix);
bool mmu_is_radix(const Mmu *mmu);
// Does the kernel serve H_RPT_INVALIDATE to the guest as it is now?
bool mmu_has_rpt_invalidate(const Mmu *mmu);
// log2 of the hashed page table's bytes; 0 under radix. The guest may have had it changed since the last
// reset, where the second says that it can, and to no more than the limit.
unsigned mmu_hash_order(const Mmu *mmu);
bool mmu_can_resize(const Mmu *mmu);
unsigned mmu_hash_order_limit(const Mmu *mmu);
// hcalls/hash_resize.c: H_RESIZE_HPT_PREPARE and H_RESIZE_HPT_COMMIT, for mmu_register(). False: this KVM has
// no such thing, and both answer H_FUNCTION. The other is what it says after the second.
bool hash_resize_register(HypercallTable *table, KvmVm *vm, Mmu *mmu);
void mmu_set_hash_order(Mmu *mmu, unsigned order);
// Bytes of memory from GPA 0 on that the guest can reach in real mode: with a hashed page table KVM maps them
// through that table itself (kvmppc_hv_setup_htab_rma in arch/powerpc/kvm/book3s_hv.c), so its size limits
// them. A guest that may choose a hashed page table has the limit from the start: firmware asks for the
// switch and must still be mapped after it.
uint64_t mmu_real_mode_area(const Mmu *mmu, uint64_t memory_size);
