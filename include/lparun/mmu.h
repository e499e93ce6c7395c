// The guest's MMU (hcalls/mmu.c): radix or a hashed page table, H_REGISTER_PROC_TBL, under PR H_READ, and
// what else KVM serves of it.
#pragma once
#include "lparun/part.h"
#include "lparun/hypercall.h"

typedef struct Mmu Mmu;
typedef enum { MMU_AUTO, MMU_RADIX, MMU_HASH } MmuMode;
// `wanted` AUTO: all that KVM has; the machine then starts with radix where that is among it. A hashed page
// table has 1 << `hash_order` bytes, or with 0 as many as `memory_size` bytes of memory need. NULL and
// `error` when this KVM has not what is wanted, or the table is too small for firmware.
#define MMU_HASH_ORDER_MIN 18
#define MMU_HASH_ORDER_MAX 46
Mmu *mmu_new(KvmVm *vm, MmuMode wanted, unsigned hash_order, uint64_t memory_size, GError **error);
void mmu_free(Mmu *mmu);
extern const PartOps mmu_part;
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
// Could it, with a hashed page table?
bool mmu_serves_resize(const Mmu *mmu);
unsigned mmu_hash_order_limit(const Mmu *mmu);
// What the guest has registered by H_REGISTER_PROC_TBL: base | log2 of its size - 12; 0: nothing.
uint64_t mmu_process_table(const Mmu *mmu);
// A group of the hashed page table, in the format of before ISA 3.0. False: there is no such group. Any
// thread.
bool mmu_hash_group(const Mmu *mmu, uint64_t group, uint64_t entries[KVM_HASH_GROUP][2]);
// hcalls/hash_resize.c: H_RESIZE_HPT_PREPARE and H_RESIZE_HPT_COMMIT, for hypercall_mmu_register(). False:
// this KVM has no such thing, and both answer H_FUNCTION. The other is what it says after the second.
bool hash_resize_register(HypercallTable *table, KvmVm *vm, Mmu *mmu);
void mmu_set_hash_order(Mmu *mmu, unsigned order);
// Bytes of memory from GPA 0 on that the guest can reach in real mode: with a hashed page table KVM maps them
// through that table itself (kvmppc_hv_setup_htab_rma in arch/powerpc/kvm/book3s_hv.c), so its size limits
// them. A guest that may choose a hashed page table has the limit from the start: firmware asks for the
// switch and must still be mapped after it.
uint64_t mmu_real_mode_area(const Mmu *mmu, uint64_t memory_size);
