// H_LOGICAL_CI_LOAD, H_LOGICAL_CI_STORE and KVMPPC_H_LOGICAL_MEMOP: byte order, sizes, alignment, and
// addresses that are RAM, a register, a doorbell, nothing, or out of this world.
#include "lparun/bytes.h"
#include "lparun/doorbell.h"
#include "lparun/logical_ci.h"
#include "lparun/papr.h"
#include "partition.h"
#include <errno.h>

#define LOAD 0x3c
#define STORE 0x40
#define MEMOP 0xf001

#define REGISTERS 0x200080000000ULL // 64 bytes of a device
#define REGISTERS_SIZE 64
#define BELL 0x210000003000ULL
#define UNTOUCHED 0x5a5a5a5a5a5a5a5aULL

typedef struct Fixture {
    Partition partition;
    LogicalCi *ci;
    Doorbell *bell;
    uint8_t registers[REGISTERS_SIZE];
    unsigned accesses;
} Fixture;

static uint64_t registers_read(void *owner, uint64_t offset, unsigned size)
{
    Fixture *fixture = owner;
    fixture->accesses++;
    return le_bytes_get(fixture->registers + offset, size);
}

static void registers_write(void *owner, uint64_t offset, unsigned size, uint64_t value)
{
    Fixture *fixture = owner;
    fixture->accesses++;
    le_bytes_put(fixture->registers + offset, size, value);
}

static const BusOps ops = { .read = registers_read, .write = registers_write };

static void set_up(Fixture *fixture, gconstpointer data)
{
    Partition *partition = &fixture->partition;
    partition_open(partition, 1);
    fixture->ci = logical_ci_new(partition->vm, partition->bus, partition->memory);
    hypercall_logical_ci_register(partition->hypercalls, &(HypercallParts){ .logical_ci = fixture->ci });
    fixture->bell = doorbell_new(partition->vm, partition->bus, "bell", NULL);
    bus_range_map(bus_add_range(partition->bus, &ops, fixture), REGISTERS, REGISTERS_SIZE);
    doorbell_place(fixture->bell, BELL);
    for (unsigned i = 0; i < REGISTERS_SIZE; i++)
        fixture->registers[i] = (uint8_t)(0x80 + i);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    doorbell_free(fixture->bell);
    logical_ci_free(fixture->ci);
    partition_close(&fixture->partition);
}

static int64_t load(Fixture *fixture, uint64_t size, uint64_t address)
{
    return partition_call(&fixture->partition, LOAD, size, address, UNTOUCHED);
}

static int64_t store(Fixture *fixture, uint64_t size, uint64_t address, uint64_t value)
{
    return partition_call(&fixture->partition, STORE, size, address, value);
}

// A load's value comes in r4.
static uint64_t loaded(const Fixture *fixture)
{
    return fixture->partition.arguments[0];
}

// The value is what a big-endian access has in its register (guest-interface 1.6): RAM and registers alike.
static void test_load_values(Fixture *fixture, gconstpointer data)
{
    static const uint8_t bytes[8] = { 0x81, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88 };
    static const uint64_t values[] = { 0x81, 0x8122, 0x81223344, 0x8122334455667788ULL };
    memcpy(fixture->registers + 8, bytes, 8);
    g_assert_true(guest_memory_write(fixture->partition.memory, 0x1008, bytes, 8));
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmpint(load(fixture, 1u << i, 0x1008), ==, 0);
        g_assert_cmphex(loaded(fixture), ==, values[i]);
        g_assert_cmpint(load(fixture, 1u << i, REGISTERS + 8), ==, 0);
        g_assert_cmphex(loaded(fixture), ==, values[i]);
    }
}

// Stored are the big-endian bytes of the register's low part: a little-endian 16-bit 3 comes as 0x0300.
static void test_store_values(Fixture *fixture, gconstpointer data)
{
    static const uint8_t stored[4][8] = { { 0x88, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee },
        { 0x77, 0x88, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee },
        { 0x55, 0x66, 0x77, 0x88, 0xee, 0xee, 0xee, 0xee },
        { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88 } };
    uint8_t *ram = guest_memory_write_at(fixture->partition.memory, 0x1008, 8);
    for (unsigned i = 0; i < 4; i++) {
        memset(ram, 0xee, 8);
        memset(fixture->registers + 16, 0xee, 8);
        g_assert_cmpint(store(fixture, 1u << i, 0x1008, 0x1122334455667788ULL), ==, 0);
        g_assert_cmpmem(ram, 8, stored[i], 8);
        g_assert_cmpint(store(fixture, 1u << i, REGISTERS + 16, 0x1122334455667788ULL), ==, 0);
        g_assert_cmpmem(fixture->registers + 16, 8, stored[i], 8);
    }
    g_assert_cmpint(store(fixture, 2, REGISTERS, 0x0300), ==, 0);
    g_assert_cmpuint(le_bytes_get(fixture->registers, 2), ==, 3);
}

