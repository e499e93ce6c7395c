// The guest's MMU: radix or a hashed page table, H_REGISTER_PROC_TBL, and what PR leaves of the hashed page
// table.
#include "lparun/bytes.h"
#include "lparun/error.h"
#include "lparun/hypercall.h"
#include "lparun/mmu.h"
#include "lparun/papr.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct Mmu {
    KvmVm *vm;
    MmuMode offer;          // what the guest may choose; AUTO is either
    bool radix;             // the mode now
    unsigned hash_order;    // of the table that the mode hash begins with
    unsigned order_now;     // of the guest's when it has changed that; any vCPU's thread
    be64 (*table)[2];       // under PR the hashed page table is this process's own memory; else NULL
    int result;             // of connect_table()
    uint64_t process_table; // that the guest has registered, or 0; any vCPU's thread
    bool has_rpt_invalidate, can_resize;
};

// H_REGISTER_PROC_TBL's flags (LoPAR, "H_REGISTER_PROC_TBL"; Linux, asm/hvcall.h).
#define FLAGS_ALL 0x1fULL
#define FLAG_MODIFY 0x10ULL
#define FLAG_REGISTER 0x08ULL
#define FLAG_RADIX 0x04ULL
#define FLAG_HASH_TABLES 0x02ULL
#define FLAG_GTSE 0x01ULL

// kvm_configure_mmu()'s.
#define CONFIGURE_RADIX 1ULL
#define CONFIGURE_GTSE 2ULL
#define PROCESS_TABLE_RADIX (1ULL << 63)

// Firmware, a kernel and its initrd find room in this much real mode; in less, SLOF alone does.
#define REAL_MODE_WANTED (256ULL << 20)
#define REAL_MODE_NEEDED (64ULL << 20)

static unsigned order_at_least(uint64_t size)
{
    unsigned order = MMU_HASH_ORDER_MIN;
    while (order < MMU_HASH_ORDER_MAX && (1ULL << order) < size)
        order++;
    return order;
}

// KVM uses one entry of each group of eight for real mode, a group being 128 bytes: as many pages as the
// table has groups. The pages are as large as what backs the guest's memory.
static uint64_t real_mode_limit(unsigned hash_order)
{
    return (1ULL << (hash_order - 7)) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static unsigned order_for_real_mode(uint64_t size)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    return order_at_least((size + page - 1) / page * 128);
}

// LoPAR has 1/64 of memory as the rule of thumb, and says that Linux does well with half of it. A host with
// small pages needs a larger table than that for a small guest's real mode.
static unsigned hash_order_for(uint64_t memory_size)
{
    unsigned order = order_at_least(memory_size / 128);
    return MAX(order, order_for_real_mode(MIN(memory_size, REAL_MODE_WANTED)));
}

static bool set_hash_order(Mmu *mmu, unsigned order, uint64_t memory_size, GError **error)
{
    uint64_t needed = MIN(memory_size, REAL_MODE_NEEDED);
    mmu->hash_order = order ? order : hash_order_for(memory_size);
    if (mmu_real_mode_area(mmu, memory_size) >= needed)
        return true;
    return error_user(error,
        "-machine hpt-order=%u: firmware does not fit in the real mode that such a table maps; give at least "
        "%u",
        order, order_for_real_mode(needed));
}

Mmu *mmu_new(KvmVm *vm, MmuMode wanted, unsigned hash_order, uint64_t memory_size, GError **error)
{
    bool has_radix = kvm_check(vm, KVM_CAP_PPC_MMU_RADIX) > 0;
    bool has_hash = !has_radix || kvm_check(vm, KVM_CAP_PPC_MMU_HASH_V3) > 0;
    if ((wanted == MMU_RADIX && !has_radix) || (wanted == MMU_HASH && !has_hash)) {
        error_host(error, "-machine mmu=%s: this host's KVM has no such guests; leave it out",
            wanted == MMU_RADIX ? "radix" : "hash");
        return NULL;
    }
    Mmu *mmu = g_new0(Mmu, 1);
    mmu->vm = vm;
    mmu->offer = wanted != MMU_AUTO ? wanted : !has_radix ? MMU_HASH : !has_hash ? MMU_RADIX : MMU_AUTO;
    mmu->radix = mmu->offer != MMU_HASH;
    if (mmu->offer == MMU_RADIX || set_hash_order(mmu, hash_order, memory_size, error)) {
        mmu->order_now = mmu->hash_order;
        return mmu;
    }
    mmu_free(mmu);
    return NULL;
}

void mmu_free(Mmu *mmu)
{
    if (mmu)
        free(mmu->table);
    g_free(mmu);
}

