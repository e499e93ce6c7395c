// Hypercalls by which processors of the partition deal with one another: H_PROD, H_CONFER, H_JOIN and
// H_SIGNAL_SYS_RESET (LoPAR 14.11.3, "Virtual Processor Management").
#include "lparun/hypercall.h"
#include "lparun/papr.h"
#include <sched.h>
#include <stdatomic.h>

struct PeerCalls {
    KvmVm *vm;
    VcpuSet *vcpus;
    atomic_bool prods_are_ours;
};

static Vcpu *find(const PeerCalls *calls, uint64_t number)
{
    return vcpu_set_find(calls->vcpus, number);
}

// r4: the vCPU's number. HV serves this in the kernel, where it ends the wait of H_CEDE; under PR it comes
// here.
static int64_t prod(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    Vcpu *target = find(owner, arguments[0]);
    if (!target)
        return H_PARAMETER;
    vcpu_prod(target);
    return H_SUCCESS;
}

// r4: the vCPU that shall run instead, or -1 for any other; r5: when it was dispatched last. It is only a
// hint. HV serves it in the kernel.
static int64_t confer(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    if (arguments[0] != UINT64_MAX && !find(owner, arguments[0]))
        return H_PARAMETER;
    sched_yield();
    return H_SUCCESS;
}

#define MSR_EE 0x8000ULL

// The kernel would keep a prod to itself, so from the first H_JOIN on they all come here. A prod between two
// waits is then remembered for H_JOIN, and no longer for H_CEDE: a guest that joins is about to be suspended
// and prods for that alone. The next guest's are the kernel's again.
static void take_prods(PeerCalls *calls)
{
    if (!atomic_exchange(&calls->prods_are_ours, true))
        kvm_enable(calls->vm, KVM_CAP_PPC_ENABLE_HCALL, H_PROD, 0);
}

static int64_t join(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    KvmRegisters registers;
    if (kvm_vcpu_registers(vcpu_kvm(vcpu), &registers) < 0)
        return H_HARDWARE;
    if (registers.msr & MSR_EE) // an interrupt could not end the wait
        return H_BAD_MODE;
    take_prods(owner);
    return vcpu_join(vcpu) ? H_SUCCESS : H_CONTINUE;
}

// r4: a vCPU's number, or one of these.
#define ALL UINT64_MAX
#define ALL_OTHERS (UINT64_MAX - 1)

static int64_t signal_system_reset(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    const PeerCalls *calls = owner;
    if (arguments[0] == ALL || arguments[0] == ALL_OTHERS) {
        vcpu_set_system_reset(calls->vcpus, arguments[0] == ALL ? NULL : vcpu);
        return H_SUCCESS;
    }
    Vcpu *target = find(calls, arguments[0]);
    if (!target)
        return H_PARAMETER;
    vcpu_system_reset(target);
    return H_SUCCESS;
}

PeerCalls *peer_calls_new(KvmVm *vm, VcpuSet *vcpus)
{
    PeerCalls *calls = g_new0(PeerCalls, 1);
    *calls = (PeerCalls){ .vm = vm, .vcpus = vcpus };
    return calls;
}

void peer_calls_free(PeerCalls *calls)
{
    g_free(calls);
}

void hypercall_peers_register(HypercallTable *table, const HypercallParts *parts)
{
    PeerCalls *calls = parts->peers;
    hypercall_register(table, H_PROD, "H_PROD", prod, calls);
    hypercall_register(table, H_CONFER, "H_CONFER", confer, calls);
    hypercall_register(table, H_JOIN, "H_JOIN", join, calls);
    hypercall_register(table, H_SIGNAL_SYS_RESET, "H_SIGNAL_SYS_RESET", signal_system_reset, calls);
    hypercall_announce(table, "hcall-join");
}

void peer_calls_reset(PeerCalls *calls)
{
    if (atomic_exchange(&calls->prods_are_ours, false))
        kvm_enable(calls->vm, KVM_CAP_PPC_ENABLE_HCALL, H_PROD, 1);
}

static bool reset_part(void *part, GError **error)
{
    peer_calls_reset(part);
    return true;
}

static void free_part(void *part)
{
    peer_calls_free(part);
}

const PartOps peer_calls_part = { .kind = "calls of peers", .reset = reset_part, .free = free_part };