// Every size with every alignment: H_PARAMETER, and nothing touched, unless the size is 1, 2, 4 or 8 and
// divides the address.
static void test_sizes(Fixture *fixture, gconstpointer data)
{
    static const uint64_t bases[] = { 0x1000, REGISTERS };
    for (unsigned place = 0; place < G_N_ELEMENTS(bases); place++)
        for (uint64_t size = 0; size <= 16; size++)
            for (uint64_t offset = 0; offset < 16; offset++) {
                bool ok = (size == 1 || size == 2 || size == 4 || size == 8) && offset % size == 0;
                unsigned accesses = fixture->accesses;
                g_assert_cmpint(load(fixture, size, bases[place] + offset), ==, ok ? 0 : -4);
                g_assert_cmpint(store(fixture, size, bases[place] + offset, 1), ==, ok ? 0 : -4);
                g_assert_cmpuint(fixture->accesses, ==, accesses + (ok && place == 1 ? 2 : 0));
            }
    static const uint64_t huge[] = { 1ULL << 32, (1ULL << 32) + 4, 1ULL << 60, UINT64_MAX, (uint64_t)-8 };
    for (unsigned i = 0; i < G_N_ELEMENTS(huge); i++) {
        g_assert_cmpint(load(fixture, huge[i], 0), ==, -4);
        g_assert_cmpint(store(fixture, huge[i], 0, 0), ==, -4);
    }
}

// What is neither RAM nor a register is refused, and r4 does not change.
static void test_addresses(Fixture *fixture, gconstpointer data)
{
    static const struct {
        uint64_t size, address;
        bool ok;
    } accesses[] = {
        { 8, PARTITION_RAM - 8, true },
        { 1, PARTITION_RAM - 1, true },
        { 1, PARTITION_RAM, false },
        { 8, PARTITION_RAM, false },
        { 8, REGISTERS - 8, false },
        { 8, REGISTERS + REGISTERS_SIZE - 8, true },
        { 1, REGISTERS + REGISTERS_SIZE, false },
        { 2, BELL, true },
        { 4, BELL, true },
        { 8, BELL, false }, // reaches past it
        { 2, BELL + 2, true },
        { 2, BELL + 4, false },
        { 8, 0x7f0000000000, false },
        { 8, (1ULL << 60), false },
        { 8, (1ULL << 60) + 0x1000, false }, // no alias of RAM
        { 8, (1ULL << 63), false },
        { 8, (1ULL << 63) + REGISTERS, false },
        { 1, UINT64_MAX, false },
        { 8, (uint64_t)-8, false },
        { 4, (uint64_t)-4, false },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(accesses); i++) {
        int64_t result = accesses[i].ok ? 0 : -4;
        g_assert_cmpint(load(fixture, accesses[i].size, accesses[i].address), ==, result);
        if (!accesses[i].ok)
            g_assert_cmphex(loaded(fixture), ==, accesses[i].size);
        g_assert_cmpint(store(fixture, accesses[i].size, accesses[i].address, 0), ==, result);
    }
}

// A store that the kernel did not take rings the same bell.
static void test_doorbell(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpint(store(fixture, 2, BELL, 0), ==, 0);
    g_assert_cmpint(store(fixture, 4, BELL, 0), ==, 0);
    g_assert_cmpuint(doorbell_rung(fixture->bell), ==, 2);
    g_assert_cmpuint(doorbell_fired(fixture->bell), ==, 2);
    g_assert_cmpint(load(fixture, 2, BELL), ==, 0);
    g_assert_cmphex(loaded(fixture), ==, 0);
    g_assert_cmpuint(doorbell_fired(fixture->bell), ==, 2);
}

