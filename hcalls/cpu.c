// Hypercalls about the processor: H_SET_MODE, H_SET_SPRG0, H_GET_CPU_CHARACTERISTICS, H_RANDOM, and data
// address breakpoints.
#include "lparun/cpu_interrupt.h"
#include "lparun/hypercall.h"
#include "lparun/papr.h"
#include <sys/random.h>

// LPCR fields that H_SET_MODE moves (Power ISA 3.1, book III, 2.2).
#define LPCR_ILE (1ULL << 25)
#define LPCR_AIL_SHIFT 23
#define LPCR_AIL (3ULL << LPCR_AIL_SHIFT)

// H_SET_MODE's resources (LoPAR 14.5.4.3.5): 1 is CIABR and 2 DAWR0, which KVM serves when it can.
#define RESOURCE_AIL 3
#define RESOURCE_LE 4

typedef struct CpuCalls {
    VcpuSet *vcpus;
    bool has_ail_3; // interrupts with the MMU on, KVM_CAP_PPC_AIL_MODE_3
    KvmVm *vm;
    const MitigationAnswer *mitigations; // or NULL
} CpuCalls;

typedef struct LpcrChange {
    uint64_t mask, value;
    int result; // the worst that any vCPU had; 0 or -errno
} LpcrChange;

static void change_lpcr(Vcpu *vcpu, void *data)
{
    LpcrChange *change = data;
    uint64_t lpcr;
    int result = kvm_vcpu_get_reg(vcpu_kvm(vcpu), KVM_PPC_LPCR, &lpcr);
    if (result == 0)
        result = kvm_vcpu_set_reg(vcpu_kvm(vcpu), KVM_PPC_LPCR, (lpcr & ~change->mask) | change->value);
    if (result < 0)
        __atomic_store_n(&change->result, result, __ATOMIC_RELAXED);
}

// Both modes belong to the partition: PAPR has them take effect on all of its processors, started or not.
static int64_t set_on_all(VcpuSet *vcpus, Vcpu *vcpu, uint64_t mask, uint64_t value)
{
    LpcrChange change = { .mask = mask, .value = value };
    vcpu_set_call(vcpus, vcpu, change_lpcr, &change);
    return change.result == 0 ? H_SUCCESS : H_HARDWARE;
}

static int64_t set_endian(const CpuCalls *calls, Vcpu *vcpu, uint64_t mode)
{
    if (mode > 1)
        return H_UNSUPPORTED_FLAG;
    return set_on_all(calls->vcpus, vcpu, LPCR_ILE, mode == 1 ? LPCR_ILE : 0);
}

// Modes 1 and 2 are reserved; 3 is only where KVM can deliver interrupts so.
static int64_t set_interrupt_location(const CpuCalls *calls, Vcpu *vcpu, uint64_t mode)
{
    if (mode != 0 && !(mode == 3 && calls->has_ail_3))
        return H_UNSUPPORTED_FLAG;
    return set_on_all(calls->vcpus, vcpu, LPCR_AIL, mode << LPCR_AIL_SHIFT);
}

static int64_t set_mode(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    uint64_t mode = arguments[0], resource = arguments[1], value1 = arguments[2], value2 = arguments[3];
    if (resource != RESOURCE_AIL && resource != RESOURCE_LE)
        return H_P2;
    if (value1 != 0)
        return H_P3;
    if (value2 != 0)
        return H_P4;
    return resource == RESOURCE_LE ? set_endian(owner, vcpu, mode)
                                   : set_interrupt_location(owner, vcpu, mode);
}

// Bits of the MSR that are 0 in SRR1 after a system reset interrupt: 33:36 and 42:47.
#define SRR1_RESET 0x783f0000ULL
#define MSR_LE 1ULL

int cpu_interrupt(Vcpu *vcpu, uint64_t vector, uint64_t kept, uint64_t cleared)
{
    uint64_t lpcr;
    KvmRegisters registers;
    int result = kvm_vcpu_get_reg(vcpu_kvm(vcpu), KVM_PPC_LPCR, &lpcr);
    if (result == 0)
        result = kvm_vcpu_registers(vcpu_kvm(vcpu), &registers);
    if (result < 0)
        return result;
    uint64_t msr = MSR_SF | (registers.msr & kept) | (lpcr & LPCR_ILE ? MSR_LE : 0);
    return kvm_vcpu_interrupt(vcpu_kvm(vcpu), vector, msr, cleared);
}

int cpu_system_reset(Vcpu *vcpu, uint64_t vector)
{
    return cpu_interrupt(vcpu, vector, MSR_ME, SRR1_RESET);
}

