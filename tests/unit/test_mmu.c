// The MMU's modes, H_REGISTER_PROC_TBL, and the size of the hashed page table.
#include "lparun/bytes.h"
#include "lparun/error.h"
#include "lparun/mmu.h"
#include "lparun/papr.h"
#include "partition.h"
#include <errno.h>
#include <unistd.h>

#define CALL 0x37c
#define GR (1ULL << 63) // kvm-ppc-abi 1.3: must go with the radix flag
#define RADIX 1
#define GTSE 2

typedef struct Fixture {
    Partition partition;
    FakeKvmPower *power;
    Mmu *mmu;
} Fixture;

// `kind` is NULL, "hash" or "pr".
static void set_up(Fixture *fixture, gconstpointer kind)
{
    partition_open(&fixture->partition, 1);
    fixture->power = fake_kvm_power(fixture->partition.vm);
    if (kind)
        fixture->power->missing[0] = KVM_CAP_PPC_MMU_RADIX;
    fixture->power->pr = g_strcmp0(kind, "pr") == 0;
    fixture->mmu = mmu_new(fixture->partition.vm, MMU_AUTO, 0, 4ULL << 30, NULL);
    hypercall_mmu_register(fixture->partition.hypercalls, &(HypercallParts){ .mmu = fixture->mmu });
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    mmu_free(fixture->mmu);
    partition_close(&fixture->partition);
}

static int64_t call(Fixture *fixture, uint64_t flags, uint64_t base, uint64_t page_size, uint64_t table_size)
{
    return partition_call(&fixture->partition, CALL, flags, base, page_size, table_size);
}

