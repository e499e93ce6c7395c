// KVMPPC_H_RTAS and the table behind it: blocks anywhere, cells of any number, tokens of any kind.
#include "lparun/bytes.h"
#include "lparun/papr.h"
#include "partition.h"
#include <errno.h>

#define UNTOUCHED 0xeeeeeeee

typedef struct Fixture {
    Partition partition;
    unsigned calls;
    RtasCall last;
    uint32_t echo, silent;
} Fixture;

// Gives each input back, the first one as its status.
static int32_t echo(void *owner, Vcpu *vcpu, RtasCall *call)
{
    Fixture *fixture = owner;
    fixture->calls++;
    fixture->last = *call;
    for (uint32_t i = 1; i < call->outputs; i++)
        call->output[i] = call->input[i % RTAS_CELLS];
    return (int32_t)call->input[0];
}

static int32_t silent(void *owner, Vcpu *vcpu, RtasCall *call)
{
    ((Fixture *)owner)->calls++;
    return -1;
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    partition_open(&fixture->partition, 1);
    fixture->echo = RTAS_TOKEN_FIRST + 7;
    fixture->silent = RTAS_TOKEN_FIRST + RTAS_TOKENS - 1;
    rtas_register(fixture->partition.rtas, fixture->echo, "echo", 2, 2, echo, fixture);
    rtas_register(fixture->partition.rtas, fixture->silent, "silent", 0, 0, silent, fixture);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    partition_close(&fixture->partition);
}

static void put_cells(Fixture *fixture, uint64_t gpa, const uint32_t *cells, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        be32 cell = be32_make(cells[i]);
        g_assert_true(guest_memory_write(fixture->partition.memory, gpa + 4 * i, &cell, sizeof cell));
    }
}

static uint32_t cell_at(Fixture *fixture, uint64_t gpa)
{
    be32 cell;
    g_assert_true(guest_memory_read(fixture->partition.memory, gpa, &cell, sizeof cell));
    return be32_get(cell);
}

static int64_t call_at(Fixture *fixture, uint64_t gpa)
{
    return partition_call(&fixture->partition, KVMPPC_H_RTAS, gpa);
}

// The kernel fills pages with this, so that every write of ours shows.
static void fill(Fixture *fixture)
{
    memset(guest_memory_write_at(fixture->partition.memory, 0, PARTITION_RAM), 0xee, PARTITION_RAM);
}

static void test_cells(Fixture *fixture, gconstpointer data)
{
    const uint32_t block[] = { fixture->echo, 3, 4, 0xfffffffb, 0x11111111, 0x22222222 };
    fill(fixture);
    put_cells(fixture, 0x4000, block, G_N_ELEMENTS(block));
    g_assert_cmpint(call_at(fixture, 0x4000), ==, 0);
    g_assert_cmpuint(fixture->calls, ==, 1);
    g_assert_cmpuint(fixture->last.inputs, ==, 3);
    g_assert_cmpuint(fixture->last.outputs, ==, 4);
    g_assert_cmphex(fixture->last.input[2], ==, 0x22222222);
    g_assert_cmphex(cell_at(fixture, 0x4018), ==, 0xfffffffb); // the status comes first
    g_assert_cmphex(cell_at(fixture, 0x401c), ==, 0x11111111);
    g_assert_cmphex(cell_at(fixture, 0x4020), ==, 0x22222222);
    g_assert_cmphex(cell_at(fixture, 0x4024), ==, 0); // what the handler does not give is 0
    g_assert_cmphex(cell_at(fixture, 0x4028), ==, UNTOUCHED);
    g_assert_cmphex(cell_at(fixture, 0x4010), ==, 0x11111111); // inputs stay
    g_assert_cmphex(cell_at(fixture, 0x4000), ==, fixture->echo);
}

// The block's real address may have its top nibble set (guest-interface 6, 13).
static void test_alias(Fixture *fixture, gconstpointer data)
{
    const uint32_t block[] = { fixture->echo, 2, 2, 0, 5 };
    put_cells(fixture, 0x4000, block, G_N_ELEMENTS(block));
    g_assert_cmpint(call_at(fixture, 0x8000000000004000ULL), ==, 0);
    g_assert_cmpint(call_at(fixture, 0xc000000000004000ULL), ==, 0);
    g_assert_cmphex(cell_at(fixture, 0x4018), ==, 5);
    g_assert_cmpint(call_at(fixture, 0x0800000000004000ULL), ==, -4);
    g_assert_cmpuint(fixture->calls, ==, 2);
}

