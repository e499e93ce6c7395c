// What is read of a tree that a guest wrote: right from a good one, nothing from any other, in linear time.
#include "lparun/guest_tree.h"
#include "lparun/tree.h"
#include <libfdt.h>
#include <string.h>

#define LARGE 0x200000

static uint8_t *make(size_t *size, void (*fill)(Tree *tree))
{
    g_autoptr(Tree) tree = tree_new(0x1000);
    tree_begin(tree, "%s", "");
    fill(tree);
    tree_end(tree);
    const void *blob = tree_finish(tree, 0, size);
    return g_memdup2(blob, *size);
}

static void rtas(Tree *tree)
{
    tree_begin(tree, "rtas");
    tree_u32(tree, "linux,rtas-base", 0x1eff0000);
    tree_u32(tree, "ibm,associativity-reference-points", 4); // 34 bytes, as PAPR has it
    tree_end(tree);
}

static void elsewhere(Tree *tree)
{
    tree_u32(tree, "linux,rtas-base", 1);
    tree_begin(tree, "rtas2");
    tree_u32(tree, "linux,rtas-base", 2);
    tree_begin(tree, "rtas");
    tree_u32(tree, "linux,rtas-base", 3);
    tree_end(tree);
    tree_end(tree);
    tree_begin(tree, "rtas");
    tree_begin(tree, "child");
    tree_u32(tree, "linux,rtas-base", 4);
    tree_end(tree);
    tree_end(tree);
}

static void long_name(Tree *tree)
{
    tree_u32(tree, "a234567890123456789012345678901234567890123456789012345678901234", 0);
}

static void check(void (*fill)(Tree *tree), bool good, uint64_t base)
{
    size_t size;
    g_autofree uint8_t *bytes = make(&size, fill);
    GuestTree found = { 1 };
    g_assert_cmpint(guest_tree_read(bytes, size, &found), ==, good);
    g_assert_cmphex(found.rtas_base, ==, base);
}

static void test_rtas(void)
{
    check(rtas, true, 0x1eff0000);
    check(elsewhere, true, 0);
    check(long_name, false, 0);
}

// Each word of the header with each of these values; and each size that is cut off behind.
static void test_header(void)
{
    static const uint32_t values[] = { 0, 1, 2, 3, 16, 39, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff };
    size_t size;
    g_autofree uint8_t *bytes = make(&size, rtas);
    GuestTree found;
    for (size_t less = 0; less < size; less++) {
        g_autofree uint8_t *cut = g_memdup2(bytes, less);
        g_assert_false(guest_tree_read(cut, less, &found));
    }
    for (size_t at = 0; at < sizeof(struct fdt_header); at += sizeof(fdt32_t)) {
        for (unsigned i = 0; i < G_N_ELEMENTS(values); i++) {
            g_autofree uint8_t *wrong = g_memdup2(bytes, size);
            fdt32_st(wrong + at, values[i]);
            guest_tree_read(wrong, size, &found);
        }
        bool version = at == 20 || at == 24;
        g_autofree uint8_t *older = g_memdup2(bytes, size);
        fdt32_st(older + at, version ? 3 : fdt32_ld((fdt32_t *)(older + at)));
        g_assert_cmpint(guest_tree_read(older, size, &found), ==, !version);
    }
}

static void append(GByteArray *bytes, uint32_t word)
{
    fdt32_t wide = cpu_to_fdt32(word);
    g_byte_array_append(bytes, (const uint8_t *)&wide, sizeof wide);
}

// 87,373 properties of one name of a MiB: libfdt looks for its end once for each of them.
static void test_one_long_name(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    uint32_t count = 87373, structure = 56, strings = structure + 8 + 12 * count + 8, size = LARGE;
    uint32_t head[] = { FDT_MAGIC, size, structure, strings, 40, 17, 16, 0, size - strings,
        strings - structure };
    for (unsigned i = 0; i < G_N_ELEMENTS(head); i++)
        append(bytes, head[i]);
    for (unsigned i = 0; i < 4; i++)
        append(bytes, 0);
    append(bytes, FDT_BEGIN_NODE);
    append(bytes, 0);
    for (uint32_t i = 0; i < count; i++) {
        append(bytes, FDT_PROP);
        append(bytes, 0);
        append(bytes, 0);
    }
    append(bytes, FDT_END_NODE);
    append(bytes, FDT_END);
    g_byte_array_set_size(bytes, size);
    memset(bytes->data + strings, 'a', size - strings - 1);
    bytes->data[size - 1] = 0;
    GuestTree found;
    g_assert_false(guest_tree_read(bytes->data, size, &found)); // at the first
    memset(bytes->data + strings + 40, 0, size - strings - 40);
    g_assert_true(
        guest_tree_read(bytes->data, size, &found)); // and none of them costs more than its own name
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/guest-tree/rtas", test_rtas);
    g_test_add_func("/guest-tree/header", test_header);
    g_test_add_func("/guest-tree/one-long-name", test_one_long_name);
    return g_test_run();
}
