// A guest's translation, by tables that are made here.
#include "lparun/mmu_walk.h"
#include "lparun/bytes.h"
#include "lparun/vcpu.h"
#include <string.h>

#define RAM 0x100000
#define MSR_VIRTUAL (MSR_SF | 0x10)

typedef struct Fixture {
    GuestMemory *memory;
    MmuView view;
    struct {
        uint64_t group, entries[KVM_HASH_GROUP][2];
    } groups[4]; // of the hashed page table, those that are not empty
    unsigned count;
} Fixture;

static bool hash_group(const void *owner, uint64_t group, uint64_t entries[KVM_HASH_GROUP][2])
{
    const Fixture *fixture = owner;
    memset(entries, 0, KVM_HASH_GROUP * sizeof *entries);
    for (unsigned i = 0; i < fixture->count; i++)
        if (fixture->groups[i].group == group)
            memcpy(entries, fixture->groups[i].entries, sizeof fixture->groups[i].entries);
    return true;
}

static void put(Fixture *fixture, uint64_t gpa, uint64_t value)
{
    be64 raw = be64_make(value);
    g_assert_true(guest_memory_write(fixture->memory, gpa, &raw, sizeof raw));
}

#define PROCESS_TABLE 0x10000ULL
#define RTS_52 (1ULL << 62 | 5ULL << 5) // 21: 52 bits
#define VALID (1ULL << 63)
#define LEAF (1ULL << 62)

// Process 0 has a kernel's tree, process 5 another one: directories at 0x20000, 0x21000, ... of 13, 9, 9 and
// 9 bits.
static void set_up(Fixture *fixture, gconstpointer data)
{
    memset(fixture, 0, sizeof *fixture);
    fixture->memory = guest_memory_new(RAM, NULL);
    fixture->view = (MmuView){ .memory = fixture->memory,
        .msr = MSR_VIRTUAL,
        .pid = 5,
        .radix = true,
        .process_table = PROCESS_TABLE | 0,
        .hash_group = hash_group,
        .owner = fixture };
    put(fixture, PROCESS_TABLE, RTS_52 | 0x20000 | 13);
    put(fixture, PROCESS_TABLE + 5 * 16, RTS_52 | 0x40000 | 13);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    guest_memory_free(fixture->memory);
}

static void assert_at(Fixture *fixture, uint64_t address, uint64_t expected)
{
    uint64_t gpa;
    g_assert_true(mmu_walk(&fixture->view, address, &gpa));
    g_assert_cmphex(gpa, ==, expected);
}

static void assert_unmapped(Fixture *fixture, uint64_t address)
{
    uint64_t gpa;
    g_assert_false(mmu_walk(&fixture->view, address, &gpa));
}

static void test_real_mode(Fixture *fixture, gconstpointer data)
{
    fixture->view.msr = MSR_SF;
    assert_at(fixture, 0x100, 0x100);
    assert_at(fixture, 0xc000000000001234, 0x1234);
    assert_at(fixture, 0x0123456789abcdef, 0x0123456789abcdef);
    fixture->view.msr = 0; // 32 bits
    assert_at(fixture, 0xffffffff00000100, 0x100);
}

static void test_radix(Fixture *fixture, gconstpointer data)
{
    put(fixture, 0x20000, VALID | 0x30000 | 9);               // the first 512 GiB
    put(fixture, 0x30000, VALID | LEAF | 0x187);              // 1 GiB at 0
    put(fixture, 0x30008, VALID | 0x31000 | 9);               // the next
    put(fixture, 0x31000, VALID | LEAF | 0x00000012345ff187); // 2 MiB, of which the low bits are no address
    put(fixture, 0x31008, VALID | 0x32000 | 9);
    put(fixture, 0x32000 + 8 * 511, VALID | LEAF | 0xabcde187); // 4 KiB
    assert_at(fixture, 0xc000000000000100, 0x100);
    assert_at(fixture, 0xc00000003fffffff, 0x3fffffff);
    assert_at(fixture, 0xc000000040000000, 0x1234400000);
    assert_at(fixture, 0xc0000000401fffff, 0x12345fffff);
    assert_at(fixture, 0xc0000000403ff123, 0xabcde123);
    assert_unmapped(fixture, 0xc0000000403fe123); // an entry that is not valid
    assert_unmapped(fixture, 0xc000000040400000);
    assert_unmapped(fixture, 0xc000008000000000); // the next 512 GiB
    assert_unmapped(fixture, 0xc010000000000000); // more than 52 bits
    assert_unmapped(fixture, 0x100);              // process 5 has nothing there
}