// PR: the vCPU finds the table through SDR1, and its interrupt vectors at 0 rather than at the top (HIOR).
static void connect_table(Vcpu *vcpu, void *data)
{
    Mmu *mmu = data;
    int result = kvm_vcpu_set_hash_table(vcpu_kvm(vcpu), mmu->table, mmu->hash_order);
    if (result == 0)
        result = kvm_vcpu_set_reg(vcpu_kvm(vcpu), KVM_PPC_HIOR, 0);
    if (result < 0)
        mmu->result = result;
}

static int reset_own_table(Mmu *mmu, VcpuSet *vcpus)
{
    size_t size = (size_t)1 << mmu->hash_order;
    if (!mmu->table)
        mmu->table = aligned_alloc(size, size);
    if (!mmu->table)
        return -ENOMEM;
    memset(mmu->table, 0, size);
    mmu->result = 0;
    vcpu_set_call(vcpus, NULL, connect_table, mmu);
    return mmu->result;
}

// Either ioctl switches the VM to its mode, and frees what the other mode had. -EBUSY while a vCPU is in the
// guest.
static int enter(Mmu *mmu, bool radix)
{
    __atomic_store_n(&mmu->process_table, 0, __ATOMIC_RELAXED);
    mmu_set_hash_order(mmu, mmu->hash_order);
    if (mmu->can_resize)
        kvm_prepare_htab(mmu->vm, 0); // no table waits for a guest that is no more
    return radix ? kvm_configure_mmu(mmu->vm, CONFIGURE_RADIX | CONFIGURE_GTSE, PROCESS_TABLE_RADIX)
                 : kvm_allocate_htab(mmu->vm, mmu->hash_order);
}

bool mmu_reset(Mmu *mmu, VcpuSet *vcpus, GError **error)
{
    mmu->radix = mmu->offer != MMU_HASH;
    bool own = !mmu->radix && kvm_is_pr(mmu->vm);
    int result = own ? reset_own_table(mmu, vcpus) : enter(mmu, mmu->radix);
    if (result < 0)
        error_host(
            error, "the guest's %s: %s", mmu->radix ? "radix MMU" : "hashed page table", g_strerror(-result));
    return result >= 0;
}

int mmu_switch(Mmu *mmu, bool radix)
{
    if (radix == mmu->radix)
        return 0;
    int result = enter(mmu, radix);
    if (result < 0)
        enter(mmu, mmu->radix); // no memory for a table: KVM has left the old mode by then
    else
        mmu->radix = radix;
    return result;
}

MmuMode mmu_offer(const Mmu *mmu)
{
    return mmu->offer;
}

bool mmu_is_radix(const Mmu *mmu)
{
    return mmu->radix;
}

unsigned mmu_hash_order(const Mmu *mmu)
{
    return mmu->radix ? 0 : __atomic_load_n(&mmu->order_now, __ATOMIC_RELAXED);
}

void mmu_set_hash_order(Mmu *mmu, unsigned order)
{
    __atomic_store_n(&mmu->order_now, order, __ATOMIC_RELAXED);
}

uint64_t mmu_process_table(const Mmu *mmu)
{
    return __atomic_load_n(&mmu->process_table, __ATOMIC_RELAXED);
}

bool mmu_hash_group(const Mmu *mmu, uint64_t group, uint64_t entries[KVM_HASH_GROUP][2])
{
    unsigned order = mmu_hash_order(mmu);
    if (!order || group >> (order - 7))
        return false;
    if (!mmu->table)
        return kvm_hash_group(mmu->vm, group, entries) == 0;
    for (unsigned i = 0; i < KVM_HASH_GROUP; i++) {
        entries[i][0] = be64_get(mmu->table[group * KVM_HASH_GROUP + i][0]);
        entries[i][1] = be64_get(mmu->table[group * KVM_HASH_GROUP + i][1]);
    }
    return true;
}

unsigned mmu_hash_order_limit(const Mmu *mmu)
{
    return MIN(mmu->hash_order + 1, MMU_HASH_ORDER_MAX);
}

bool mmu_can_resize(const Mmu *mmu)
{
    return mmu->can_resize && !mmu->radix;
}

bool mmu_serves_resize(const Mmu *mmu)
{
    return mmu->can_resize;
}

bool mmu_has_rpt_invalidate(const Mmu *mmu)
{
    return mmu->has_rpt_invalidate && mmu->radix;
}

uint64_t mmu_real_mode_area(const Mmu *mmu, uint64_t memory_size)
{
    if (mmu->offer == MMU_RADIX || kvm_is_pr(mmu->vm)) // PR has no such limit: it maps real mode by itself
        return memory_size;
    return MIN(memory_size, real_mode_limit(mmu->hash_order));
}

static int64_t check_radix_table(uint64_t base, uint64_t page_size, uint64_t table_size)
{
    if (base & 0xfff || base >> 60)
        return H_P2;
    if (page_size != 0)
        return H_P3;
    return table_size > 24 ? H_P4 : H_SUCCESS;
}