static void test_enable(Fixture *fixture, gconstpointer data)
{
    FakeKvmPower *power = fake_kvm_power(fixture->partition.vm);
    g_autofree char *why = NULL;
    g_assert_true(logical_ci_enable(fixture->ci, &why));
    g_assert_null(why);
    g_assert_cmpuint(power->enabled_count, ==, 2);
    unsigned both = 0;
    for (unsigned i = 0; i < 2; i++) {
        g_assert_cmpuint(power->enabled[i].capability, ==, 104); // KVM_CAP_PPC_ENABLE_HCALL
        g_assert_cmpuint(power->enabled[i].argument1, ==, 1);
        both |= power->enabled[i].argument0 == STORE ? 1 : power->enabled[i].argument0 == LOAD ? 2 : 4;
    }
    g_assert_cmpuint(both, ==, 3);
}

static void test_enable_refused(Fixture *fixture, gconstpointer data)
{
    FakeKvmPower *power = fake_kvm_power(fixture->partition.vm);
    static const struct {
        uint64_t number;
        const char *why;
    } refused[] = {
        { LOAD, "KVM_ENABLE_CAP H_LOGICAL_CI_LOAD: Invalid argument" },
        { STORE, "KVM_ENABLE_CAP H_LOGICAL_CI_STORE: Invalid argument" },
    };
    for (unsigned i = 0; i < 2; i++) {
        g_autofree char *why = NULL;
        power->refused_hypercall = refused[i].number;
        g_assert_false(logical_ci_enable(fixture->ci, &why));
        g_assert_cmpstr(why, ==, refused[i].why);
    }
    g_autofree char *why = NULL;
    power->refused_hypercall = 0;
    power->missing[0] = KVM_CAP_PPC_ENABLE_HCALL;
    unsigned count = power->enabled_count;
    g_assert_false(logical_ci_enable(fixture->ci, &why));
    g_assert_cmpstr(why, ==, "this kernel has no KVM_CAP_PPC_ENABLE_HCALL");
    g_assert_cmpuint(power->enabled_count, ==, count); // not even asked
}

// --- KVMPPC_H_LOGICAL_MEMOP(destination, source, log2 of the element's size, count, operation).

static int64_t memop(
    Fixture *fixture, uint64_t to, uint64_t from, uint64_t shift, uint64_t count, uint64_t operation)
{
    return partition_call(&fixture->partition, MEMOP, to, from, shift, count, operation);
}

static uint8_t *ram_with_numbers(Fixture *fixture)
{
    uint8_t *ram = guest_memory_write_at(fixture->partition.memory, 0, 0x1000);
    for (unsigned i = 0; i < 0x1000; i++)
        ram[i] = (uint8_t)(i * 7 + i / 256);
    return ram;
}

// As memmove() does it, for every way that the two can overlap.
static void test_memop_overlaps(Fixture *fixture, gconstpointer data)
{
    for (unsigned shift = 0; shift <= 3; shift++)
        for (int distance = -5; distance <= 5; distance++) {
            uint8_t *ram = ram_with_numbers(fixture), expected[0x1000];
            uint64_t from = 0x400, to = from + (uint64_t)(distance * (1 << shift));
            unsigned bytes = 4u << shift;
            memcpy(expected, ram, sizeof expected);
            memmove(expected + to, expected + from, bytes);
            g_assert_cmpint(memop(fixture, to, from, shift, 4, 0), ==, 0);
            g_assert_cmpmem(ram, 0x1000, expected, sizeof expected);
        }
}

static void test_memop_inverts(Fixture *fixture, gconstpointer data)
{
    uint8_t *ram = ram_with_numbers(fixture), before[0x1000];
    memcpy(before, ram, sizeof before);
    g_assert_cmpint(memop(fixture, 0x100, 0x100, 2, 3, 1), ==, 0); // in place
    for (unsigned i = 0; i < 0x1000; i++)
        g_assert_cmphex(ram[i], ==, i >= 0x100 && i < 0x10c ? (uint8_t)~before[i] : before[i]);
    g_assert_cmpint(memop(fixture, 0x200, 0x100, 2, 3, 1), ==, 0);
    g_assert_cmpmem(ram + 0x200, 12, before + 0x100, 12);
}

// Between RAM and a device, bytes keep their order.
static void test_memop_device(Fixture *fixture, gconstpointer data)
{
    uint8_t *ram = ram_with_numbers(fixture);
    g_assert_cmpint(memop(fixture, REGISTERS + 8, 0x100, 1, 4, 0), ==, 0);
    g_assert_cmpmem(fixture->registers + 8, 8, ram + 0x100, 8);
    g_assert_cmpuint(fixture->accesses, ==, 4); // by elements of the wanted size
    g_assert_cmpint(memop(fixture, 0x200, REGISTERS, 3, REGISTERS_SIZE / 8, 0), ==, 0);
    g_assert_cmpmem(ram + 0x200, REGISTERS_SIZE, fixture->registers, REGISTERS_SIZE);
}

