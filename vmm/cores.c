// Cores of vCPUs: how many threads each has, and how vCPU numbers are spaced.
#include "lparun/error.h"
#include "lparun/vcpu.h"
#include <errno.h>

// As it was asked for.
static unsigned spread(KvmVm *vm, unsigned threads, unsigned apart, GError **error)
{
    unsigned stride = (unsigned)MAX(kvm_check(vm, KVM_CAP_PPC_SMT), 1);
    if (stride == apart || kvm_enable(vm, KVM_CAP_PPC_SMT, apart, 0) == 0)
        return apart;
    error_host(error,
        "-machine vsmt=%u: this host's KVM has vCPU numbers of cores %u apart; give that, or leave it out",
        apart, MAX(stride, threads));
    return 0;
}

// A POWER8 runs whole cores: vCPUs number n * stride and on are one core's, on one core of the host's
// (kvmppc_core_vcpu_create_hv in arch/powerpc/kvm/book3s_hv.c). Newer processors run every vCPU by itself,
// and KVM needs the number only to deliver the doorbells that threads of a core send each other.
unsigned cores_set_threads(KvmVm *vm, unsigned threads, unsigned apart, GError **error)
{
    if (apart)
        return spread(vm, threads, apart, error);
    unsigned stride = (unsigned)MAX(kvm_check(vm, KVM_CAP_PPC_SMT), 1);
    if (stride == threads)
        return stride;
    int result = kvm_enable(vm, KVM_CAP_PPC_SMT, threads, 0);
    if (result == 0)
        return threads;
    if (stride > threads) // the core's further threads stay unused
        return stride;
    error_host(error, "-smp threads=%u: this host's KVM has no such cores (%s); %s", threads,
        g_strerror(-result), stride > 1 ? "give fewer" : "leave it out");
    return 0;
}
