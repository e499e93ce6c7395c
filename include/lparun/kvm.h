// The thin layer over /dev/kvm: one function a ioctl, no policy. All of lparun's KVM ioctls are behind this
// header, so that unit tests can put a KVM of their own in its place (tests/unit/fake_kvm.c).
//
// Functions return 0 (or what they say) and -errno. Source: Documentation/virt/kvm/api.rst.
#pragma once
#include "lparun/part.h"
#include <glib.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct KvmVm KvmVm;
typedef struct KvmVcpu KvmVcpu;

// Opens `path` ("/dev/kvm") and creates a VM of `type`: KVM_ANY is HV where the host has it, else PR. NULL
// and `error`: no such device, no permission, not a KVM, a KVM that is not POWER's, or one without what a
// pseries machine needs; the message says which and what to do.
typedef enum { KVM_ANY, KVM_HV, KVM_PR } KvmType; // as KVM_CREATE_VM has them
KvmVm *kvm_vm_open(const char *path, KvmType type, GError **error);
void kvm_vm_close(KvmVm *vm);
extern const PartOps kvm_vm_part;

// KVM_CHECK_EXTENSION on the VM: 0 when unknown, else the capability's value. Any thread.
int kvm_check(const KvmVm *vm, unsigned capability);
// KVM's own counts, in its form (KVM_GET_STATS_FD: header, descriptions, numbers); g_bytes_unref. NULL: it
// has none.
GBytes *kvm_stats(const KvmVm *vm);
// The same of a vCPU, on its thread.
GBytes *kvm_vcpu_stats(KvmVcpu *vcpu);
// KVM_SET_USER_MEMORY_REGION. `gpa`, `host` and `size` are multiples of the host's page size.
// `size` 0 takes the slot away.
int kvm_set_memory(KvmVm *vm, uint32_t slot, uint64_t gpa, void *host, uint64_t size);
// Slots: RAM's from 0 on, and these.
#define KVM_SLOT_TIMA 0x1000
#define KVM_SLOT_ESB 0x1001 // and on, one for each run of interrupt sources
// KVM_ENABLE_CAP on the VM.
int kvm_enable(KvmVm *vm, uint32_t capability, uint64_t argument0, uint64_t argument1);
// KVM_IOEVENTFD on the MMIO bus without datamatch: a store of exactly `length` bytes at `gpa` signals
// `eventfd`. -EEXIST when another has the address. Any thread.
int kvm_ioeventfd(KvmVm *vm, int eventfd, uint64_t gpa, uint32_t length, bool assign);
// The same for stores whose bytes are all zero (KVM_IOEVENTFD_FLAG_DATAMATCH); others go on as if it were not
// there.
int kvm_ioeventfd_zero(KvmVm *vm, int eventfd, uint64_t gpa, uint32_t length, bool assign);
// KVM_IRQFD: a write to `eventfd` is an edge of interrupt source `source`.
int kvm_irqfd(KvmVm *vm, int eventfd, uint32_t source, bool assign);
// KVM_CREATE_DEVICE: a file descriptor.
int kvm_create_device(KvmVm *vm, uint32_t type);
// KVM_SET_DEVICE_ATTR and KVM_GET_DEVICE_ATTR with a u64 in host order.
int kvm_device_set(int device, uint32_t group, uint64_t attribute, uint64_t value);
int kvm_device_get(int device, uint32_t group, uint64_t attribute, uint64_t *value);
// Maps `pages` host pages of the device from its page `page` on, and gives them back. NULL when it refuses.
void *kvm_device_map(int device, uint64_t page, uint64_t pages);
void kvm_device_unmap(void *mapping, uint64_t pages);

// What follows is POWER's alone (vmm/kvm_ppc.c).

// Source attribute bits of the XICS device's group 1 (Documentation/virt/kvm/devices/xics.rst).
#define KVM_XICS_SOURCES 1
#define KVM_XICS_PRIORITY_SHIFT 32
#define KVM_XICS_IS_MASKED (1ULL << 41)