static void test_reset_radix(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(mmu_is_radix(fixture->mmu));
    g_assert_cmpuint(mmu_hash_order(fixture->mmu), ==, 0);
    g_assert_true(mmu_reset(fixture->mmu, fixture->partition.vcpus, NULL));
    g_assert_cmphex(fixture->power->mmu_flags, ==, RADIX | GTSE);
    g_assert_cmphex(fixture->power->process_table, ==, GR);
    g_assert_cmpuint(fixture->power->htab_order, ==, 0);
    fixture->power->mmu = -EBUSY;
    g_assert_false(mmu_reset(fixture->mmu, fixture->partition.vcpus, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    g_assert_cmpstr(error->message, ==, "the guest's radix MMU: Device or resource busy");
}

static void test_reset_hash(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(mmu_is_radix(fixture->mmu));
    g_assert_true(mmu_reset(fixture->mmu, fixture->partition.vcpus, NULL));
    g_assert_cmpuint(fixture->power->htab_order, ==, 25); // 4 GiB / 128
    g_assert_cmpuint(fixture->power->mmu_calls, ==, 0);
    fixture->power->htab = -ENOMEM;
    g_assert_false(mmu_reset(fixture->mmu, fixture->partition.vcpus, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    g_assert_cmpstr(error->message, ==, "the guest's hashed page table: Cannot allocate memory");
}

// PR has no table in the kernel: it is lparun's, aligned to its size, empty after each reset
// (kvm-ppc-abi 1.3).
static void test_reset_pr(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    KvmVcpu *vcpu = vcpu_kvm(vcpu_set_at(fixture->partition.vcpus, 0));
    unsigned order;
    fake_vcpu_set_reg(vcpu, KVM_PPC_HIOR, 0xfff00000);
    g_assert_true(mmu_reset(fixture->mmu, fixture->partition.vcpus, NULL));
    uint8_t *table = fake_vcpu_hash_table(vcpu, &order);
    g_assert_nonnull(table);
    g_assert_cmpuint(order, ==, 25);
    g_assert_cmphex((uintptr_t)table & ((1u << 25) - 1), ==, 0);
    g_assert_cmphex(fake_vcpu_reg(vcpu, KVM_PPC_HIOR), ==, 0);
    g_assert_cmpuint(fixture->power->htab_order, ==, 0); // KVM_PPC_ALLOCATE_HTAB is not PR's
    table[0] = table[(1u << 25) - 1] = 1;
    g_assert_true(mmu_reset(fixture->mmu, fixture->partition.vcpus, NULL));
    g_assert_true(fake_vcpu_hash_table(vcpu, &order) == table);
    g_assert_cmpuint(table[0] | table[(1u << 25) - 1], ==, 0);
    fake_vcpu_refuse_regs(vcpu);
    g_assert_false(mmu_reset(fixture->mmu, fixture->partition.vcpus, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
}

// The words of entry `index` are 0xindex01 and 0xindex02, big-endian in memory.
static void fill_table(Fixture *fixture)
{
    unsigned order;
    g_assert_true(mmu_reset(fixture->mmu, fixture->partition.vcpus, NULL));
    be64 *words = fake_vcpu_hash_table(vcpu_kvm(vcpu_set_at(fixture->partition.vcpus, 0)), &order);
    for (uint64_t i = 0; i < (1ULL << order) / 16; i++) {
        words[2 * i] = be64_make(i << 8 | 1);
        words[2 * i + 1] = be64_make(i << 8 | 2);
    }
}

// H_READ is userspace's under PR alone. Entries are 16 bytes; flag bit 26 is for four of them.
static void test_read(Fixture *fixture, gconstpointer data)
{
    enum { H_READ_CALL = 0xc, LAST = (1 << 25) / 16 - 1 };
    const uint64_t four = 1ULL << (63 - 26), *r = fixture->partition.arguments; // r[0] is r4
    fill_table(fixture);
    g_assert_cmpint(partition_call(&fixture->partition, H_READ_CALL, 0, LAST, 3, 4), ==, 0);
    g_assert_cmphex(r[0], ==, (uint64_t)LAST << 8 | 1);
    g_assert_cmphex(r[1], ==, (uint64_t)LAST << 8 | 2);
    g_assert_cmphex(r[2], ==, 3);
    g_assert_cmphex(r[3], ==, 4);
    g_assert_cmpint(partition_call(&fixture->partition, H_READ_CALL, four, 7, 0, 0, 0, 0, 0, 0, 9), ==, 0);
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmphex(r[2 * i], ==, (4 + i) << 8 | 1);
        g_assert_cmphex(r[2 * i + 1], ==, (4 + i) << 8 | 2);
    }
    g_assert_cmphex(r[8], ==, 9);
    g_assert_cmpint(partition_call(&fixture->partition, H_READ_CALL, four, LAST), ==, 0);
    g_assert_cmphex(r[7], ==, (uint64_t)LAST << 8 | 2);
    g_assert_cmpint(partition_call(&fixture->partition, H_READ_CALL, 0, LAST + 1), ==, -4);
    g_assert_cmpint(partition_call(&fixture->partition, H_READ_CALL, four, LAST + 1), ==, -4);
    g_assert_cmpint(partition_call(&fixture->partition, H_READ_CALL, four, UINT64_MAX), ==, -4);
    g_assert_cmpint(partition_call(&fixture->partition, H_READ_CALL, 0, 1ULL << 60), ==, -4);
}

static void test_read_hv(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpint(partition_call(&fixture->partition, 0xc, 0, 0), ==, -2);
}

// Linux's call: flags 1d, a base, page size 0, table size c.
static void test_register(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpint(call(fixture, 0x1d, 0x3000000, 0, 0xc), ==, 0);
    g_assert_cmphex(fixture->power->mmu_flags, ==, RADIX | GTSE);
    g_assert_cmphex(fixture->power->process_table, ==, GR | 0x3000000 | 0xc);
    g_assert_cmpint(call(fixture, 0x1c, 0x0ffffffffffff000ULL, 0, 24), ==, 0); // no GTSE, the largest of all
    g_assert_cmphex(fixture->power->mmu_flags, ==, RADIX);
    g_assert_cmphex(fixture->power->process_table, ==, GR | 0x0ffffffffffff000ULL | 24);
    // Without modify it stays, whatever else the guest says; GTSE alone changes.
    g_assert_cmpint(call(fixture, 0x05, 1, 1, 99), ==, 0);
    g_assert_cmphex(fixture->power->mmu_flags, ==, RADIX | GTSE);
    g_assert_cmphex(fixture->power->process_table, ==, GR | 0x0ffffffffffff000ULL | 24);
    g_assert_cmpint(call(fixture, 0x0c, 0x3000000, 0, 0xc), ==, 0);
    g_assert_cmphex(fixture->power->process_table, ==, GR | 0x0ffffffffffff000ULL | 24);
    fixture->power->mmu = -EINVAL; // what KVM has refused is not kept
    g_assert_cmpint(call(fixture, 0x1d, 0x3000000, 0, 0xc), ==, -4);
    fixture->power->mmu = 0;
    g_assert_cmpint(call(fixture, 0x05, 0, 0, 0), ==, 0);
    g_assert_cmphex(fixture->power->process_table, ==, GR | 0x0ffffffffffff000ULL | 24);
    g_assert_cmpint(call(fixture, 0x15, 1, 1, 99), ==, 0); // modify without register: gone
    g_assert_cmphex(fixture->power->process_table, ==, GR);
    g_assert_cmpint(call(fixture, 0x05, 0, 0, 0), ==, 0);
    g_assert_cmphex(fixture->power->process_table, ==, GR);
    // Nor does it outlive a reset.
    g_assert_cmpint(call(fixture, 0x1d, 0x3000000, 0, 0xc), ==, 0);
    g_assert_true(mmu_reset(fixture->mmu, fixture->partition.vcpus, NULL));
    g_assert_cmpint(call(fixture, 0x05, 0, 0, 0), ==, 0);
    g_assert_cmphex(fixture->power->process_table, ==, GR);
}

// The kernel's H_RPT_INVALIDATE: for radix guests, on hosts that have both MMUs (these are no guests
// themselves).
static void test_rpt_invalidate(void)
{
    static const struct {
        unsigned missing;
        uint64_t refused;
        bool has;
    } cases[] = {
        { 0, 0, true },
        { KVM_CAP_PPC_MMU_RADIX, 0, false },
        { KVM_CAP_PPC_MMU_HASH_V3, 0, false },
        { KVM_CAP_PPC_RPT_INVALIDATE, 0, false },
        { 0, 0x448, false },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Partition partition;
        partition_open(&partition, 1);
        FakeKvmPower *power = fake_kvm_power(partition.vm);
        power->missing[0] = cases[i].missing;
        power->refused_hypercall = cases[i].refused;
        Mmu *mmu = mmu_new(partition.vm, MMU_AUTO, 0, 4ULL << 30, NULL);
        hypercall_mmu_register(partition.hypercalls, &(HypercallParts){ .mmu = mmu });
        g_assert_cmpint(mmu_has_rpt_invalidate(mmu), ==, cases[i].has);
        g_assert_cmpuint(power->enabled_count, ==, cases[i].has);
        if (cases[i].has) {
            g_assert_cmphex(power->enabled[0].argument0, ==, 0x448);
            g_assert_cmpint(mmu_switch(mmu, false), ==, 0);
            g_assert_false(mmu_has_rpt_invalidate(mmu));
        }
        mmu_free(mmu);
        partition_close(&partition);
    }
}

static void test_register_wrong(Fixture *fixture, gconstpointer data)
{
    static const struct {
        uint64_t flags, base, page_size, table_size;
        int64_t result;
    } calls[] = {
        { 0x3d, 0x3000000, 0, 0xc, -4 }, // a flag that is none
        { 0x800000000000001dULL, 0x3000000, 0, 0xc, -4 },
        { 0x1f, 0x3000000, 0, 0xc, -4 }, // both kinds of tables
        { 0x1a, 0x3000000, 0, 0xc, -4 }, // segment tables
        { 0x18, 0x3000000, 0, 0xc, -4 }, // hashed, on a radix machine
        { 0, 0, 0, 0, -4 },
        { 0x1d, 0x3000001, 0, 0xc, -55 }, // P2: not aligned
        { 0x1d, 0x3000800, 0, 0xc, -55 },
        { 0x1d, 1ULL << 60, 0, 0xc, -55 },
        { 0x1d, UINT64_MAX & ~0xfffULL, 0, 0xc, -55 },
        { 0x1d, 0x3000000, 1, 0xc, -56 }, // P3
        { 0x1d, 0x3000000, UINT64_MAX, 0xc, -56 },
        { 0x1d, 0x3000000, 0, 25, -57 }, // P4
        { 0x1d, 0x3000000, 0, UINT64_MAX, -57 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(calls); i++)
        g_assert_cmpint(call(fixture, calls[i].flags, calls[i].base, calls[i].page_size, calls[i].table_size),
            ==, calls[i].result);
    g_assert_cmpuint(fixture->power->mmu_calls, ==, 0);
    fixture->power->mmu = -EBUSY;
    g_assert_cmpint(call(fixture, 0x1d, 0x3000000, 0, 0xc), ==, 1);
    fixture->power->mmu = -EINVAL;
    g_assert_cmpint(call(fixture, 0x1d, 0x3000000, 0, 0xc), ==, -4);
}

// A hashed guest of ISA 3.0 calls it with flags 0, and stops unless that succeeds.
static void test_register_hash(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpint(call(fixture, 0, 0, 0, 0), ==, 0);
    g_assert_cmpint(call(fixture, 0x1d, 0x3000000, 0, 0xc), ==, -4);
    g_assert_cmpuint(fixture->power->mmu_calls, ==, 0);
}

static unsigned order_for(uint64_t memory_size)
{
    KvmVm *vm = fake_kvm_new();
    fake_kvm_power(vm)->missing[0] = KVM_CAP_PPC_MMU_RADIX;
    Mmu *mmu = mmu_new(vm, MMU_AUTO, 0, memory_size, NULL);
    unsigned order = mmu_hash_order(mmu);
    mmu_free(mmu);
    kvm_vm_close(vm);
    return order;
}

// At least 1/128 of memory, 18 to 46 (Documentation/virt/kvm/api.rst), and with a host's small pages more for
// the real mode of a guest below 1 GiB.
static void test_hash_order(void)
{
    bool small = sysconf(_SC_PAGESIZE) == 4096;
    g_assert_cmpuint(order_for(1 << 20), ==, 18);
    g_assert_cmpuint(order_for(32ULL << 20), ==, small ? 20 : 18);
    g_assert_cmpuint(order_for((32ULL << 20) + 128), ==, small ? 21 : 19);
    g_assert_cmpuint(order_for(512ULL << 20), ==, small ? 23 : 22);
    g_assert_cmpuint(order_for(1ULL << 30), ==, 23);
    g_assert_cmpuint(order_for((1ULL << 30) + 128), ==, 24);
    g_assert_cmpuint(order_for(3ULL << 30), ==, 25);
    g_assert_cmpuint(order_for(1ULL << 40), ==, 33);
    g_assert_cmpuint(order_for(1ULL << 60), ==, 46);
}

// -machine hpt-order=: taken as it is, unless firmware would have no real mode to live in.
static void test_hash_order_given(void)
{
    KvmVm *vm = fake_kvm_new();
    g_autoptr(GError) error = NULL;
    unsigned least = sysconf(_SC_PAGESIZE) == 4096 ? 21 : 18; // 64 MiB in pages, 128 bytes each
    for (unsigned order = 18; order <= 46; order++) {
        Mmu *mmu = mmu_new(vm, MMU_HASH, order, 4ULL << 30, &error);
        if (order < least) {
            g_assert_null(mmu);
            g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
            g_autofree char *text = g_strdup_printf("-machine hpt-order=%u: firmware does not fit in the "
                                                    "real mode that such a table maps; give at least 21",
                order);
            g_assert_cmpstr(error->message, ==, text);
            g_clear_error(&error);
            continue;
        }
        g_assert_no_error(error);
        g_assert_cmpuint(mmu_hash_order(mmu), ==, order);
        mmu_free(mmu);
    }
    Mmu *mmu = mmu_new(vm, MMU_RADIX, 18, 4ULL << 30, NULL); // there is no table
    g_assert_cmpuint(mmu_hash_order(mmu), ==, 0);
    mmu_free(mmu);
    kvm_vm_close(vm);
}

// Under a hashed page table real mode reaches as many pages as there are groups of 128 bytes; else all of
// memory.
static void test_real_mode_area(Fixture *fixture, gconstpointer hash)
{
    uint64_t pages = (uint64_t)sysconf(_SC_PAGESIZE) << (25 - 7);
    if (!hash) { // this KVM has both, and the guest may still choose
        Mmu *radix = mmu_new(fixture->partition.vm, MMU_RADIX, 0, 4ULL << 30, NULL);
        g_assert_cmphex(mmu_real_mode_area(radix, 4ULL << 30), ==, 4ULL << 30);
        mmu_free(radix);
    }
    g_assert_cmphex(mmu_real_mode_area(fixture->mmu, 4ULL << 30), ==, MIN(4ULL << 30, pages));
    g_assert_cmphex(mmu_real_mode_area(fixture->mmu, 1 << 20), ==, 1 << 20);
    fixture->power->pr = true;
    g_assert_cmphex(mmu_real_mode_area(fixture->mmu, 4ULL << 30), ==, 4ULL << 30);
}

// CAS's switch, there and back, and what a reset makes of it.
static void test_switch(Fixture *fixture, gconstpointer data)
{
    FakeKvmPower *power = fixture->power;
    g_assert_cmpint(mmu_offer(fixture->mmu), ==, MMU_AUTO);
    g_assert_true(mmu_is_radix(fixture->mmu));
    g_assert_cmpint(mmu_switch(fixture->mmu, true), ==, 0);
    g_assert_cmpuint(power->mmu_calls + power->htab_calls, ==, 0);
    g_assert_cmpint(mmu_switch(fixture->mmu, false), ==, 0);
    g_assert_false(mmu_is_radix(fixture->mmu));
    g_assert_cmpuint(power->htab_order, ==, 25);
    g_assert_cmpuint(mmu_hash_order(fixture->mmu), ==, 25);
    g_assert_cmpint(call(fixture, 0, 0, 0, 0), ==, 0);
    g_assert_cmpint(call(fixture, 0x1d, 0x3000000, 0, 0xc), ==, -4);
    g_assert_cmpint(mmu_switch(fixture->mmu, false), ==, 0); // the guest's table stays as it is
    g_assert_cmpuint(power->htab_calls, ==, 1);
    g_assert_cmpint(mmu_switch(fixture->mmu, true), ==, 0);
    g_assert_cmphex(power->process_table, ==, GR);
    g_assert_cmpint(mmu_switch(fixture->mmu, false), ==, 0);
    unsigned calls = power->mmu_calls;
    g_assert_true(mmu_reset(fixture->mmu, fixture->partition.vcpus, NULL));
    g_assert_true(mmu_is_radix(fixture->mmu));
    g_assert_cmpuint(power->mmu_calls, ==, calls + 1);
}

// After -ENOMEM KVM is left with a hashed guest that has no table: back to radix.
static void test_switch_refused(Fixture *fixture, gconstpointer data)
{
    fixture->power->htab = -ENOMEM;
    g_assert_cmpint(mmu_switch(fixture->mmu, false), ==, -ENOMEM);
    g_assert_true(mmu_is_radix(fixture->mmu));
    g_assert_cmpuint(fixture->power->mmu_calls, ==, 1);
    g_assert_cmphex(fixture->power->mmu_flags, ==, RADIX | GTSE);
    fixture->power->htab = 0;
    g_assert_cmpint(mmu_switch(fixture->mmu, false), ==, 0);
    fixture->power->mmu = -EBUSY;
    g_assert_cmpint(mmu_switch(fixture->mmu, true), ==, -EBUSY);
    g_assert_false(mmu_is_radix(fixture->mmu));
    g_assert_cmpint(call(fixture, 0, 0, 0, 0), ==, 0);
}

static void test_wanted(void)
{
    KvmVm *vm = fake_kvm_new();
    g_autoptr(GError) error = NULL;
    Mmu *mmu = mmu_new(vm, MMU_HASH, 0, 1 << 30, NULL);
    g_assert_false(mmu_is_radix(mmu));
    g_assert_cmpint(mmu_offer(mmu), ==, MMU_HASH);
    mmu_free(mmu);
    fake_kvm_power(vm)->missing[0] = KVM_CAP_PPC_MMU_HASH_V3;
    g_assert_null(mmu_new(vm, MMU_HASH, 0, 1 << 30, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    g_clear_error(&error);
    mmu = mmu_new(vm, MMU_AUTO, 0, 1 << 30, NULL);
    g_assert_cmpint(mmu_offer(mmu), ==, MMU_RADIX);
    mmu_free(mmu);
    mmu = mmu_new(vm, MMU_RADIX, 0, 1 << 30, NULL);
    g_assert_true(mmu_is_radix(mmu));
    g_assert_cmpint(mmu_offer(mmu), ==, MMU_RADIX);
    mmu_free(mmu);
    // POWER8: neither capability, and hashed guests all the same (kvm-ppc-abi 1.1).
    fake_kvm_power(vm)->missing[1] = KVM_CAP_PPC_MMU_RADIX;
    g_assert_null(mmu_new(vm, MMU_RADIX, 0, 1 << 30, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    mmu = mmu_new(vm, MMU_HASH, 0, 1 << 30, NULL);
    g_assert_false(mmu_is_radix(mmu));
    mmu_free(mmu);
    kvm_vm_close(vm);
}

// --- H_RESIZE_HPT_PREPARE and H_RESIZE_HPT_COMMIT. A guest of 4 GiB starts with 2^25 bytes.

#define PREPARE 0x36c
#define COMMIT 0x370

static int64_t resize(Fixture *fixture, uint64_t number, uint64_t flags, uint64_t order)
{
    return partition_call(&fixture->partition, number, flags, order);
}

static void test_resize(Fixture *fixture, gconstpointer data)
{
    FakeKvmPower *power = fixture->power;
    g_assert_true(mmu_reset(fixture->mmu, fixture->partition.vcpus, NULL));
    unsigned first = mmu_hash_order(fixture->mmu);
    g_assert_true(mmu_can_resize(fixture->mmu));
    power->prepare = 100;
    g_assert_cmpint(resize(fixture, PREPARE, 0, first + 1), ==, 9902);
    g_assert_cmpuint(power->resize_order, ==, first + 1);
    power->prepare = 0;
    g_assert_cmpint(resize(fixture, PREPARE, 0, first + 1), ==, 0);
    g_assert_cmpuint(mmu_hash_order(fixture->mmu), ==, first);
    g_assert_cmpint(resize(fixture, COMMIT, 0, first + 1), ==, 0);
    g_assert_cmpuint(power->commits, ==, 1);
    g_assert_cmpuint(mmu_hash_order(fixture->mmu), ==, first + 1);
    g_assert_cmpint(resize(fixture, PREPARE, 0, first + 2), ==, -16); // of what it started with
    g_assert_cmpint(resize(fixture, PREPARE, 0, 18), ==, 0);
    g_assert_cmpint(resize(fixture, PREPARE, 0, 0), ==, 0); // dropped
    g_assert_cmpuint(power->resize_order, ==, 0);
    unsigned prepares = power->prepares;
    g_assert_true(mmu_reset(fixture->mmu, fixture->partition.vcpus, NULL));
    g_assert_cmpuint(power->prepares, ==, prepares + 1); // and what was prepared is dropped
    g_assert_cmpuint(power->resize_order, ==, 0);
    g_assert_cmpuint(power->htab_order, ==, first);
    g_assert_cmpuint(mmu_hash_order(fixture->mmu), ==, first);
}

// KVM's answers, and what it is not asked at all.
static void test_resize_wrong(Fixture *fixture, gconstpointer data)
{
    static const struct {
        int result;
        int64_t status;
    } answers[] = { { 1, 9900 }, { 9, 9900 }, { 10, 9901 }, { 99, 9901 }, { 999, 9902 }, { 1000, 9903 },
        { 99999, 9904 }, { 100000, 9905 }, { INT_MAX, 9905 }, { -EINVAL, -4 }, { -ENXIO, 2 }, { -ENOSPC, -6 },
        { -EBUSY, 1 }, { -ENOMEM, -9 }, { -EIO, -1 }, { -ENOTTY, -1 } };
    static const uint64_t orders[] = { 1, 17, 47, 64, 1ULL << 32 | 20, UINT64_MAX };
    FakeKvmPower *power = fixture->power;
    g_assert_true(mmu_reset(fixture->mmu, fixture->partition.vcpus, NULL));
    unsigned first = mmu_hash_order(fixture->mmu);
    for (unsigned i = 0; i < G_N_ELEMENTS(answers); i++) {
        power->prepare = power->commit = answers[i].result;
        g_assert_cmpint(resize(fixture, PREPARE, 0, 20), ==, answers[i].status);
        g_assert_cmpint(resize(fixture, COMMIT, 0, 20), ==, answers[i].status);
        g_assert_cmpuint(mmu_hash_order(fixture->mmu), ==, first);
    }
    power->prepare = power->commit = 0;
    unsigned prepares = power->prepares, commits = power->commits;
    for (unsigned i = 0; i < G_N_ELEMENTS(orders); i++) {
        g_assert_cmpint(resize(fixture, PREPARE, 0, orders[i]), ==, -4);
        g_assert_cmpint(resize(fixture, COMMIT, 0, orders[i]), ==, -4);
    }
    g_assert_cmpint(resize(fixture, PREPARE, 1, 20), ==, -4);
    g_assert_cmpint(resize(fixture, COMMIT, 1ULL << 63, 20), ==, -4);
    g_assert_cmpint(resize(fixture, COMMIT, 0, 0), ==, -4);
    g_assert_cmpint(resize(fixture, PREPARE, 0, 46), ==, -16);
    g_assert_cmpuint(power->prepares, ==, prepares);
    g_assert_cmpuint(power->commits, ==, commits);
}

// Not under radix, and not where KVM has no such table.
static void test_no_resize(Fixture *fixture, gconstpointer kind)
{
    int64_t status = kind ? -2 : 3;
    g_assert_false(mmu_can_resize(fixture->mmu));
    g_assert_cmpint(resize(fixture, PREPARE, 0, 20), ==, status);
    g_assert_cmpint(resize(fixture, COMMIT, 0, 20), ==, status);
    g_assert_cmpuint(fixture->power->prepares + fixture->power->commits, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, hash, test) g_test_add("/mmu/" name, Fixture, hash, set_up, test, tear_down)
    ADD("reset/radix", NULL, test_reset_radix);
    ADD("reset/hash", "hash", test_reset_hash);
    ADD("reset/pr", "pr", test_reset_pr);
    ADD("read/pr", "pr", test_read);
    ADD("read/hv", "hash", test_read_hv);
    ADD("register", NULL, test_register);
    ADD("register-wrong", NULL, test_register_wrong);
    ADD("register-hash", "hash", test_register_hash);
    ADD("switch", NULL, test_switch);
    ADD("switch-refused", NULL, test_switch_refused);
    ADD("resize", "hash", test_resize);
    ADD("resize-wrong", "hash", test_resize_wrong);
    ADD("no-resize/radix", NULL, test_no_resize);
    ADD("no-resize/pr", "pr", test_no_resize);
    ADD("real-mode-area/radix", NULL, test_real_mode_area);
    ADD("real-mode-area/hash", "hash", test_real_mode_area);
    g_test_add_func("/mmu/rpt-invalidate", test_rpt_invalidate);
    g_test_add_func("/mmu/hash-order", test_hash_order);
    g_test_add_func("/mmu/hash-order-given", test_hash_order_given);
    g_test_add_func("/mmu/wanted", test_wanted);
    return g_test_run();
}