static void test_radix_quadrants(Fixture *fixture, gconstpointer data)
{
    put(fixture, 0x40000, VALID | 0x41000 | 9);
    put(fixture, 0x41000, VALID | LEAF | 0x40000187);
    assert_at(fixture, 0x1234, 0x40001234);
    assert_unmapped(fixture, 0x4000000000001234);
    assert_unmapped(fixture, 0x8000000000001234);
    assert_unmapped(fixture, 0xc000000000001234);
    fixture->view.pid = 6;
    assert_unmapped(fixture, 0x1234);
    fixture->view.pid = 256; // the table has 4 KiB
    assert_unmapped(fixture, 0x1234);
    fixture->view.pid = UINT64_MAX;
    assert_unmapped(fixture, 0x1234);
}

// A guest may write there what it likes.
static void test_wrong_radix(Fixture *fixture, gconstpointer data)
{
    static const uint64_t entries[] = { VALID | 0x20000 | 9, // leads to itself
        VALID | 0x21000, VALID | 0x21000 | 31, VALID | 0x0ffffffffffff000 | 9, VALID | RAM | 9, 0,
        UINT64_MAX >> 2, VALID | 0x21000 | 28 };
    for (unsigned i = 0; i < G_N_ELEMENTS(entries); i++) {
        put(fixture, 0x20000, entries[i]);
        assert_unmapped(fixture, 0xc000000000000100);
    }
    put(fixture, 0x20000, VALID | LEAF | 0x5000); // a page of 512 GiB: whatever there is
    assert_at(fixture, 0xc000000000000100, 0x100);
    static const uint64_t trees[] = { 0, RTS_52 | 0x20000, 0x20000 | 28, UINT64_MAX };
    for (unsigned i = 0; i < G_N_ELEMENTS(trees); i++) {
        put(fixture, PROCESS_TABLE, trees[i]);
        assert_unmapped(fixture, 0xc000000000000100);
    }
    fixture->view.process_table = RAM;
    assert_unmapped(fixture, 0xc000000000000100);
    fixture->view.process_table = 0;
    assert_unmapped(fixture, 0xc000000000000100);
}

// --- The hashed page table.

#define ESID_VALID (1ULL << 27)
#define T1 (1ULL << 62)
#define ORDER 40 // so large that all of a hash counts
#define MASK ((1ULL << (ORDER - 7)) - 1)

// The entry of that number in a new group.
static uint64_t *entry_of(Fixture *fixture, uint64_t hash, unsigned number)
{
    g_assert_cmpuint(fixture->count, <, G_N_ELEMENTS(fixture->groups));
    fixture->groups[fixture->count].group = hash & MASK;
    return fixture->groups[fixture->count++].entries[number];
}

static void use_hash(Fixture *fixture)
{
    fixture->view.radix = false;
    fixture->view.hash_order = ORDER;
    fixture->view.slb[3] =
        (KvmSlbEntry){ 0xc000000000000000 | ESID_VALID | 3, T1 | 0x123456ULL << 24 | 0x510 };
    fixture->view.slb[9] = (KvmSlbEntry){ 0x0000000010000000 | ESID_VALID | 9, 0xabcdeULL << 12 | 0x480 };
}

