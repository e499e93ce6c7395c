// The console: H_PUT_TERM_CHAR, H_GET_TERM_CHAR and display-character in front of the vty, and its input
// queue.
#include "lparun/papr.h"
#include "lparun/vty.h"
#include "partition.h"
#include <libfdt.h>

#define GET 0x54
#define PUT 0x58
#define UNIT 0x71000000
#define SOURCE 0x1100

typedef struct Fixture {
    Partition partition;
    InterruptController *interrupts;
    Vtys *vtys;
    Vty *vty;
    GString *output;
    size_t room; // how much the terminal takes
    unsigned writes, has_room;
} Fixture;

static bool terminal_put(void *owner, const uint8_t *bytes, size_t length)
{
    Fixture *fixture = owner;
    fixture->writes++;
    if (length > fixture->room)
        return false;
    g_string_append_len(fixture->output, (const char *)bytes, (gssize)length);
    fixture->room -= length;
    return true;
}

static void terminal_has_room(void *owner)
{
    ((Fixture *)owner)->has_room++;
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    const VtyHost host = { .put = terminal_put, .has_room = terminal_has_room, .owner = fixture };
    partition_open(&fixture->partition, 1);
    fixture->output = g_string_new(NULL);
    fixture->room = 1000;
    fixture->interrupts = interrupt_controller_new(fixture->partition.vm, NULL);
    fixture->vtys = vtys_new();
    fixture->vty = vty_new(UNIT, &host, interrupt_line_new(fixture->interrupts, SOURCE, NULL));
    g_assert_true(vtys_add(fixture->vtys, fixture->vty));
    hypercall_console_register(fixture->partition.hypercalls, &(HypercallParts){ .vtys = fixture->vtys });
    rtas_console_register(fixture->partition.rtas, &(RtasParts){ .vtys = fixture->vtys });
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    vtys_free(fixture->vtys);
    interrupt_controller_free(fixture->interrupts);
    partition_close(&fixture->partition);
    g_string_free(fixture->output, TRUE);
}

static int64_t put(Fixture *fixture, uint64_t unit, uint64_t length)
{
    return partition_call(
        &fixture->partition, PUT, unit, length, 0x6162636465666768ULL, 0x696a6b6c6d6e6f70ULL); // "abc..."
}

// A guest that asks for input, and what waits for it.
static void test_polls(Fixture *fixture, gconstpointer data)
{
    HypercallTable *calls = fixture->partition.hypercalls;
    g_assert_cmpuint(hypercall_count(calls, GET), ==, 0);
    g_assert_cmpint(put(fixture, UNIT, 1), ==, 0);
    for (unsigned i = 0; i < 3; i++)
        g_assert_cmpint(partition_call(&fixture->partition, GET, UNIT), ==, 0);
    g_assert_cmpuint(hypercall_count(calls, GET), ==, 3);
    g_assert_cmpuint(vty_waiting(fixture->vty), ==, 0);
    g_assert_cmpuint(vty_input(fixture->vty, (const uint8_t *)"abcdefghijklmnopqr", 18), ==, 18);
    g_assert_cmpuint(vty_waiting(fixture->vty), ==, 18);
    g_assert_cmpint(partition_call(&fixture->partition, GET, UNIT), ==, 0);
    g_assert_cmpuint(vty_waiting(fixture->vty), ==, 2);
}

// PAPR+ 16.6.2: the first byte is the most significant one of r6; 0 to 16 bytes.
static void test_put(Fixture *fixture, gconstpointer data)
{
    for (uint64_t length = 0; length <= 16; length++) {
        g_string_truncate(fixture->output, 0);
        g_assert_cmpint(put(fixture, UNIT, length), ==, 0);
        g_assert_cmpuint(fixture->output->len, ==, length);
        g_assert_cmpint(memcmp(fixture->output->str, "abcdefghijklmnop", length), ==, 0);
    }
    g_string_truncate(fixture->output, 0);
    g_assert_cmpint(put(fixture, 0, 1), ==, 0); // firmware, before it has a console
    g_assert_cmpstr(fixture->output->str, ==, "a");
}

static void test_put_wrong(Fixture *fixture, gconstpointer data)
{
    static const uint64_t lengths[] = { 17, 255, 256, 1ULL << 32, (1ULL << 32) + 1, UINT64_MAX };
    for (unsigned i = 0; i < G_N_ELEMENTS(lengths); i++)
        g_assert_cmpint(put(fixture, UNIT, lengths[i]), ==, -4);
    static const uint64_t units[] = { 1, UNIT + 1, 0x71000001, 1ULL << 32, (1ULL << 32) | UNIT, UINT64_MAX };
    for (unsigned i = 0; i < G_N_ELEMENTS(units); i++) {
        g_assert_cmpint(put(fixture, units[i], 1), ==, -4);
        g_assert_cmpint(partition_call(&fixture->partition, GET, units[i]), ==, -4);
    }
    g_assert_cmpuint(fixture->writes, ==, 0);
}

// A terminal that takes nothing: H_BUSY, and Linux comes again with the same bytes.
static void test_busy(Fixture *fixture, gconstpointer data)
{
    fixture->room = 0;
    g_assert_cmpint(put(fixture, UNIT, 5), ==, 1);
    fixture->room = 5;
    g_assert_cmpint(put(fixture, UNIT, 5), ==, 0);
    g_assert_cmpstr(fixture->output->str, ==, "abcde");
}

