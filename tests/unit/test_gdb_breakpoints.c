// Breakpoints in memory: what the guest runs into, and what a debugger sees.
#include "gdb/breakpoints.h"
#include <string.h>

#define RAM 0x10000
#define INSTRUCTION "\0\xdd\xdd\0"

typedef struct Fixture {
    GuestMemory *memory;
    GdbBreakpoints *breakpoints;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->memory = guest_memory_new(RAM, NULL);
    guest_memory_write(fixture->memory, 0x100, "AAAABBBBCCCC", 12);
    fixture->breakpoints = gdb_breakpoints_new(fixture->memory, 0x00dddd00);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    gdb_breakpoints_free(fixture->breakpoints);
    guest_memory_free(fixture->memory);
}

// At 0x100 there are these twelve bytes for the guest, and those for a debugger.
static void assert_memory(Fixture *fixture, const char *guest, const char *debugger)
{
    uint8_t bytes[12];
    guest_memory_read(fixture->memory, 0x100, bytes, sizeof bytes);
    g_assert_cmpmem(bytes, sizeof bytes, guest, sizeof bytes);
    gdb_breakpoints_read(fixture->breakpoints, 0x100, bytes, sizeof bytes);
    g_assert_cmpmem(bytes, sizeof bytes, debugger, sizeof bytes);
}

static bool insert(Fixture *fixture, uint64_t address, uint64_t gpa)
{
    return gdb_breakpoints_insert(fixture->breakpoints, address, gpa);
}

static bool take_away(Fixture *fixture, uint64_t address)
{
    return gdb_breakpoints_remove(fixture->breakpoints, address);
}

static void test_insert(Fixture *fixture, gconstpointer data)
{
    g_assert_true(insert(fixture, 0xc000000000000104, 0x104));
    g_assert_true(insert(fixture, 0xc000000000000104, 0x104)); // is there already
    assert_memory(fixture, "AAAA" INSTRUCTION "CCCC", "AAAABBBBCCCC");
    g_assert_true(gdb_breakpoints_has(fixture->breakpoints, 0x104));
    g_assert_false(gdb_breakpoints_has(fixture->breakpoints, 0x100));
    g_assert_true(take_away(fixture, 0xc000000000000104));
    g_assert_false(take_away(fixture, 0xc000000000000104));
    g_assert_false(gdb_breakpoints_has(fixture->breakpoints, 0x104));
    assert_memory(fixture, "AAAABBBBCCCC", "AAAABBBBCCCC");
}

// The same place under two addresses.
static void test_two_addresses(Fixture *fixture, gconstpointer data)
{
    g_assert_true(insert(fixture, 0x104, 0x104));
    g_assert_true(insert(fixture, 0xc000000000000104, 0x104));
    g_assert_true(take_away(fixture, 0x104));
    assert_memory(fixture, "AAAA" INSTRUCTION "CCCC", "AAAABBBBCCCC");
    g_assert_true(take_away(fixture, 0xc000000000000104));
    assert_memory(fixture, "AAAABBBBCCCC", "AAAABBBBCCCC");
}

static void test_refused(Fixture *fixture, gconstpointer data)
{
    g_assert_false(insert(fixture, 0x102, 0x102));
    g_assert_false(insert(fixture, RAM, RAM));
    for (unsigned i = 0; i < 0x1000; i++)
        g_assert_true(insert(fixture, 0x1000 + 4 * i, 0x1000 + 4 * i));
    g_assert_false(insert(fixture, 0x100, 0x100));
    gdb_breakpoints_clear(fixture->breakpoints);
    g_assert_true(insert(fixture, 0x100, 0x100));
}

// A guest that wrote there keeps what it wrote.
static void test_overwritten(Fixture *fixture, gconstpointer data)
{
    g_assert_true(insert(fixture, 0x104, 0x104));
    guest_memory_write(fixture->memory, 0x104, "DDDD", 4);
    gdb_breakpoints_clear(fixture->breakpoints);
    assert_memory(fixture, "AAAADDDDCCCC", "AAAADDDDCCCC");
}

static void test_written_by_debugger(Fixture *fixture, gconstpointer data)
{
    g_assert_true(insert(fixture, 0x104, 0x104));
    gdb_breakpoints_write(fixture->breakpoints, 0x102, (const uint8_t *)"1234", 4);
    assert_memory(fixture, "AA12" INSTRUCTION "CCCC", "AA1234BBCCCC");
    gdb_breakpoints_write(fixture->breakpoints, 0x107, (const uint8_t *)"56", 2);
    assert_memory(fixture, "AA12" INSTRUCTION "6CCC", "AA1234B56CCC");
    gdb_breakpoints_clear(fixture->breakpoints);
    assert_memory(fixture, "AA1234B56CCC", "AA1234B56CCC");
}

