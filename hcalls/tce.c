// The hypercalls that fill many TCEs at once: in the kernel, where the tables are, or not offered at all.
#include "lparun/hypercall.h"
#include "lparun/papr.h"

bool tce_hypercalls_enable(KvmVm *vm)
{
    return kvm_check(vm, KVM_CAP_SPAPR_MULTITCE) > 0 &&
           kvm_enable(vm, KVM_CAP_PPC_ENABLE_HCALL, H_PUT_TCE_INDIRECT, 1) == 0 &&
           kvm_enable(vm, KVM_CAP_PPC_ENABLE_HCALL, H_STUFF_TCE, 1) == 0;
}