// Linux's linear mapping on a machine with pages of 64 KiB, in segments of 1 TiB.
static void test_hash_1t(Fixture *fixture, gconstpointer data)
{
    use_hash(fixture);
    uint64_t offset = 0x1234567890, vsid = 0x123456, page = offset >> 16;
    uint64_t hash = vsid ^ vsid << 25 ^ page;
    uint64_t avpn = vsid << 17 | offset >> 23;
    uint64_t *entry = entry_of(fixture, hash, 5);
    entry[0] = T1 | avpn << 7 | 4 | 1;
    entry[1] = 0x9870000 | 1 << 12 | 0x194;
    assert_at(fixture, 0xc000001234567890, 0x9877890);
    assert_unmapped(fixture, 0xc000001234577890); // the next page
    entry[0] &= ~T1;                              // a segment of 256 MiB
    assert_unmapped(fixture, 0xc000001234567890);
    entry[0] |= T1 | 2; // the secondary hash, at the primary one's place
    assert_unmapped(fixture, 0xc000001234567890);
    entry[0] &= ~1ULL;
    assert_unmapped(fixture, 0xc000001234567890);
    uint64_t *second = entry_of(fixture, ~hash, 0);
    second[0] = T1 | avpn << 7 | 4 | 2 | 1;
    second[1] = 0x9870000 | 1 << 12 | 0x194;
    assert_at(fixture, 0xc000001234567890, 0x9877890);
}

// A page of 16 MiB among pages of 64 KiB: its number has no bits below it.
static void test_hash_mixed_pages(Fixture *fixture, gconstpointer data)
{
    use_hash(fixture);
    uint64_t offset = 0x3400000, vsid = 0x123456;
    for (unsigned more = 0; more < 2; more++) {
        uint64_t at = offset + more * 0x890000, hash = vsid ^ vsid << 25 ^ at >> 16;
        uint64_t *entry = entry_of(fixture, hash, 1);
        entry[0] = T1 | (vsid << 17 | offset >> 24 << 1) << 7 | 4 | 1;
        entry[1] = 0x55000000 | 8 << 12;
        assert_at(fixture, 0xc000000000000000 + at + 0x1234, 0x55000000 + (at + 0x1234) % 0x1000000);
    }
}

static void test_hash_256m(Fixture *fixture, gconstpointer data)
{
    use_hash(fixture);
    uint64_t offset = 0xabc1234, vsid = 0xabcde, hash = vsid ^ offset >> 12;
    uint64_t *entry = entry_of(fixture, hash, 7);
    entry[0] = (vsid << 5 | offset >> 23) << 7 | 1;
    entry[1] = 0x778000 | 0x190;
    assert_at(fixture, 0x1abc1234, 0x778234);
    entry[0] |= 4; // a large page, of a size that these segments have not
    assert_unmapped(fixture, 0x1abc1234);
    entry[1] = 0x770000 | 7 << 12; // 64 KiB
    assert_at(fixture, 0x1abc1234, 0x771234);
    assert_unmapped(fixture, 0x2abc1234); // no segment
    fixture->view.slb[9].esid &= ~ESID_VALID;
    assert_unmapped(fixture, 0x1abc1234);
}

static void test_no_hash_table(Fixture *fixture, gconstpointer data)
{
    use_hash(fixture);
    fixture->view.hash_order = 0;
    assert_unmapped(fixture, 0xc000000000000000);
    fixture->view.hash_order = ORDER;
    fixture->view.slb[3].vsid |= 0x120; // L and LP of no page size
    fixture->view.slb[3].vsid &= ~0x100ULL;
    assert_unmapped(fixture, 0xc000000000000000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, function) g_test_add("/mmu-walk/" path, Fixture, NULL, set_up, function, tear_down)
    ADD("real-mode", test_real_mode);
    ADD("radix", test_radix);
    ADD("radix-quadrants", test_radix_quadrants);
    ADD("wrong-radix", test_wrong_radix);
    ADD("hash-1t", test_hash_1t);
    ADD("hash-mixed-pages", test_hash_mixed_pages);
    ADD("hash-256m", test_hash_256m);
    ADD("no-hash-table", test_no_hash_table);
    return g_test_run();
}