// The XIVE device's groups, attributes and values (Documentation/virt/kvm/devices/xive.rst).
#define KVM_XIVE_CONTROL 1
#define KVM_XIVE_RESET 1
#define KVM_XIVE_SOURCE 2
#define KVM_XIVE_SOURCE_ROUTE 3
#define KVM_XIVE_SERVER_SHIFT 3
#define KVM_XIVE_MASKED (1ULL << 32)
#define KVM_XIVE_EISN_SHIFT 33
#define KVM_XIVE_SOURCE_FLUSH 5
// Pages of its mapping: the TIMA, and two for each source.
#define KVM_XIVE_TIMA_PAGE 0
#define KVM_XIVE_ESB_PAGE 4

// KVM_DEV_XIVE_NR_SERVERS: vCPU numbers are below `servers`. Before any vCPU is connected.
int kvm_xive_servers(int device, uint32_t servers);
// A vCPU's queue of one priority.
typedef struct KvmXiveQueue {
    uint64_t address;   // GPA; 1 << `shift` bytes, aligned to as many
    uint32_t shift;     // 0: there is none
    bool always_notify; // out only: KVM does it always
    uint32_t index;     // out only: the entry that is written next
    bool generation;    // out only
} KvmXiveQueue;
int kvm_xive_queue_set(int device, uint32_t server, unsigned priority, const KvmXiveQueue *queue);
int kvm_xive_queue_get(int device, uint32_t server, unsigned priority, KvmXiveQueue *queue);

// KVM_PPC_RTAS_DEFINE_TOKEN: the kernel serves RTAS call `name` under `token`. -ENOENT for a name it has not.
int kvm_rtas_define(KvmVm *vm, const char *name, uint64_t token);
// KVM_PPC_CONFIGURE_V3_MMU. `flags`: 1 radix, 2 GTSE; `process_table` as H_REGISTER_PROC_TBL's base | size,
// with bit 63 set for radix. -EBUSY while a vCPU runs, -EINVAL where the mode is not to be had.
int kvm_configure_mmu(KvmVm *vm, uint64_t flags, uint64_t process_table);
// KVM_PPC_ALLOCATE_HTAB: a hashed page table of 1 << `order` bytes (18 to 46); the same order again zeroes
// it.
int kvm_allocate_htab(KvmVm *vm, uint32_t order);
// KVM_PPC_RESIZE_HPT_PREPARE: begins to make another table, or with 0 drops the one that was begun. 0 when it
// is ready, else ms to wait before this is called again; -EINVAL, -ENOMEM. KVM_PPC_RESIZE_HPT_COMMIT: the
// guest's table from here on; -ENXIO: no such table was prepared, -EBUSY: it is not ready, -ENOSPC: an entry
// that must stay has no place in it. Any thread.
int kvm_prepare_htab(KvmVm *vm, uint32_t order);
int kvm_commit_htab(KvmVm *vm, uint32_t order);
// KVM_PPC_GET_CPU_CHAR: what H_GET_CPU_CHARACTERISTICS answers. Bits that the host's firmware says nothing of
// are 0, and not known.
typedef struct KvmCpuCharacteristics {
    uint64_t character, character_known, behaviour, behaviour_known;
} KvmCpuCharacteristics;
int kvm_cpu_characteristics(KvmVm *vm, KvmCpuCharacteristics *cpu);
// Is this KVM-PR, which runs the guest in problem state and leaves more to userspace? (KVM_CAP_PPC_GET_PVINFO
// is PR's.)
bool kvm_is_pr(const KvmVm *vm);
// The instruction that makes a PAPR hypercall under PR. `sc 1` may not reach PR: its guests run in problem
// state, and where the host is a partition itself, the hypervisor below answers H_PRIVILEGE. SLOF finds that
// out, and then puts this one into itself and into kernels (kvmppc_core_emulate_op_pr in
// arch/powerpc/kvm/book3s_emulate.c).
#define KVM_PR_HYPERCALL 0x7c000268
// KVM_PPC_GET_PVINFO: the four instructions with which a guest calls PR itself for what is KVM's own and not
// PAPR's (Documentation/virt/kvm/ppc-pv.rst), as words in the host's byte order.
int kvm_hypercall_instructions(KvmVm *vm, uint32_t instructions[4]);
// KVM_CREATE_SPAPR_TCE_64: a table of `pages` TCEs for pages of 1 << `page_shift` bytes under bus number
// `liobn`. A file descriptor; -ENOMEM also when locked memory is short.
int kvm_create_tce_table(KvmVm *vm, uint64_t liobn, uint32_t page_shift, uint64_t pages);
// KVM_PPC_GET_SMMU_INFO.
int kvm_smmu_info(KvmVm *vm, struct kvm_ppc_smmu_info *info);
// KVM_PPC_GET_RMMU_INFO: the page size encodings for ibm,processor-radix-AP-encodings; returns their number
// (<= 8).
int kvm_radix_encodings(KvmVm *vm, uint32_t encodings[8]);