#define PROGRAM_VECTOR 0x700ULL
#define AIL_3_OFFSET 0xc000000000004000ULL
#define MSR_TRANSLATION 0x30ULL // IR and DR
#define SRR1_ILLEGAL (1ULL << 19)

int cpu_illegal_instruction(Vcpu *vcpu)
{
    uint64_t lpcr;
    KvmRegisters registers;
    int result = kvm_vcpu_get_reg(vcpu_kvm(vcpu), KVM_PPC_LPCR, &lpcr);
    if (result == 0)
        result = kvm_vcpu_registers(vcpu_kvm(vcpu), &registers);
    if (result < 0)
        return result;
    bool stays = (lpcr & LPCR_AIL) == LPCR_AIL && (registers.msr & MSR_TRANSLATION) == MSR_TRANSLATION;
    result = cpu_interrupt(vcpu, PROGRAM_VECTOR | (stays ? AIL_3_OFFSET : 0),
        MSR_ME | (stays ? MSR_TRANSLATION : 0), SRR1_RESET);
    if (result == 0)
        result = kvm_vcpu_registers(vcpu_kvm(vcpu), &registers);
    registers.srr1 |= SRR1_ILLEGAL;
    return result == 0 ? kvm_vcpu_set_registers(vcpu_kvm(vcpu), &registers) : result;
}

static int64_t get_cpu_characteristics(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    const CpuCalls *calls = owner;
    const MitigationAnswer *held = calls->mitigations;
    KvmCpuCharacteristics host;
    if (!held && kvm_cpu_characteristics(calls->vm, &host) < 0)
        return H_FUNCTION;
    arguments[0] = held ? held->character : host.character;
    arguments[1] = held ? held->behaviour : host.behaviour;
    return H_SUCCESS;
}

// LoPAR, "H_RANDOM"; the kernel serves it first where the host has a hardware generator.
static int64_t get_random(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    uint64_t value;
    if (getrandom(&value, sizeof value, GRND_NONBLOCK) != sizeof value)
        return H_HARDWARE;
    arguments[0] = value;
    return H_SUCCESS;
}

// LoPAR, "H_SET_SPRG0"; r4 gets what it was.
static int64_t set_sprg0(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    uint64_t value = arguments[0];
    return kvm_vcpu_set_sprg0(vcpu_kvm(vcpu), value, &arguments[0]) == 0 ? H_SUCCESS : H_HARDWARE;
}

// LoPAR, "H_SET_DABR", "H_SET_XDABR": KVM serves both where the processor has such a register. Others have
// DAWR, which is H_SET_MODE's.
static int64_t set_dabr(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    return H_HARDWARE;
}

// In the kernel where it can: CIABR and DAWR of H_SET_MODE, and calls that need no userspace at all. A
// refusal is not an error: the call then comes here, or is answered with H_FUNCTION.
static void enable_in_kernel(KvmVm *vm)
{
    static const uint64_t calls[] = { H_SET_MODE, H_CLEAR_MOD, H_CLEAR_REF };
    for (unsigned i = 0; i < G_N_ELEMENTS(calls); i++)
        kvm_enable(vm, KVM_CAP_PPC_ENABLE_HCALL, calls[i], 1);
    if (kvm_check(vm, KVM_CAP_PPC_HWRNG) > 0)
        kvm_enable(vm, KVM_CAP_PPC_ENABLE_HCALL, H_RANDOM, 1);
}

void hypercall_cpu_register(HypercallTable *table, const HypercallParts *parts)
{
    KvmVm *vm = parts->vm;
    CpuCalls *calls = hypercall_own(table, g_new0(CpuCalls, 1));
    *calls = (CpuCalls){
        .vcpus = parts->vcpus,
        .has_ail_3 = !parts->without_ail_3 && kvm_check(vm, KVM_CAP_PPC_AIL_MODE_3) > 0,
        .vm = vm,
        .mitigations = parts->mitigations,
    };
    enable_in_kernel(vm);
    hypercall_register(table, H_SET_MODE, "H_SET_MODE", set_mode, calls);
    hypercall_register(
        table, H_GET_CPU_CHARACTERISTICS, "H_GET_CPU_CHARACTERISTICS", get_cpu_characteristics, calls);
    hypercall_register(table, H_SET_SPRG0, "H_SET_SPRG0", set_sprg0, NULL);
    hypercall_register(table, H_SET_DABR, "H_SET_DABR", set_dabr, NULL);
    hypercall_register(table, H_SET_XDABR, "H_SET_XDABR", set_dabr, NULL);
    hypercall_register(table, H_RANDOM, "H_RANDOM", get_random, NULL);
    hypercall_announce(table, "hcall-set-mode");
    hypercall_announce(table, "hcall-sprg0");
    hypercall_announce(table, "hcall-dabr");
}
