// The userspace bus: edges, sizes, overlaps, and lookups while ranges move.
#include "lparun/bus.h"
#include <stdatomic.h>

// Answers with its mark and the offset, and notes writes.
typedef struct Part {
    uint64_t mark;
    uint64_t offset, value;
    unsigned size, writes;
} Part;

static uint64_t part_read(void *owner, uint64_t offset, unsigned size)
{
    return ((Part *)owner)->mark << 32 | offset << 8 | size;
}

static void part_write(void *owner, uint64_t offset, unsigned size, uint64_t value)
{
    Part *part = owner;
    part->offset = offset;
    part->size = size;
    part->value = value;
    part->writes++;
}

static const BusOps ops = { .read = part_read, .write = part_write };

#define NOBODY 0xdeadULL

// The mark of who answers a read, or NOBODY.
static uint64_t who(Bus *bus, uint64_t address, unsigned size)
{
    uint64_t value = NOBODY << 32 | 5;
    bool answered = bus_read(bus, address, size, &value);
    g_assert_true(answered == (value >> 32 != NOBODY));
    g_assert_true(answered || value == (NOBODY << 32 | 5)); // left alone
    return value >> 32;
}

static void test_edges(void)
{
    Bus *bus = bus_new();
    Part part = { .mark = 7 };
    BusRange *range = bus_add_range(bus, &ops, &part);
    g_assert_cmphex(who(bus, 0, 1), ==, NOBODY); // not mapped yet
    bus_range_map(range, 0x1000, 0x100);
    static const struct {
        uint64_t address;
        unsigned size;
        bool answered;
    } accesses[] = {
        { 0xfff, 1, false }, { 0xffc, 8, false }, { 0x1000, 1, true }, { 0x1000, 8, true },
        { 0x10f8, 8, true }, { 0x10ff, 1, true }, { 0x10ff, 2, false }, // the second byte is nobody's
        { 0x10fc, 8, false }, { 0x1100, 1, false }, { 0, 8, false }, { UINT64_MAX, 1, false },
        { UINT64_MAX - 3, 8, false }, // wraps
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(accesses); i++) {
        g_assert_cmphex(
            who(bus, accesses[i].address, accesses[i].size), ==, accesses[i].answered ? 7 : NOBODY);
        unsigned writes = part.writes;
        g_assert_true(bus_write(bus, accesses[i].address, accesses[i].size, 99) == accesses[i].answered);
        g_assert_cmpuint(part.writes, ==, writes + accesses[i].answered);
    }
    uint64_t value;
    g_assert_true(bus_read(bus, 0x1012, 2, &value));
    g_assert_cmphex(value, ==, 0x700001202);
    g_assert_true(bus_write(bus, 0x1024, 4, 0x12345678));
    g_assert_cmphex(part.offset, ==, 0x24);
    g_assert_cmpuint(part.size, ==, 4);
    g_assert_cmphex(part.value, ==, 0x12345678);
    bus_range_unmap(range);
    g_assert_cmphex(who(bus, 0x1000, 1), ==, NOBODY);
    g_assert_false(bus_write(bus, 0x1000, 1, 0));
    bus_free(bus);
}

static void test_ends_of_address_space(void)
{
    Bus *bus = bus_new();
    Part low = { .mark = 1 }, high = { .mark = 2 };
    bus_range_map(bus_add_range(bus, &ops, &low), 0, 0x10);
    bus_range_map(bus_add_range(bus, &ops, &high), UINT64_MAX - 0x10, 0x10); // all but the very last byte
    g_assert_cmphex(who(bus, 0, 8), ==, 1);
    g_assert_cmphex(who(bus, UINT64_MAX - 0x10, 8), ==, 2);
    g_assert_cmphex(who(bus, UINT64_MAX - 1, 1), ==, 2);
    g_assert_cmphex(who(bus, UINT64_MAX, 1), ==, NOBODY);
    g_assert_cmphex(who(bus, UINT64_MAX - 3, 4), ==, NOBODY);
    g_assert_cmphex(who(bus, UINT64_MAX - 3, 8), ==, NOBODY);
    bus_free(bus);
}

