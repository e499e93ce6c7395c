// H_RESIZE_HPT_PREPARE and H_RESIZE_HPT_COMMIT: a running guest gets a hashed page table of another size
// (LoPAR, "H_RESIZE_HPT_PREPARE"; Linux, arch/powerpc/platforms/pseries/lpar.c). KVM makes the new table and
// moves the entries.
#include "lparun/hypercall.h"
#include "lparun/mmu.h"
#include "lparun/papr.h"
#include <errno.h>

typedef struct HashResize {
    KvmVm *vm;
    Mmu *mmu;
    bool can; // KVM_CAP_SPAPR_RESIZE_HPT
} HashResize;

// What KVM answers: a time in ms to wait, or an error.
static int64_t status_of(int result)
{
    static const unsigned times[] = { 10, 100, 1000, 10000, 100000 }; // ms; H_LONG_BUSY + i is for less
    unsigned order = 0;
    switch (result) {
    case 0:
        return H_SUCCESS;
    case -EINVAL:
        return H_PARAMETER;
    case -ENXIO: // nothing was prepared, or another size
        return H_CLOSED;
    case -ENOSPC: // the entries do not fit a smaller table
        return H_PTEG_FULL;
    case -EBUSY:
        return H_BUSY;
    case -ENOMEM:
        return H_NO_MEM;
    default:
        if (result < 0)
            return H_HARDWARE;
    }
    while (order < G_N_ELEMENTS(times) && (unsigned)result >= times[order])
        order++;
    return H_LONG_BUSY + order;
}

// r4 flags, of which there are none, r5 log2 of the bytes, in both calls. One that holds for both, or
// H_SUCCESS.
static int64_t check(const HashResize *resize, uint64_t flags, uint64_t order)
{
    if (!resize->can)
        return H_FUNCTION;
    if (mmu_is_radix(resize->mmu))
        return H_NOT_AVAILABLE;
    return flags != 0 || (order != 0 && (order < MMU_HASH_ORDER_MIN || order > MMU_HASH_ORDER_MAX))
               ? H_PARAMETER
               : H_SUCCESS;
}

// Order 0 drops what was prepared. The table is the host's memory: a guest gets twice what it started with.
static int64_t prepare(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    const HashResize *resize = owner;
    uint64_t order = arguments[1];
    int64_t status = check(resize, arguments[0], order);
    if (status != H_SUCCESS)
        return status;
    if (order > mmu_hash_order_limit(resize->mmu))
        return H_RESOURCE;
    return status_of(kvm_prepare_htab(resize->vm, (uint32_t)order));
}

// KVM keeps the vCPUs out of the guest until all entries are in the new table.
static int64_t commit(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    const HashResize *resize = owner;
    uint64_t order = arguments[1];
    int64_t status = check(resize, arguments[0], order);
    if (status != H_SUCCESS)
        return status;
    if (order == 0)
        return H_PARAMETER;
    int result = kvm_commit_htab(resize->vm, (uint32_t)order);
    if (result == 0)
        mmu_set_hash_order(resize->mmu, (unsigned)order);
    return status_of(result);
}

bool hash_resize_register(HypercallTable *table, KvmVm *vm, Mmu *mmu)
{
    HashResize *resize = hypercall_own(table, g_new0(HashResize, 1));
    *resize = (HashResize){ .vm = vm, .mmu = mmu };
    resize->can = !kvm_is_pr(vm) && kvm_check(vm, KVM_CAP_SPAPR_RESIZE_HPT) > 0;
    hypercall_register(table, H_RESIZE_HPT_PREPARE, "H_RESIZE_HPT_PREPARE", prepare, resize);
    hypercall_register(table, H_RESIZE_HPT_COMMIT, "H_RESIZE_HPT_COMMIT", commit, resize);
    return resize->can;
}