// KVM_CREATE_VCPU with vCPU number `id`, its kvm_run mapped. NULL and `error`.
KvmVcpu *kvm_vcpu_new(KvmVm *vm, uint32_t id, GError **error);
void kvm_vcpu_free(KvmVcpu *vcpu);
struct kvm_run *kvm_vcpu_state(KvmVcpu *vcpu);
// KVM_RUN: 0 after an exit, -EINTR after a signal or with immediate_exit. The vCPU's own thread. All that
// follow: that thread between two KVM_RUNs, or any one while the vCPU is parked or held; 0 or -errno.
int kvm_vcpu_run(KvmVcpu *vcpu);
// KVM_ENABLE_CAP on the vCPU.
int kvm_vcpu_enable(KvmVcpu *vcpu, uint32_t capability, uint64_t argument0, uint64_t argument1);
// All general registers 0 except these; real mode, 64-bit, big-endian unless `msr` says otherwise.
int kvm_vcpu_set_entry(KvmVcpu *vcpu, uint64_t pc, uint64_t r3, uint64_t msr);
// An interrupt (Power ISA 3.1, book III, 7.5): the vCPU goes on at `vector` with `msr`; where it stood is in
// SRR0, its MSR without the bits of `cleared` in SRR1.
int kvm_vcpu_interrupt(KvmVcpu *vcpu, uint64_t vector, uint64_t msr, uint64_t cleared);
int kvm_vcpu_set_r3(KvmVcpu *vcpu, uint64_t r3);
// SPRG0, and what it was.
int kvm_vcpu_set_sprg0(KvmVcpu *vcpu, uint64_t value, uint64_t *before);
typedef struct KvmRegisters {
    uint64_t pc, msr, cr, lr, ctr, xer, srr0, srr1, pid, sprg[8], gpr[32];
} KvmRegisters;
int kvm_vcpu_registers(KvmVcpu *vcpu, KvmRegisters *registers);
// PR: the guest's hashed page table is `table` in this process, 1 << `order` bytes and aligned to as many.
int kvm_vcpu_set_hash_table(KvmVcpu *vcpu, void *table, unsigned order);
// The processor version register that the vCPU has.
int kvm_vcpu_pvr(KvmVcpu *vcpu, uint32_t *pvr);
// KVM_GET_ONE_REG and KVM_SET_ONE_REG, 32- or 64-bit as `id` says. -EINVAL where this KVM has not the
// register.
int kvm_vcpu_get_reg(KvmVcpu *vcpu, uint64_t id, uint64_t *value);
int kvm_vcpu_set_reg(KvmVcpu *vcpu, uint64_t id, uint64_t value);
// KVM_SET_REG 128-bit: VPA_SLB and VPA_DTL {address, length}.
int kvm_vcpu_set_reg_pair(KvmVcpu *vcpu, uint64_t id, uint64_t address, uint64_t length);

