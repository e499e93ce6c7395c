// What tests see of the KVM that tests/unit/fake_kvm.c puts in the place of the host's.
#pragma once
#include "lparun/kvm.h"

// A VM as kvm_vm_open() makes it.
KvmVm *fake_kvm_new(void);

// A store of `length` bytes by the guest at `gpa`, as the kernel's MMIO bus takes it: signals the ioeventfd
// of exactly this address and length. False when there is none, so that KVM would exit to userspace.
bool fake_kvm_store(KvmVm *vm, uint64_t gpa, uint32_t length);
// ioeventfds that are registered.
unsigned fake_kvm_ioeventfds(const KvmVm *vm);
// Where stores of zero are swallowed (kvm_ioeventfd_zero), 0 for nowhere.
uint64_t fake_kvm_sink(KvmVm *vm);
// From now on KVM_IOEVENTFD answers -ENOSPC (or works again).
void fake_kvm_refuse_ioeventfds(KvmVm *vm, bool refuse);

// Has `source` an irqfd?
bool fake_kvm_is_bound(const KvmVm *vm, uint32_t source);
// How many edges came to `source` since the last call (its irqfd's count).
unsigned fake_kvm_edges(KvmVm *vm, uint32_t source);
// The attribute that KVM_SET_DEVICE_ATTR gave `source` last.
uint64_t fake_kvm_source_state(const KvmVm *vm, uint32_t source);
// As fake_kvm_edges() > 0, but waits for one up to a second.
bool fake_kvm_wait_edge(KvmVm *vm, uint32_t source);

typedef struct FakeKvmEnabled {
    uint32_t capability;
    uint64_t argument0, argument1;
} FakeKvmEnabled;

// What POWER's part of KVM shall answer, and what it was asked. All zero, as it is at first: everything
// works.
typedef struct FakeKvmPower {
    unsigned missing[4];        // capabilities that KVM_CHECK_EXTENSION denies (0: none)
    int enable;                 // KVM_ENABLE_CAP's answer on the VM
    uint64_t refused_hypercall; // -EINVAL for KVM_CAP_PPC_ENABLE_HCALL of this one
    FakeKvmEnabled enabled[16];
    unsigned enabled_count;
    int device, irqfd;    // answers of KVM_CREATE_DEVICE and KVM_IRQFD
    uint32_t device_type; // that KVM_CREATE_DEVICE was asked for last, and what it gave
    int device_fd;
    int rtas; // KVM_PPC_RTAS_DEFINE_TOKEN
    uint64_t rtas_token;
    unsigned rtas_calls;
    int mmu, htab; // KVM_PPC_CONFIGURE_V3_MMU and KVM_PPC_ALLOCATE_HTAB
    unsigned mmu_calls;
    uint64_t mmu_flags, process_table;
    unsigned htab_calls;
    uint32_t htab_order;
    int prepare, commit; // KVM_PPC_RESIZE_HPT_PREPARE's and _COMMIT's
    unsigned prepares, commits;
    uint32_t resize_order; // that either was asked for last
    int characteristics;   // KVM_PPC_GET_CPU_CHAR
    uint64_t character, behaviour;
    uint32_t newest_compat; // the newest logical PVR that KVM_REG_PPC_ARCH_COMPAT may be; 0: all
    bool pr;                // this is KVM-PR
    int no_hash, no_radix;  // KVM_PPC_GET_SMMU_INFO and KVM_PPC_GET_RMMU_INFO
    struct kvm_ppc_smmu_info hash;
    int smt;               // threads of a core as KVM has them (KVM_CAP_PPC_SMT)
    int vcpu, vcpu_enable; // KVM_CREATE_VCPU, and KVM_ENABLE_CAP on a vCPU
    int pvr_result;        // KVM_GET_SREGS
    uint32_t pvr;          // 0: POWER9's
    int tce_table;         // KVM_CREATE_SPAPR_TCE_64
} FakeKvmPower;
FakeKvmPower *fake_kvm_power(KvmVm *vm);

// The XIVE device: what it shall answer, and what it was asked. A new VM has all zero.
typedef struct FakeSlot {
    uint64_t gpa, size; // size 0: there is none
    void *host;
} FakeSlot;
#define FAKE_XIVE_SOURCE (1ULL << 63) // in `sources`: it was made
typedef struct FakeXive {
    int create;      // KVM_CREATE_DEVICE's answer
    int result;      // of all else that the device is asked, but for the number of servers
    int slot_result; // of KVM_SET_USER_MEMORY_REGION for its pages
    uint32_t servers;
    uint64_t sources[0x2000]; // by number: FAKE_XIVE_SOURCE and the value
    uint32_t route_source, flushed;
    uint64_t route;
    unsigned resets;
    uint32_t queue_server;
    unsigned queue_priority;
    KvmXiveQueue queue; // as it was set, or shall be given
    FakeSlot slots[16]; // from KVM_SLOT_TIMA on
    uint8_t *esb;
    int mappings; // that there are
} FakeXive;
FakeXive *fake_kvm_xive(void);