static void test_step(Fixture *fixture, gconstpointer data)
{
    g_assert_true(insert(fixture, 0x100, 0x100));
    g_assert_true(insert(fixture, 0x108, 0x108));
    g_assert_true(gdb_breakpoints_begin_step(fixture->breakpoints, 0x100, 0x104));
    assert_memory(fixture, "AAAA" INSTRUCTION INSTRUCTION, "AAAABBBBCCCC");
    g_assert_false(gdb_breakpoints_has(fixture->breakpoints, 0x100));
    g_assert_true(gdb_breakpoints_has(fixture->breakpoints, 0x104));
    gdb_breakpoints_end_step(fixture->breakpoints);
    assert_memory(fixture, INSTRUCTION "BBBB" INSTRUCTION, "AAAABBBBCCCC");
    g_assert_true(gdb_breakpoints_has(fixture->breakpoints, 0x100));
    g_assert_false(gdb_breakpoints_has(fixture->breakpoints, 0x104));
    gdb_breakpoints_end_step(fixture->breakpoints); // there is none
    assert_memory(fixture, INSTRUCTION "BBBB" INSTRUCTION, "AAAABBBBCCCC");
}

// A step to where there is a breakpoint, one to where it is, and one to where there is nothing.
static void test_steps_to(Fixture *fixture, gconstpointer data)
{
    g_assert_true(insert(fixture, 0x104, 0x104));
    g_assert_true(gdb_breakpoints_begin_step(fixture->breakpoints, 0x100, 0x104));
    gdb_breakpoints_end_step(fixture->breakpoints);
    assert_memory(fixture, "AAAA" INSTRUCTION "CCCC", "AAAABBBBCCCC");
    g_assert_true(gdb_breakpoints_begin_step(fixture->breakpoints, 0x104, 0x104));
    assert_memory(fixture, "AAAA" INSTRUCTION "CCCC", "AAAABBBBCCCC");
    gdb_breakpoints_end_step(fixture->breakpoints);
    g_assert_false(gdb_breakpoints_begin_step(fixture->breakpoints, 0x104, RAM));
    g_assert_false(gdb_breakpoints_begin_step(fixture->breakpoints, 0x104, 0x106));
    assert_memory(fixture, "AAAA" INSTRUCTION "CCCC", "AAAABBBBCCCC");
    g_assert_true(gdb_breakpoints_begin_step(fixture->breakpoints, 0x104, 0x108));
    gdb_breakpoints_clear(fixture->breakpoints);
    assert_memory(fixture, "AAAABBBBCCCC", "AAAABBBBCCCC");
}

// One where a step ends that is not over.
static void test_inserted_in_step(Fixture *fixture, gconstpointer data)
{
    g_assert_true(gdb_breakpoints_begin_step(fixture->breakpoints, 0x100, 0x104));
    g_assert_true(insert(fixture, 0x104, 0x104));
    assert_memory(fixture, "AAAA" INSTRUCTION "CCCC", "AAAABBBBCCCC");
    gdb_breakpoints_end_step(fixture->breakpoints);
    assert_memory(fixture, "AAAA" INSTRUCTION "CCCC", "AAAABBBBCCCC");
    g_assert_true(take_away(fixture, 0x104));
    assert_memory(fixture, "AAAABBBBCCCC", "AAAABBBBCCCC");
    g_assert_true(gdb_breakpoints_begin_step(fixture->breakpoints, 0x100, 0x104));
    g_assert_true(insert(fixture, 0x104, 0x104));
    g_assert_true(take_away(fixture, 0x104));
    assert_memory(fixture, "AAAA" INSTRUCTION "CCCC", "AAAABBBBCCCC");
    g_assert_true(gdb_breakpoints_has(fixture->breakpoints, 0x104));
    gdb_breakpoints_end_step(fixture->breakpoints);
    assert_memory(fixture, "AAAABBBBCCCC", "AAAABBBBCCCC");
}

static void test_written_in_step(Fixture *fixture, gconstpointer data)
{
    g_assert_true(gdb_breakpoints_begin_step(fixture->breakpoints, 0x100, 0x104));
    gdb_breakpoints_write(fixture->breakpoints, 0x104, (const uint8_t *)"1234", 4);
    assert_memory(fixture, "AAAA" INSTRUCTION "CCCC", "AAAA1234CCCC");
    gdb_breakpoints_end_step(fixture->breakpoints);
    assert_memory(fixture, "AAAA1234CCCC", "AAAA1234CCCC");
}

// A reset has cleared memory.
static void test_forget(Fixture *fixture, gconstpointer data)
{
    g_assert_true(insert(fixture, 0x104, 0x104));
    guest_memory_clear(fixture->memory);
    gdb_breakpoints_forget(fixture->breakpoints);
    assert_memory(fixture, "\0\0\0\0\0\0\0\0\0\0\0", "\0\0\0\0\0\0\0\0\0\0\0");
    g_assert_false(take_away(fixture, 0x104));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, function) g_test_add("/gdb-breakpoints/" path, Fixture, NULL, set_up, function, tear_down)
    ADD("insert", test_insert);
    ADD("two-addresses", test_two_addresses);
    ADD("refused", test_refused);
    ADD("overwritten", test_overwritten);
    ADD("written-by-debugger", test_written_by_debugger);
    ADD("step", test_step);
    ADD("steps-to", test_steps_to);
    ADD("inserted-in-step", test_inserted_in_step);
    ADD("written-in-step", test_written_in_step);
    ADD("forget", test_forget);
    return g_test_run();
}
