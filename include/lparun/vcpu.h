// vCPUs: one KVM vCPU and one thread each.
//
// All vCPUs of a machine are one set. A vCPU is parked (its thread sleeps), running, or ended; all together
// they may be held. What must
// happen on a vCPU's own thread is queued to it and it is kicked out of the guest by a signal and kvm_run's
// immediate_exit; work runs only between two KVM_RUNs, when the exit before is finished, so registers may be
// read and written there.
#pragma once
#include "lparun/part.h"
#include "lparun/bus.h"
#include "lparun/interrupt.h"
#include "lparun/kvm.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct Vcpu Vcpu;
typedef struct VcpuSet VcpuSet;

typedef struct VcpuOps {
    // KVM_EXIT_PAPR_HCALL: `arguments` are r4 to r12, in and out; the result goes to r3. On the vCPU's
    // thread.
    int64_t (*hypercall)(void *owner, Vcpu *vcpu, uint64_t number, uint64_t arguments[9]);
    // KVM cannot run this vCPU any longer; it is parked. `why` is one line. On the vCPU's thread.
    void (*failed)(void *owner, Vcpu *vcpu, const char *why);
    // KVM_EXIT_NMI: a machine check, of which KVM has mended all or not. NULL: the vCPU fails.
    void (*machine_check)(void *owner, Vcpu *vcpu, bool recovered);
    // vcpu_system_reset(): have the guest find the interrupt. On the vCPU's thread, between two KVM_RUNs.
    void (*system_reset)(void *owner, Vcpu *vcpu);
    // KVM_EXIT_DEBUG: a breakpoint of kvm_vcpu_debug()'s, or a step. False, or NULL: the vCPU fails. On its
    // thread; registers may be read and written, and what is at the pc afterwards is what comes next.
    bool (*debug)(void *owner, Vcpu *vcpu);
} VcpuOps;

// Where a vCPU enters the guest (LoPAR 7.3.8.2 for start-cpu).
typedef struct VcpuEntry {
    uint64_t pc, r3, msr;
} VcpuEntry;

#define MSR_SF (1ULL << 63)
#define MSR_ME (1ULL << 12)

VcpuSet *vcpu_set_new(KvmVm *vm, Bus *bus, const VcpuOps *ops, void *owner);
// Ends all threads and frees everything.
void vcpu_set_free(VcpuSet *set);
extern const PartOps vcpu_set_part; // vmm/vcpu_part.c
// Adds vCPU number `id` (the XICS server number and the device tree's reg), connected to `controller` (NULL:
// none), parked. Only while the machine is built. False and `error` when KVM refuses.
bool vcpu_set_add(VcpuSet *set, uint32_t id, InterruptController *controller, GError **error);

// vmm/cores.c: has KVM make cores of `threads` vCPUs each (a power of two); before there is any. Returns the
// stride: thread t of core c is vCPU number c * stride + t; it is `apart`, or with 0 what KVM has. 0 and
// `error` when this KVM has no such cores.
#define CORE_THREADS_MAX 8
unsigned cores_set_threads(KvmVm *vm, unsigned threads, unsigned apart, GError **error);

unsigned vcpu_set_count(const VcpuSet *set);
// The index-th vCPU, and the one with number `id` or NULL.
Vcpu *vcpu_set_at(const VcpuSet *set, unsigned index);
Vcpu *vcpu_set_find(const VcpuSet *set, uint64_t id);

uint32_t vcpu_id(const Vcpu *vcpu);
unsigned vcpu_index(const Vcpu *vcpu);
KvmVcpu *vcpu_kvm(Vcpu *vcpu);
// The host's number of its thread (gettid). Any thread.
pid_t vcpu_thread_id(const Vcpu *vcpu);

// Lets a parked vCPU enter the guest. False when it is not parked. Any thread.
bool vcpu_start(Vcpu *vcpu, const VcpuEntry *entry);
// From a hypercall on the vCPU's own thread: it does not return to the guest until it is started again.
void vcpu_park(Vcpu *vcpu);
bool vcpu_is_parked(const Vcpu *vcpu);
// Parked, and the hypercall that did it is over: it no longer touches the guest's memory. Any thread.
bool vcpu_has_stopped(const Vcpu *vcpu);