// r4 flags, r5 base, r6 page size, r7 log2 of the table's size - 12. Without FLAG_MODIFY the table stays and
// GTSE alone may change; with it the table is the new one, or none. A hashed guest of ISA 3.0 calls this with
// flags 0 and stops when it fails.
static int64_t register_process_table(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    Mmu *mmu = owner;
    uint64_t flags = arguments[0], base = arguments[1], table_size = arguments[3];
    if (flags & ~FLAGS_ALL || flags & FLAG_HASH_TABLES)
        return H_PARAMETER;
    bool radix = flags & FLAG_RADIX;
    if (radix != mmu->radix) // the mode is chosen by CAS
        return H_PARAMETER;
    if (!radix)
        return H_SUCCESS;
    uint64_t table = flags & FLAG_MODIFY ? 0 : __atomic_load_n(&mmu->process_table, __ATOMIC_RELAXED);
    if (flags & FLAG_MODIFY && flags & FLAG_REGISTER) {
        int64_t checked = check_radix_table(base, arguments[2], table_size);
        if (checked != H_SUCCESS)
            return checked;
        table = base | table_size;
    }
    uint64_t mode = CONFIGURE_RADIX | (flags & FLAG_GTSE ? CONFIGURE_GTSE : 0);
    int result = kvm_configure_mmu(mmu->vm, mode, PROCESS_TABLE_RADIX | table);
    if (result == 0)
        __atomic_store_n(&mmu->process_table, table, __ATOMIC_RELAXED);
    return result == 0 ? H_SUCCESS : result == -EBUSY ? H_BUSY : H_PARAMETER;
}

// PR serves H_ENTER, H_REMOVE, H_PROTECT and H_BULK_REMOVE in the table, and not this one
// (arch/powerpc/kvm/book3s_pr_papr.c). r4 flags, r5 the entry's index; the entry is returned in r4 and r5, or
// all four of its half group in r4 to r11 (LoPAR, "H_READ"). Its reference and change bits are up to date: PR
// sets them when it maps a page.
static int64_t read_entry(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    const Mmu *mmu = owner;
    bool four = arguments[0] & H_READ_4;
    uint64_t index = four ? arguments[1] & ~3ULL : arguments[1];
    if (index >= (1ULL << mmu->hash_order) / sizeof *mmu->table)
        return H_PARAMETER;
    for (unsigned i = 0; i < (four ? 4 : 1); i++) {
        arguments[2 * i] = be64_get(mmu->table[index + i][0]);
        arguments[2 * i + 1] = be64_get(mmu->table[index + i][1]);
    }
    return H_SUCCESS;
}

// H_RPT_INVALIDATE, for guests that may not use tlbie (no GTSE). The kernel's handler uses it for them
// (do_h_rpt_invalidate_prt in arch/powerpc/mm/book3s64/radix_tlb.c), which only a host on bare metal can do
// for another partition than its own. A host that is a guest has no hashed guests.
static bool enable_rpt_invalidate(KvmVm *vm)
{
    return kvm_check(vm, KVM_CAP_PPC_MMU_RADIX) > 0 && kvm_check(vm, KVM_CAP_PPC_MMU_HASH_V3) > 0 &&
           kvm_check(vm, KVM_CAP_PPC_RPT_INVALIDATE) > 0 &&
           kvm_enable(vm, KVM_CAP_PPC_ENABLE_HCALL, H_RPT_INVALIDATE, 1) == 0;
}

static bool is_hash(const void *owner)
{
    return !mmu_is_radix(owner);
}

static bool can_resize(const void *owner)
{
    return mmu_can_resize(owner);
}

static bool has_rpt_invalidate(const void *owner)
{
    return mmu_has_rpt_invalidate(owner);
}

void hypercall_mmu_register(HypercallTable *table, const HypercallParts *parts)
{
    Mmu *mmu = parts->mmu;
    mmu->has_rpt_invalidate = !parts->without_rpt_invalidate && enable_rpt_invalidate(mmu->vm);
    mmu->can_resize = !parts->without_resize && hash_resize_register(table, mmu->vm, mmu);
    hypercall_register(table, H_REGISTER_PROC_TBL, "H_REGISTER_PROC_TBL", register_process_table, mmu);
    if (kvm_is_pr(mmu->vm))
        hypercall_register(table, H_READ, "H_READ", read_entry, mmu);
    hypercall_announce_if(table, "hcall-pft", is_hash, mmu);
    hypercall_announce_if(table, "hcall-bulk", is_hash, mmu);
    hypercall_announce_if(table, "hcall-hpt-resize", can_resize, mmu);
    hypercall_announce_if(table, "hcall-rpt-invalidate", has_rpt_invalidate, mmu);
}

static void free_part(void *part)
{
    mmu_free(part);
}

const PartOps mmu_part = { .kind = "MMU", .free = free_part };
