// The guest's timebase, which stands still while the machine is stopped.
#include "lparun/vcpu.h"

// KVM rounds the offset up to 2^24 ticks (KVM_REG_PPC_TB_OFFSET), so the guest may see a few hundredths of a
// second pass, and never time that runs backwards. All vCPUs get one value: threads of a core share theirs.
void vcpu_set_step_back(VcpuSet *set, uint64_t ticks)
{
    uint64_t offset;
    if (kvm_vcpu_get_reg(vcpu_kvm(vcpu_set_at(set, 0)), KVM_PPC_TB_OFFSET, &offset) < 0)
        return;
    for (unsigned i = 0; i < vcpu_set_count(set); i++)
        kvm_vcpu_set_reg(vcpu_kvm(vcpu_set_at(set, i)), KVM_PPC_TB_OFFSET, offset - ticks);
}
