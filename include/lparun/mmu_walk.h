// Where in a guest's memory an address of its own is (hcalls/mmu_walk.c): the walk that its processor does,
// for whoever looks at a guest from outside. It asks for no permission and sets no reference or change bit.
// Source: Power ISA 3.1, book III, 6.7.
#pragma once
#include "lparun/kvm.h"
#include "lparun/memory.h"
#include "lparun/mmu.h"

typedef struct MmuView {
    const GuestMemory *memory;
    uint64_t msr, pid;
    bool radix;
    uint64_t process_table; // mmu_process_table()'s
    unsigned hash_order;    // log2 of the hashed page table's bytes
    KvmSlbEntry slb[KVM_SLB_ENTRIES];
    // A group of that table. False: there is none.
    bool (*hash_group)(const void *owner, uint64_t group, uint64_t entries[KVM_HASH_GROUP][2]);
    const void *owner;
} MmuView;

// What `vcpu` has now. On its thread between two KVM_RUNs, or while it is parked or held. -errno when KVM
// refuses.
int mmu_view(MmuView *view, const Mmu *mmu, const GuestMemory *memory, KvmVcpu *vcpu);
// The guest physical address of `address`: what is mapped reaches at least to the end of its 4 KiB. False: it
// is not mapped. There may be no RAM at it. Any thread.
bool mmu_walk(const MmuView *view, uint64_t address, uint64_t *gpa);
