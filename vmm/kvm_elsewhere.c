// POWER's part of the KVM layer on a machine that is not POWER: kvm_vm_open() has said so before any of this
// is called; it is here so that the program, its options and its error lines build and run everywhere.
#include "kvm_internal.h"
#include "lparun/error.h"

int kvm_rtas_define(KvmVm *vm, const char *name, uint64_t token)
{
    return -ENOSYS;
}

int kvm_configure_mmu(KvmVm *vm, uint64_t flags, uint64_t process_table)
{
    return -ENOSYS;
}

int kvm_allocate_htab(KvmVm *vm, uint32_t order)
{
    return -ENOSYS;
}

int kvm_prepare_htab(KvmVm *vm, uint32_t order)
{
    return -ENOSYS;
}

int kvm_commit_htab(KvmVm *vm, uint32_t order)
{
    return -ENOSYS;
}

int kvm_cpu_characteristics(KvmVm *vm, KvmCpuCharacteristics *cpu)
{
    return -ENOSYS;
}

bool kvm_is_pr(const KvmVm *vm)
{
    return false;
}

int kvm_hypercall_instructions(KvmVm *vm, uint32_t instructions[4])
{
    return -ENOSYS;
}

int kvm_vcpu_set_hash_table(KvmVcpu *vcpu, void *table, unsigned order)
{
    return -ENOSYS;
}

int kvm_create_tce_table(KvmVm *vm, uint64_t liobn, uint32_t page_shift, uint64_t pages)
{
    return -ENOSYS;
}

int kvm_xive_servers(int device, uint32_t servers)
{
    return -ENOSYS;
}

int kvm_xive_queue_set(int device, uint32_t server, unsigned priority, const KvmXiveQueue *queue)
{
    return -ENOSYS;
}

int kvm_xive_queue_get(int device, uint32_t server, unsigned priority, KvmXiveQueue *queue)
{
    return -ENOSYS;
}

int kvm_smmu_info(KvmVm *vm, struct kvm_ppc_smmu_info *info)
{
    return -ENOSYS;
}

int kvm_radix_encodings(KvmVm *vm, uint32_t encodings[8])
{
    return -ENOSYS;
}

KvmVcpu *kvm_vcpu_new(KvmVm *vm, uint32_t id, GError **error)
{
    error_host(error, "this build of lparun is not for POWER");
    return NULL;
}

void kvm_vcpu_free(KvmVcpu *vcpu)
{
}

struct kvm_run *kvm_vcpu_state(KvmVcpu *vcpu)
{
    return NULL;
}

int kvm_vcpu_run(KvmVcpu *vcpu)
{
    return -ENOSYS;
}

int kvm_vcpu_enable(KvmVcpu *vcpu, uint32_t capability, uint64_t argument0, uint64_t argument1)
{
    return -ENOSYS;
}

int kvm_vcpu_set_entry(KvmVcpu *vcpu, uint64_t pc, uint64_t r3, uint64_t msr)
{
    return -ENOSYS;
}

int kvm_vcpu_interrupt(KvmVcpu *vcpu, uint64_t vector, uint64_t msr, uint64_t cleared)
{
    return -ENOSYS;
}

int kvm_vcpu_set_sprg0(KvmVcpu *vcpu, uint64_t value, uint64_t *before)
{
    return -ENOSYS;
}

int kvm_vcpu_set_r3(KvmVcpu *vcpu, uint64_t r3)
{
    return -ENOSYS;
}

int kvm_vcpu_registers(KvmVcpu *vcpu, KvmRegisters *registers)
{
    return -ENOSYS;
}

int kvm_vcpu_pvr(KvmVcpu *vcpu, uint32_t *pvr)
{
    return -ENOSYS;
}

int kvm_vcpu_get_reg(KvmVcpu *vcpu, uint64_t id, uint64_t *value)
{
    return -ENOSYS;
}

int kvm_vcpu_set_reg(KvmVcpu *vcpu, uint64_t id, uint64_t value)
{
    return -ENOSYS;
}

int kvm_vcpu_set_reg_pair(KvmVcpu *vcpu, uint64_t id, uint64_t address, uint64_t length)
{
    return -ENOSYS;
}

int kvm_vcpu_set_registers(KvmVcpu *vcpu, const KvmRegisters *registers)
{
    return -ENOSYS;
}

int kvm_vcpu_get_wide(KvmVcpu *vcpu, uint64_t id, uint64_t value[2])
{
    return -ENOSYS;
}

int kvm_vcpu_set_wide(KvmVcpu *vcpu, uint64_t id, const uint64_t value[2])
{
    return -ENOSYS;
}

int kvm_vcpu_slb(KvmVcpu *vcpu, KvmSlbEntry entries[KVM_SLB_ENTRIES])
{
    return -ENOSYS;
}

int kvm_vcpu_debug(KvmVcpu *vcpu, bool breakpoints, bool step)
{
    return -ENOSYS;
}

int kvm_hash_group(KvmVm *vm, uint64_t group, uint64_t entries[KVM_HASH_GROUP][2])
{
    return -ENOSYS;
}

void kvm_code_changed(const void *host, size_t length)
{
}