static void test_memop_wrong(Fixture *fixture, gconstpointer data)
{
    static const struct {
        uint64_t to, from, shift, count, operation;
        int64_t result;
    } calls[] = {
        { 0x100, 0x200, 0, 0, 0, 0 }, // nothing to do
        { 0x100, 0x200, 4, 1, 0, -4 },
        { 0x100, 0x200, 64, 1, 0, -4 },
        { 0x100, 0x200, UINT64_MAX, 1, 0, -4 },
        { 0x100, 0x200, 1ULL << 32, 1, 0, -4 },
        { 0x100, 0x200, 0, 1, 2, -4 },
        { 0x100, 0x200, 0, 1, UINT64_MAX, -4 },
        { 0x101, 0x200, 1, 1, 0, -4 },
        { 0x100, 0x201, 1, 1, 0, -4 },
        { 0x102, 0x200, 2, 1, 0, -4 },
        { 0x104, 0x204, 3, 1, 0, -4 },
        { 0, 0x100, 0, UINT64_MAX, 0, -4 },
        { 0, 0x100, 3, 1ULL << 61, 0, -4 }, // count * size is 0 in 64 bits
        { 0, 0x100, 3, (1ULL << 61) + 1, 0, -4 },
        { PARTITION_RAM - 8, 0x100, 3, 2, 0, -4 }, // out of RAM on the way
        { 0x100, PARTITION_RAM - 8, 3, 2, 0, -4 },
        { 0x100, PARTITION_RAM, 0, 1, 0, -4 },
        { UINT64_MAX - 7, 0x100, 3, 2, 0, -4 }, // around the end
        { 0x100, UINT64_MAX - 7, 3, 2, 0, -4 },
        { REGISTERS, 0x100, 3, REGISTERS_SIZE / 8 + 1, 0, -4 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(calls); i++)
        g_assert_cmpint(
            memop(fixture, calls[i].to, calls[i].from, calls[i].shift, calls[i].count, calls[i].operation),
            ==, calls[i].result);
}

// Around the end of the address space nothing is moved at all, not even where it comes out again.
static void test_memop_wraps(Fixture *fixture, gconstpointer data)
{
    uint8_t *ram = ram_with_numbers(fixture), before[0x1000];
    memcpy(before, ram, sizeof before);
    g_assert_cmpint(memop(fixture, 8, UINT64_MAX - 7, 3, 4, 0), ==, -4);
    g_assert_cmpint(memop(fixture, UINT64_MAX - 7, UINT64_MAX - 15, 3, 4, 0), ==, -4); // backwards
    g_assert_cmpint(memop(fixture, UINT64_MAX - 7, 0x100, 3, 4, 1), ==, -4);
    g_assert_cmpmem(ram, sizeof before, before, sizeof before);
}

// A screen is moved in one call, but a guest must not keep a vCPU's thread in here for long.
static void test_memop_limit(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpint(memop(fixture, 0x80000, 0, 2, 800 * 600 / 4, 0), ==, 0);
    g_assert_cmpint(memop(fixture, 0, 0, 0, PARTITION_RAM, 1), ==, 0);
    gint64 start = g_get_monotonic_time();
    for (unsigned i = 25; i < 64; i++)
        g_assert_cmpint(memop(fixture, REGISTERS, REGISTERS, 0, 1ULL << i, 0), ==, -4);
    g_assert_cmpuint(fixture->accesses, ==, 0);
    g_assert_cmpint(g_get_monotonic_time() - start, <, G_USEC_PER_SEC);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/logical-ci/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("load-values", test_load_values);
    ADD("store-values", test_store_values);
    ADD("sizes", test_sizes);
    ADD("addresses", test_addresses);
    ADD("doorbell", test_doorbell);
    ADD("enable", test_enable);
    ADD("enable-refused", test_enable_refused);
    ADD("memop-overlaps", test_memop_overlaps);
    ADD("memop-inverts", test_memop_inverts);
    ADD("memop-device", test_memop_device);
    ADD("memop-wrong", test_memop_wrong);
    ADD("memop-wraps", test_memop_wraps);
    ADD("memop-limit", test_memop_limit);
    return g_test_run();
}
