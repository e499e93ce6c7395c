// NVRAM: its ranges, and the partitions of a new one.
#include "lparun/nvram.h"
#include <libfdt.h>
#include <string.h>

static void test_ranges(void)
{
    static const struct {
        uint32_t offset, length;
        bool ok;
    } ranges[] = {
        { 0, NVRAM_SIZE, true }, { NVRAM_SIZE - 1, 1, true }, { NVRAM_SIZE, 0, true }, { 0x1234, 0, true },
        { NVRAM_SIZE, 1, false }, { NVRAM_SIZE - 1, 2, false }, { 1, NVRAM_SIZE, false },
        { 0, NVRAM_SIZE + 1, false }, { NVRAM_SIZE + 1, 0, false }, { 0, UINT32_MAX, false },
        { UINT32_MAX, 1, false }, { UINT32_MAX, 2, false },                     // wraps
        { 0xffff0000, 0x20000, false }, { 0x8000, UINT32_MAX - 0x7fff, false }, // ends at 0
    };
    Nvram *nvram = nvram_new();
    g_autofree uint8_t *bytes = g_malloc(NVRAM_SIZE), *back = g_malloc0(NVRAM_SIZE);
    memset(bytes, 0x5a, NVRAM_SIZE);
    for (unsigned i = 0; i < G_N_ELEMENTS(ranges); i++) {
        g_assert_true(nvram_store(nvram, ranges[i].offset, bytes, ranges[i].length) == ranges[i].ok);
        g_assert_true(nvram_fetch(nvram, ranges[i].offset, back, ranges[i].length) == ranges[i].ok);
    }
    g_assert_true(nvram_store(nvram, 0x100, "somewhere", 9));
    g_assert_true(nvram_fetch(nvram, 0xff, back, 11));
    g_assert_cmpmem(back, 11, "\x5asomewhere\x5a", 11);
    nvram_free(nvram);
    nvram_free(NULL);
}

// CHRP 8.4.1: a header of 16 bytes (signature, checksum, length / 16, name), wall to wall. The checksum is
// the sum of the other bytes, carries added back in.
static uint8_t checksum(const uint8_t *header)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < 16; i++)
        if (i != 1) {
            sum += header[i];
            sum = (sum & 0xff) + (sum >> 8);
        }
    return (uint8_t)sum;
}

// SLOF's own check (and what costs thousands of calls when it fails): all partitions, and none but zeros for
// data in "common", where an empty byte ends the list of variables.
static void test_partitions(void)
{
    Nvram *nvram = nvram_new();
    g_autofree uint8_t *bytes = g_malloc(NVRAM_SIZE);
    g_assert_true(nvram_fetch(nvram, 0, bytes, NVRAM_SIZE));
    unsigned logs = 0, common = 0, space = 0;
    uint32_t offset = 0;
    while (offset < NVRAM_SIZE) {
        const uint8_t *header = bytes + offset;
        uint32_t length = (uint32_t)(header[2] << 8 | header[3]) * 16;
        g_assert_cmphex(header[1], ==, checksum(header));
        g_assert_cmpuint(length, >, 16);
        g_assert_cmpuint(length, <=, NVRAM_SIZE - offset);
        logs += header[0] == 0x51 && strncmp((const char *)header + 4, "ibm,CPU", 7) == 0;
        space += header[0] == 0x7f;
        if (header[0] == 0x70) {
            common++;
            g_assert_cmpint(strncmp((const char *)header + 4, "common", 12), ==, 0);
            for (uint32_t i = 16; i < length; i++)
                g_assert_cmpuint(header[i], ==, 0);
        }
        offset += length;
    }
    g_assert_cmpuint(offset, ==, NVRAM_SIZE);
    g_assert_cmpuint(common, ==, 1);
    g_assert_cmpuint(logs, ==, 2);
    g_assert_cmpuint(space, ==, 1);
    nvram_free(nvram);
}

// Without #bytes SLOF stops: "No valid NVRAM" (guest-interface 1.3).
static void test_node(void)
{
    Nvram *nvram = nvram_new();
    g_autoptr(Tree) tree = tree_new(0x1000);
    tree_begin(tree, "%s", "");
    nvram_describe(nvram, tree);
    tree_end(tree);
    size_t length;
    const void *blob = tree_finish(tree, 0, &length);
    int node = fdt_path_offset(blob, "/nvram@71000001");
    g_assert_cmpint(node, >, 0);
    g_assert_cmpstr(fdt_getprop(blob, node, "compatible", NULL), ==, "qemu,spapr-nvram");
    g_assert_cmphex(fdt32_ld(fdt_getprop(blob, node, "reg", NULL)), ==, 0x71000001);
    g_assert_cmphex(fdt32_ld(fdt_getprop(blob, node, "#bytes", NULL)), ==, 0x10000);
    nvram_free(nvram);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/nvram/ranges", test_ranges);
    g_test_add_func("/nvram/partitions", test_partitions);
    g_test_add_func("/nvram/node", test_node);
    return g_test_run();
}