typedef enum {
    VCPU_RUNNING, // as far as it is wanted: it may wait in the guest
    VCPU_CEDED,   // waits in the guest (H_CEDE): vcpu_look()'s
    VCPU_JOINED,
    VCPU_STOPPED, // parked
    VCPU_HELD,    // all are
} VcpuStand;
// Any thread.
VcpuStand vcpu_stand(const Vcpu *vcpu);

// What vcpu_set_look() finds.
typedef struct VcpuLook {
    VcpuStand stand;
    bool known; // it answered in time: the registers are there
    KvmRegisters registers;
} VcpuLook;
// vmm/vcpu_look.c: where each vCPU stands, into as many `looks` as there are vCPUs. Those in the guest leave
// it for a moment; it takes half a second at most. Not on a vCPU's thread.
void vcpu_set_look(VcpuSet *set, VcpuLook *looks);
// KVM's own counts of each vCPU, likewise (g_bytes_unref); NULL of one that did not tell.
void vcpu_set_kvm_stats(VcpuSet *set, GBytes **counts);

// H_JOIN, from a hypercall on the vCPU's own thread: it does not return to the guest until it is prodded,
// unless it already was. False, and it goes on, when all others are parked or have joined.
bool vcpu_join(Vcpu *vcpu);
// H_PROD: ends a join, or the next one before it begins. One that is in the guest leaves it for a moment,
// which ends a wait there (H_CEDE). Any thread.
void vcpu_prod(Vcpu *vcpu);
// A system reset interrupt, which no guest can mask, and which ends a join; it does not wait until the vCPU
// has taken it. One that is parked takes none, one that is held takes it at the release. From a hypercall of
// the vCPU itself: once that has its result, so that the guest finds it in the registers that the interrupt
// saves. Any thread.
void vcpu_system_reset(Vcpu *vcpu);
// The same on all but `except` (NULL: on all).
void vcpu_set_system_reset(VcpuSet *set, const Vcpu *except);

// Runs `work` on each vCPU's own thread and waits for all. `caller` is the vCPU whose thread calls, NULL
// elsewhere. Two vCPUs may do this at once: each serves the other's work while it waits.
void vcpu_set_call(VcpuSet *set, Vcpu *caller, void (*work)(Vcpu *vcpu, void *data), void *data);
// The same, for as many microseconds at most: false when not all did it, of which those that did not will
// not. `work` takes no time worth mentioning. Not on a vCPU's thread.
bool vcpu_set_call_within(VcpuSet *set, void (*work)(Vcpu *vcpu, void *data), void *data, int64_t wait_us);
// Waits until no vCPU is in an exit any more that was under way when this was called: what none of them can
// find since then can be freed. Not on a vCPU's thread.
void vcpu_set_settle(VcpuSet *set);

// Parks all vCPUs and waits until they are. Not on a vCPU's thread.
void vcpu_set_park_all(VcpuSet *set);

// Takes all vCPUs out of the guest and waits until they are: none enters it before the release, whatever is
// wanted of it meanwhile (start, work). The release lets each go on where it stood. Not on a vCPU's thread.
void vcpu_set_hold(VcpuSet *set);
void vcpu_set_release(VcpuSet *set);
// The beginning of a hold: it does not wait. Any thread.
void vcpu_set_begin_hold(VcpuSet *set);
// While all are held: the release lets `vcpu` go on and no other, until this is called again, with NULL for
// all, or all are parked.
void vcpu_set_only(VcpuSet *set, Vcpu *vcpu);
// vmm/timebase.c: while all are held, sets the guest's timebase back by `ticks`, for the time that they were:
// a guest does not notice that it was stopped. A KVM without the register (PR) lets it see the leap.
void vcpu_set_step_back(VcpuSet *set, uint64_t ticks);

// Work for vcpu_set_call() while all are parked: the registers that outlive a reset of the machine go back to
// what they were after power-on (LPCR's modes, the areas registered by H_REGISTER_VPA, the interrupt
// presentation, breakpoints).
void vcpu_reset(Vcpu *vcpu, void *data);

// How often the vCPU came back with exit reason `reason` (KVM_EXIT_*), and what the reason is called; NULL
// for those that do not happen.
#define VCPU_EXIT_REASONS 40
uint64_t vcpu_exits(const Vcpu *vcpu, unsigned reason);
const char *vcpu_exit_name(unsigned reason);
