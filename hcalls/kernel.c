// Hypercalls that the kernel alone serves, and that no other family is about.
#include "lparun/hypercall.h"
#include "lparun/papr.h"

// Those that fill many TCEs at once: in the kernel, where the tables are, or not offered at all.
static bool enable_multi_tce(KvmVm *vm)
{
    return kvm_check(vm, KVM_CAP_SPAPR_MULTITCE) > 0 &&
           kvm_enable(vm, KVM_CAP_PPC_ENABLE_HCALL, H_PUT_TCE_INDIRECT, 1) == 0 &&
           kvm_enable(vm, KVM_CAP_PPC_ENABLE_HCALL, H_STUFF_TCE, 1) == 0;
}

void hypercall_kernel_register(HypercallTable *table, const HypercallParts *parts)
{
    hypercall_announce(table, "hcall-interrupt"); // XICS
    hypercall_announce(table, "hcall-tce");
    if (enable_multi_tce(parts->vm))
        hypercall_announce(table, "hcall-multi-tce");
    if (!kvm_is_pr(parts->vm)) // PR has no H_REGISTER_VPA, H_PROD and H_CONFER
        hypercall_announce(table, "hcall-splpar");
}