static void test_neighbours(void)
{
    Bus *bus = bus_new();
    enum { COUNT = 32 };
    Part parts[COUNT];
    BusRange *ranges[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        parts[i] = (Part){ .mark = i };
        ranges[i] = bus_add_range(bus, &ops, &parts[i]);
    }
    // Mapped out of order, wall to wall.
    for (unsigned i = 0; i < COUNT; i++)
        bus_range_map(ranges[i * 7 % COUNT], 0x4000 + i * 7 % COUNT * 0x10, 0x10);
    for (unsigned i = 0; i < COUNT; i++) {
        g_assert_cmphex(who(bus, 0x4000 + i * 0x10, 8), ==, i);
        g_assert_cmphex(who(bus, 0x400f + i * 0x10, 1), ==, i);
        g_assert_cmphex(who(bus, 0x400c + i * 0x10, 8), ==, NOBODY); // no access reaches into the next range
    }
    // Every second one goes away, one moves.
    for (unsigned i = 0; i < COUNT; i += 2)
        bus_range_unmap(ranges[i]);
    bus_range_map(ranges[3], 0x100, 0x10);
    for (unsigned i = 0; i < COUNT; i++)
        g_assert_cmphex(who(bus, 0x4000 + i * 0x10, 4), ==, i % 2 && i != 3 ? i : NOBODY);
    g_assert_cmphex(who(bus, 0x100, 4), ==, 3);
    bus_free(bus);
}

// A guest may put BARs on top of each other. One of them answers, and what only one of them holds is that
// one's.
static void test_overlaps(void)
{
    Bus *bus = bus_new();
    Part wide = { .mark = 1 }, narrow = { .mark = 2 }, twin = { .mark = 3 };
    BusRange *ranges[] = { bus_add_range(bus, &ops, &wide), bus_add_range(bus, &ops, &narrow),
        bus_add_range(bus, &ops, &twin) };
    bus_range_map(ranges[0], 0x10000, 0x4000);
    bus_range_map(ranges[1], 0x11000, 0x1000);
    g_assert_cmphex(who(bus, 0x10ff8, 8), ==, 1);
    g_assert_cmphex(who(bus, 0x11800, 4), !=, NOBODY);
    g_assert_cmphex(who(bus, 0x12000, 8), ==, 1); // behind the inner one
    g_assert_cmphex(who(bus, 0x13ff8, 8), ==, 1);
    g_assert_cmphex(who(bus, 0x11ffc, 8), ==, 1); // the inner one holds half of it
    g_assert_cmphex(who(bus, 0x14000, 1), ==, NOBODY);
    bus_range_map(ranges[2], 0x10000, 0x4000);
    g_assert_cmphex(who(bus, 0x13000, 4), !=, NOBODY);
    bus_range_unmap(ranges[0]);
    g_assert_cmphex(who(bus, 0x13000, 4), ==, 3);
    bus_free(bus);
}

// --- Lookups while ranges move.

#define MOVERS 8
#define HOME(i) (0x100000ULL + (i)*0x10000)
#define AWAY(i) (0x900000ULL + (i)*0x10000)
#define STATIC_BASE 0x500000ULL

typedef struct Traffic {
    Bus *bus;
    BusRange *ranges[MOVERS];
    Part movers[MOVERS], fixed;
    atomic_bool ended;
    atomic_uint wrong, right;
} Traffic;

// A mover answers for itself or nobody does; the fixed range, between the two places, always answers.
static void *look_up(void *data)
{
    Traffic *traffic = data;
    for (unsigned i = 0; !atomic_load(&traffic->ended); i++) {
        unsigned mover = i % MOVERS;
        uint64_t place = who(traffic->bus, HOME(mover) + 8, 4),
                 elsewhere = who(traffic->bus, AWAY(mover) + 8, 4);
        bool wrong = (place != NOBODY && place != mover) || (elsewhere != NOBODY && elsewhere != mover) ||
                     who(traffic->bus, STATIC_BASE + 0x10, 8) != 0x77;
        atomic_fetch_add(wrong ? &traffic->wrong : &traffic->right, 1);
    }
    return NULL;
}