// For debuggers (vmm/kvm_ppc_debug.c).

// All but the PID, which KVM takes by its register's number.
int kvm_vcpu_set_registers(KvmVcpu *vcpu, const KvmRegisters *registers);
// The 128-bit ones: the more significant half comes first.
int kvm_vcpu_get_wide(KvmVcpu *vcpu, uint64_t id, uint64_t value[2]);
int kvm_vcpu_set_wide(KvmVcpu *vcpu, uint64_t id, const uint64_t value[2]);
// The segment lookaside buffer of a guest with a hashed page table, as slbmfee and slbmfev give it.
#define KVM_SLB_ENTRIES 64
typedef struct KvmSlbEntry {
    uint64_t esid, vsid;
} KvmSlbEntry;
int kvm_vcpu_slb(KvmVcpu *vcpu, KvmSlbEntry entries[KVM_SLB_ENTRIES]);
// KVM_SET_GUEST_DEBUG: the breakpoint instruction (KVM_PPC_DEBUG_INST) ends KVM_RUN with KVM_EXIT_DEBUG, the
// pc at it; with `step`, which HV ignores, so does the next instruction, the pc behind it.
int kvm_vcpu_debug(KvmVcpu *vcpu, bool breakpoints, bool step);
// A group of the guest's hashed page table as HV keeps it; those that are not valid are zeros. -errno: there
// is none. Any thread.
#define KVM_HASH_GROUP 8
int kvm_hash_group(KvmVm *vm, uint64_t group, uint64_t entries[KVM_HASH_GROUP][2]);
// What was written to these bytes of the guest's memory is code that it may have in an instruction cache.
void kvm_code_changed(const void *host, size_t length);

#define KVM_PPC_LPCR 0x10300000000000b5ULL
#define LPCR_LD (1ULL << 17)  // large decrementer (Power ISA 3.1, book III, 2.2)
#define LPCR_ILE (1ULL << 25) // interrupts are little-endian (the same)
#define KVM_PPC_COMPAT 0x10200000000000b7ULL
#define KVM_PPC_VPA_ADDRESS 0x1030000000000082ULL
#define KVM_PPC_VPA_SLB_SHADOW 0x1040000000000083ULL
#define KVM_PPC_VPA_DISPATCH_LOG 0x1040000000000084ULL
#define KVM_PPC_TB_OFFSET 0x103000000000009cULL
#define KVM_PPC_ICP_STATE 0x103000000000008cULL
#define KVM_PPC_DAWR0 0x10300000000000aaULL
#define KVM_PPC_DAWRX0 0x10300000000000abULL
#define KVM_PPC_CIABR 0x10300000000000acULL
#define KVM_PPC_DAWR1 0x10300000000000c4ULL
#define KVM_PPC_DAWRX1 0x10300000000000c5ULL
#define KVM_PPC_ONLINE 0x10200000000000bfULL
#define KVM_PPC_HIOR 0x1030000000000001ULL
#define KVM_PPC_DAR 0x103000000000000cULL
#define KVM_PPC_DSISR 0x102000000000000dULL
#define KVM_PPC_VR(n) (0x1040000000000040ULL + (n))
#define KVM_PPC_VSR(n) (0x1040000000000060ULL + (n)) // the first 32; the others are VRs
#define KVM_PPC_FPSCR 0x1030000000000080ULL
#define KVM_PPC_VSCR 0x1020000000000081ULL
#define KVM_PPC_VRSAVE 0x10200000000000b4ULL
#define KVM_PPC_PID 0x10300000000000b2ULL
#define KVM_PPC_TAR 0x10300000000000a8ULL
#define KVM_PPC_DEBUG_INST 0x102000000000008bULL