static void type(Fixture *fixture, const char *text, size_t taken)
{
    g_assert_cmpuint(vty_input(fixture->vty, (const uint8_t *)text, strlen(text)), ==, taken);
}

static void assert_get(Fixture *fixture, uint64_t length, uint64_t first, uint64_t second)
{
    g_assert_cmpint(partition_call(&fixture->partition, GET, UNIT), ==, 0);
    g_assert_cmpuint(fixture->partition.arguments[0], ==, length);
    g_assert_cmphex(fixture->partition.arguments[1], ==, first);
    g_assert_cmphex(fixture->partition.arguments[2], ==, second);
}

static void test_get(Fixture *fixture, gconstpointer data)
{
    assert_get(fixture, 0, 0, 0);
    type(fixture, "x", 1);
    assert_get(fixture, 1, 0x7800000000000000ULL, 0);
    type(fixture, "abcdefghijklmnopqr", 18);
    assert_get(fixture, 16, 0x6162636465666768ULL, 0x696a6b6c6d6e6f70ULL);
    assert_get(fixture, 2, 0x7172000000000000ULL, 0);
    assert_get(fixture, 0, 0, 0);
}

// One edge when the queue was empty; the guest reads on until it is empty again.
static void test_interrupt(Fixture *fixture, gconstpointer data)
{
    KvmVm *vm = fixture->partition.vm;
    vty_input(fixture->vty, NULL, 0);
    g_assert_cmpuint(fake_kvm_edges(vm, SOURCE), ==, 0);
    type(fixture, "a", 1);
    type(fixture, "b", 1);
    g_assert_cmpuint(fake_kvm_edges(vm, SOURCE), ==, 1);
    assert_get(fixture, 2, 0x6162000000000000ULL, 0);
    type(fixture, "c", 1);
    g_assert_cmpuint(fake_kvm_edges(vm, SOURCE), ==, 1);
}

// More than fits stays with the terminal, which is told when there is room again; no byte is lost or
// reordered.
static void test_full(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GString) typed = g_string_new(NULL), got = g_string_new(NULL);
    uint8_t bytes[1000], chunk[16];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 256);
    g_string_append_len(typed, (const char *)bytes, sizeof bytes);
    size_t given = 0;
    while (got->len < sizeof bytes) {
        unsigned told = fixture->has_room;
        size_t taken = vty_input(fixture->vty, bytes + given, sizeof bytes - given);
        given += taken;
        bool full = given < sizeof bytes;
        g_assert_cmpuint(vty_input(fixture->vty, bytes + given, sizeof bytes - given), ==, 0);
        size_t length = vty_take(fixture->vty, chunk, sizeof chunk);
        g_string_append_len(got, (const char *)chunk, (gssize)length);
        g_assert_true(!full || fixture->has_room == told + 1);
    }
    g_assert_true(g_string_equal(got, typed));
}

static void test_display_character(Fixture *fixture, gconstpointer data)
{
    uint32_t output[1];
    g_assert_cmpint(partition_rtas(&fixture->partition, "display-character", 1, output, 'h'), ==, 0);
    g_assert_cmpint(
        partition_rtas(&fixture->partition, "display-character", 1, output, 0xffffff00u | 'i'), ==, 0);
    g_assert_cmpstr(fixture->output->str, ==, "hi");
    fixture->room = 0;
    g_assert_cmpint(partition_rtas(&fixture->partition, "display-character", 1, output, '!'), ==, -2);
    fixture->room = 1;
    g_assert_cmpint(partition_rtas(&fixture->partition, "display-character", 1, output, '!'), ==, 0);
    g_assert_cmpstr(fixture->output->str, ==, "hi!");
}

// hvterm1 at 71000000h, source 1100h, an edge: what SLOF and Linux's hvc_vio look for.
static void test_node(Fixture *fixture, gconstpointer data)
{
    g_autoptr(Tree) tree = tree_new(0x1000);
    tree_begin(tree, "%s", "");
    vty_describe(fixture->vty, tree);
    tree_end(tree);
    size_t length;
    const void *blob = tree_finish(tree, 0, &length);
    int node = fdt_path_offset(blob, "/vty@71000000"), size;
    g_assert_cmpint(node, >, 0);
    g_assert_cmpstr(fdt_getprop(blob, node, "device_type", NULL), ==, "serial");
    g_assert_cmpstr(fdt_getprop(blob, node, "compatible", NULL), ==, "hvterm1");
    g_assert_cmphex(fdt32_ld(fdt_getprop(blob, node, "reg", NULL)), ==, UNIT);
    const fdt32_t *interrupts = fdt_getprop(blob, node, "interrupts", &size);
    g_assert_cmpint(size, ==, 8);
    g_assert_cmphex(fdt32_ld(interrupts), ==, SOURCE);
    g_assert_cmphex(fdt32_ld(interrupts + 1), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/console/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("put", test_put);
    ADD("polls", test_polls);
    ADD("put-wrong", test_put_wrong);
    ADD("busy", test_busy);
    ADD("get", test_get);
    ADD("interrupt", test_interrupt);
    ADD("full", test_full);
    ADD("display-character", test_display_character);
    ADD("node", test_node);
    return g_test_run();
}