static void *move(void *data)
{
    Traffic *traffic = data;
    for (unsigned i = 0; i < 6000; i++) {
        BusRange *range = traffic->ranges[i % MOVERS];
        if (i / MOVERS % 3 == 0)
            bus_range_unmap(range);
        else
            bus_range_map(range, i / MOVERS % 3 == 1 ? AWAY(i % MOVERS) : HOME(i % MOVERS), 0x1000);
    }
    return NULL;
}

static void test_lookups_while_moving(void)
{
    Traffic traffic = { .bus = bus_new(), .fixed = { .mark = 0x77 } };
    for (unsigned i = 0; i < MOVERS; i++) {
        traffic.movers[i].mark = i;
        traffic.ranges[i] = bus_add_range(traffic.bus, &ops, &traffic.movers[i]);
    }
    bus_range_map(bus_add_range(traffic.bus, &ops, &traffic.fixed), STATIC_BASE, 0x100);
    GThread *readers[2], *writers[2];
    for (unsigned i = 0; i < 2; i++)
        readers[i] = g_thread_new("look up", look_up, &traffic);
    for (unsigned i = 0; i < 2; i++)
        writers[i] = g_thread_new("move", move, &traffic);
    for (unsigned i = 0; i < 2; i++)
        g_thread_join(writers[i]);
    while (atomic_load(&traffic.right) == 0)
        g_thread_yield();
    atomic_store(&traffic.ended, true);
    for (unsigned i = 0; i < 2; i++)
        g_thread_join(readers[i]);
    g_assert_cmpuint(traffic.wrong, ==, 0);
    bus_free(traffic.bus);
}

// --- Ranges that go while others look.

typedef struct Reader {
    Bus *bus;
    _Atomic unsigned rounds;
    atomic_bool end;
} Reader;

static gpointer read_on(gpointer data)
{
    Reader *reader = data;
    while (!reader->end) {
        uint64_t mark = who(reader->bus, 0x1000, 4);
        g_assert_true(mark == NOBODY || mark == 7);
        who(reader->bus, 0x5000, 8);
        reader->rounds++;
    }
    return NULL;
}

// What vcpu_set_settle() does for vCPUs.
static void settle(Reader *reader)
{
    for (unsigned before = reader->rounds; reader->rounds - before < 2;)
        g_thread_yield();
}

static void test_remove(void)
{
    enum { ROUNDS = 500 };
    Reader reader = { .bus = bus_new() };
    GThread *thread = g_thread_new("reader", read_on, &reader);
    BusRange *kept[ROUNDS / 10] = { NULL };
    static Part still = { .mark = 9 };
    for (unsigned i = 0; i < ROUNDS; i++) {
        Part *part = g_new0(Part, 1); // freed with its range: a late call finds no mark
        part->mark = 7;
        BusRange *range = bus_add_range(reader.bus, &ops, part);
        bus_range_map(range, 0x1000, 0x100);
        g_assert_cmphex(who(reader.bus, 0x1010, 4), ==, 7);
        if (i % 10 == 0) { // the table grows meanwhile
            kept[i / 10] = bus_add_range(reader.bus, &ops, &still);
            bus_range_map(kept[i / 10], 0x100000 + i * 0x1000, 0x1000);
        }
        bus_range_unmap(range);
        settle(&reader);
        bus_range_free(range);
        g_free(part);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(kept); i++)
        g_assert_cmphex(who(reader.bus, 0x100000 + 10 * i * 0x1000, 4), ==, 9);
    g_assert_cmphex(who(reader.bus, 0x1000, 4), ==, NOBODY);
    reader.end = true;
    g_thread_join(thread);
    bus_range_free(kept[1]); // mapped still
    g_assert_cmphex(who(reader.bus, 0x100000 + 10 * 0x1000, 4), ==, NOBODY);
    bus_free(reader.bus);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bus/edges", test_edges);
    g_test_add_func("/bus/ends-of-address-space", test_ends_of_address_space);
    g_test_add_func("/bus/neighbours", test_neighbours);
    g_test_add_func("/bus/overlaps", test_overlaps);
    g_test_add_func("/bus/lookups-while-moving", test_lookups_while_moving);
    g_test_add_func("/bus/remove", test_remove);
    return g_test_run();
}