// nargs + nret of at most 16; beyond that nothing is called and nothing written.
static void test_counts(Fixture *fixture, gconstpointer data)
{
    static const struct {
        uint32_t inputs, outputs;
        int64_t result;
    } counts[] = {
        { 2, 2, 0 },
        { 2, 14, 0 },
        { 14, 2, 0 },
        { 0, 16, 0 },
        { 16, 0, 0 },
        { 2, 15, -4 },
        { 17, 0, -4 },
        { 0, 17, -4 },
        { 16, 1, -4 },
        { 0x40000000, 2, -4 }, // * 4 is 0 in 32 bits
        { 2, 0x40000000, -4 },
        { 0x7fffffff, 0x7fffffff, -4 },
        { UINT32_MAX, UINT32_MAX, -4 },
        { UINT32_MAX, 2, -4 }, // + 2 is 1 in 32 bits
        { 2, UINT32_MAX, -4 },
        { UINT32_MAX - 1, 18, -4 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(counts); i++) {
        const uint32_t block[] = { fixture->echo, counts[i].inputs, counts[i].outputs };
        unsigned calls = fixture->calls;
        fill(fixture);
        put_cells(fixture, 0x4000, block, G_N_ELEMENTS(block));
        g_assert_cmpint(call_at(fixture, 0x4000), ==, counts[i].result);
        bool called = counts[i].result == 0 && counts[i].inputs >= 2 && counts[i].outputs >= 2;
        g_assert_cmpuint(fixture->calls, ==, calls + called);
        for (uint64_t gpa = 0x400c; gpa < 0x4100 && counts[i].result != 0; gpa += 4)
            g_assert_cmphex(cell_at(fixture, gpa), ==, UNTOUCHED);
    }
}

// Too few cells: -3, and the handler never sees them.
static void test_too_few(Fixture *fixture, gconstpointer data)
{
    static const uint32_t counts[][2] = { { 0, 2 }, { 1, 2 }, { 2, 1 }, { 0, 1 } };
    for (unsigned i = 0; i < G_N_ELEMENTS(counts); i++) {
        uint32_t output[2];
        g_assert_cmpint(partition_rtas_at(&fixture->partition, 0x4000, fixture->echo, counts[i][0],
                            (const uint32_t[]){ 9, 9 }, counts[i][1], output),
            ==, 0);
        g_assert_cmpint((int32_t)output[0], ==, -3);
    }
    g_assert_cmpuint(fixture->calls, ==, 0);
}

// SLOF's quiesce passes nret 0: no status is written then (guest-interface 1.5).
static void test_no_outputs(Fixture *fixture, gconstpointer data)
{
    static const uint32_t zero[] = { 0, 0, 0 };
    for (unsigned known = 0; known < 2; known++) {
        const uint32_t block[] = { known ? fixture->silent : fixture->echo, 0, 0 };
        fill(fixture);
        put_cells(fixture, 0x4000, block, G_N_ELEMENTS(block));
        g_assert_cmpint(call_at(fixture, 0x4000), ==, 0);
        for (uint64_t gpa = 0x400c; gpa < 0x4100; gpa += 4)
            g_assert_cmphex(cell_at(fixture, gpa), ==, UNTOUCHED);
        put_cells(fixture, 0x4000, zero, 3);
    }
    g_assert_cmpuint(fixture->calls, ==, 1);
}

// rets[0] = -3 and H_PARAMETER (guest-interface 1.5); nothing is written without room for it.
static void test_unknown_tokens(Fixture *fixture, gconstpointer data)
{
    static const uint32_t tokens[] = { 0, 1, 0xa, 0x1fff, 0x2002, 0x2003, 0x3000, 0x7fffffff, 0x80000000,
        UINT32_MAX };
    for (unsigned i = 0; i < G_N_ELEMENTS(tokens); i++) {
        uint32_t output[1];
        g_assert_cmpint(
            partition_rtas_at(&fixture->partition, 0x4000, tokens[i], 0, NULL, 1, output), ==, H_PARAMETER);
        g_assert_cmpint((int32_t)output[0], ==, -3);
        fill(fixture);
        partition_rtas_at(&fixture->partition, 0x4000, tokens[i], 0, NULL, 0, output);
        g_assert_cmphex(cell_at(fixture, 0x400c), ==, UNTOUCHED);
    }
    g_assert_cmpuint(fixture->calls, ==, 0);
}

// Blocks at the end of RAM: the last that fits, and all that do not.
static void test_end_of_ram(Fixture *fixture, gconstpointer data)
{
    const uint32_t block[] = { fixture->echo, 2, 2, 7, 8 };
    uint64_t last = PARTITION_RAM - 7 * 4;
    put_cells(fixture, last, block, G_N_ELEMENTS(block));
    g_assert_cmpint(call_at(fixture, last), ==, 0);
    g_assert_cmphex(cell_at(fixture, PARTITION_RAM - 8), ==, 7);
    g_assert_cmphex(cell_at(fixture, PARTITION_RAM - 4), ==, 8);
    // The outputs do not fit.
    put_cells(fixture, last + 4, block, G_N_ELEMENTS(block));
    g_assert_cmpint(call_at(fixture, last + 4), ==, -4);
    // Nor the inputs, nor the head.
    put_cells(fixture, PARTITION_RAM - 12, block, 3);
    g_assert_cmpint(call_at(fixture, PARTITION_RAM - 12), ==, -4);
    put_cells(fixture, PARTITION_RAM - 8, block, 2);
    g_assert_cmpint(call_at(fixture, PARTITION_RAM - 8), ==, -4);
    g_assert_cmpint(call_at(fixture, PARTITION_RAM - 1), ==, -4);
    g_assert_cmpint(call_at(fixture, PARTITION_RAM), ==, -4);
    g_assert_cmpint(call_at(fixture, 0x0fffffffffffffffULL), ==, -4);
    g_assert_cmpint(call_at(fixture, UINT64_MAX), ==, -4);
    // A head alone ends with RAM.
    const uint32_t head[] = { fixture->silent, 0, 0 };
    unsigned calls = fixture->calls;
    put_cells(fixture, PARTITION_RAM - 12, head, 3);
    g_assert_cmpint(call_at(fixture, PARTITION_RAM - 12), ==, 0);
    g_assert_cmpuint(fixture->calls, ==, calls + 1);
    const uint32_t no_outputs[] = { fixture->silent, 1, 0, 5 };
    put_cells(fixture, PARTITION_RAM - 16, no_outputs, 4);
    g_assert_cmpint(call_at(fixture, PARTITION_RAM - 16), ==, 0);
    g_assert_cmpuint(fixture->calls, ==, calls + 2);
}

// A block need not be aligned.
static void test_unaligned(Fixture *fixture, gconstpointer data)
{
    uint32_t output[2];
    g_assert_cmpint(partition_rtas_at(
                        &fixture->partition, 0x4003, fixture->echo, 2, (const uint32_t[]){ 0, 6 }, 2, output),
        ==, 0);
    g_assert_cmpuint(output[1], ==, 6);
}

// --- The table.

typedef struct Counts {
    unsigned names;
    uint64_t echo, unknown;
} Counts;

static void note_count(const char *name, uint64_t count, void *data)
{
    Counts *counts = data;
    counts->names++;
    if (g_str_equal(name, "echo"))
        counts->echo = count;
    if (g_str_equal(name, "unknown"))
        counts->unknown = count;
}

static void test_counters(Fixture *fixture, gconstpointer data)
{
    uint32_t output[2];
    for (unsigned i = 0; i < 3; i++)
        partition_rtas_at(
            &fixture->partition, 0x4000, fixture->echo, 2, (const uint32_t[]){ 0, 0 }, 2, output);
    partition_rtas_at(&fixture->partition, 0x4000, 0x7777, 0, NULL, 1, output);
    Counts counts = { 0 };
    rtas_counts(fixture->partition.rtas, note_count, &counts);
    g_assert_cmpuint(counts.names, ==, 2);
    g_assert_cmpuint(counts.echo, ==, 3);
    g_assert_cmpuint(counts.unknown, ==, 1);
}

// The device tree's tokens are the ones that work, each its own; the kernel learns of its own calls by the
// same token.
static void test_tokens(Fixture *fixture, gconstpointer data)
{
    Partition *partition = &fixture->partition;
    g_assert_cmphex(partition_token(partition, "echo"), ==, fixture->echo);
    g_assert_cmphex(partition_token(partition, "silent"), ==, fixture->silent);
    g_assert_cmphex(fixture->echo, !=, fixture->silent);
    InterruptController *interrupts = interrupt_controller_new(partition->vm, NULL);
    g_assert_true(rtas_register_in_kernel(partition->rtas, interrupts, NULL));
    uint32_t token = partition_token(partition, "ibm,int-on"); // the last
    g_assert_cmphex(fake_kvm_power(partition->vm)->rtas_token, ==, token);
    // The kernel's call here, all the same: it is unknown.
    uint32_t output[1];
    partition_rtas_at(partition, 0x4000, token, 3, (const uint32_t[]){ 1, 2, 3 }, 1, output);
    g_assert_cmpint((int32_t)output[0], ==, -3);
    interrupt_controller_free(interrupts);
}

static void test_not_in_kernel(Fixture *fixture, gconstpointer data)
{
    Partition *partition = &fixture->partition;
    g_autoptr(GError) error = NULL;
    InterruptController *interrupts = interrupt_controller_new(partition->vm, NULL);
    fake_kvm_power(partition->vm)->rtas = -ENOENT;
    g_assert_false(rtas_register_in_kernel(partition->rtas, interrupts, &error));
    g_assert_nonnull(strstr(error->message, "ibm,set-xive"));
    interrupt_controller_free(interrupts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/rtas/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("cells", test_cells);
    ADD("alias", test_alias);
    ADD("counts", test_counts);
    ADD("too-few", test_too_few);
    ADD("no-outputs", test_no_outputs);
    ADD("unknown-tokens", test_unknown_tokens);
    ADD("end-of-ram", test_end_of_ram);
    ADD("unaligned", test_unaligned);
    ADD("counters", test_counters);
    ADD("tokens", test_tokens);
    ADD("not-in-kernel", test_not_in_kernel);
    return g_test_run();
}
