// What the guest learns of its processors (firmware/cpus.c).
#pragma once
#include "lparun/cas.h"
#include "lparun/numa.h"
#include "lparun/vcpu.h"

typedef struct Cpus {
    const char *name; // "PowerPC,POWER9"
    unsigned threads; // a core; the device tree has a node a core
    uint32_t pvr;
    uint32_t timebase, clock;                                              // Hz
    uint32_t data_block, data_cache, instruction_block, instruction_cache; // bytes
    uint32_t data_sets, instruction_sets;                                  // 0: the host does not say
    unsigned isa;                                                          // 207, 300, 310
    uint32_t radix_encodings[8];
    int radix_encoding_count;
    unsigned decrementer_bits;     // of the large decrementer (LPCR_LD); 0: there is none
    bool has_purr;                 // and SPURR
    bool without_vsx, without_dfp; // the tree does not have them
    bool has_dawr1;                // a second data address watchpoint
    unsigned page_shift_most;      // of pages in a hashed page table, log2; 0: no other limit than KVM's
    struct kvm_ppc_smmu_info hash; // page sizes, for hashed guests
} Cpus;
// Reads the host's own processors and what KVM says of them. False and `error` when the host has none that
// lparun knows, or KVM does not answer. While no vCPU runs: `boot`'s LPCR is changed to try what it takes,
// and put back.
bool cpus_read(Cpus *cpus, KvmVm *vm, Vcpu *boot, GError **error);
// The largest page that the tree lets a hashed page table have, log2 of its bytes; 0: KVM has no such tables.
unsigned cpus_largest_page(const Cpus *cpus);
// `compat` NULL: raw. `hash_order` 0: radix.
void cpus_describe(const Cpus *cpus, const VcpuSet *vcpus, const CompatLevel *compat, unsigned hash_order,
    const Numa *numa, Tree *tree);
