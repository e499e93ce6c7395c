// Writing device trees: what libfdt reads back, and every buffer that is too small.
#include "lparun/tree.h"
#include <libfdt.h>
#include <string.h>

static void write_sample(Tree *tree)
{
    tree_reserve(tree, 0x400000, 0x123456789ULL);
    tree_begin(tree, "%s", "");
    tree_u32(tree, "one", 0x01020304);
    tree_u64(tree, "two", 0x0102030405060708ULL);
    tree_cells(tree, "three", 1, 0xffffffff, 3);
    tree_empty(tree, "empty");
    tree_string(tree, "string", "text");
    tree_strings(tree, "strings", (const char *const[]){ "a", "", "ccc", NULL });
    tree_begin(tree, "child@%x", 0x71000000);
    tree_bytes(tree, "bytes", "\x01\x00\x02", 3);
    tree_begin(tree, "grandchild");
    tree_end(tree);
    tree_end(tree);
    tree_end(tree);
}

static void assert_property(
    const void *blob, const char *path, const char *name, const void *bytes, int length)
{
    int size;
    const void *value = fdt_getprop(blob, fdt_path_offset(blob, path), name, &size);
    g_assert_nonnull(value);
    g_assert_cmpmem(value, size, bytes, length);
}

static void test_reads_back(void)
{
    g_autoptr(Tree) tree = tree_new(0x1000);
    write_sample(tree);
    size_t length;
    const void *blob = tree_finish(tree, 9, &length);
    g_assert_nonnull(blob);
    g_assert_cmpuint(length, ==, fdt_totalsize(blob));
    g_assert_cmpuint(length, <, 0x1000);
    g_assert_cmpint(fdt_check_full(blob, length), ==, 0);
    g_assert_cmpint(fdt_version(blob), >=, 16); // SLOF's least
    g_assert_cmpint((int)fdt_boot_cpuid_phys(blob), ==, 9);
    uint64_t address, size;
    g_assert_cmpint(fdt_num_mem_rsv(blob), ==, 1);
    g_assert_cmpint(fdt_get_mem_rsv(blob, 0, &address, &size), ==, 0);
    g_assert_cmphex(address, ==, 0x400000);
    g_assert_cmphex(size, ==, 0x123456789);
    assert_property(blob, "/", "one", "\x01\x02\x03\x04", 4);
    assert_property(blob, "/", "two", "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
    assert_property(blob, "/", "three", "\0\0\0\1\xff\xff\xff\xff\0\0\0\3", 12);
    assert_property(blob, "/", "empty", "", 0);
    assert_property(blob, "/", "string", "text", 5);
    assert_property(blob, "/", "strings", "a\0\0ccc", 7);
    assert_property(blob, "/child@71000000", "bytes", "\1\0\2", 3);
    g_assert_cmpint(fdt_path_offset(blob, "/child@71000000/grandchild"), >, 0);
}

// Whatever the buffer's size, the answer is no or a whole tree.
static void test_every_capacity(void)
{
    unsigned done = 0;
    for (size_t capacity = 0; capacity < 0x400; capacity++) {
        g_autoptr(Tree) tree = tree_new(capacity);
        write_sample(tree);
        size_t length;
        const void *blob = tree_finish(tree, 0, &length);
        if (!blob) {
            g_assert_cmpuint(done, ==, 0);
            continue;
        }
        done++;
        g_assert_cmpuint(length, <=, capacity);
        g_assert_cmpint(fdt_check_full(blob, length), ==, 0);
        assert_property(blob, "/child@71000000", "bytes", "\1\0\2", 3);
    }
    g_assert_cmpuint(done, >, 0);
}

static void test_unclosed(void)
{
    size_t length;
    g_autoptr(Tree) open = tree_new(0x1000);
    tree_begin(open, "%s", "");
    tree_begin(open, "child");
    tree_end(open);
    g_assert_null(tree_finish(open, 0, &length));
    g_autoptr(Tree) empty = tree_new(0x1000);
    tree_begin(empty, "%s", "");
    tree_end(empty);
    g_assert_nonnull(tree_finish(empty, 0, &length));
}

// Errors stick, also those that are not about room.
static void test_sticky(void)
{
    size_t length;
    g_autoptr(Tree) tree = tree_new(0x1000);
    g_autofree char *large = g_malloc0(0x1000);
    tree_begin(tree, "%s", "");
    tree_bytes(tree, "large", large, 0x1000); // does not fit
    tree_u32(tree, "small", 1);               // would
    tree_end(tree);
    g_assert_null(tree_finish(tree, 0, &length));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tree/reads-back", test_reads_back);
    g_test_add_func("/tree/every-capacity", test_every_capacity);
    g_test_add_func("/tree/unclosed", test_unclosed);
    g_test_add_func("/tree/sticky", test_sticky);
    return g_test_run();
}
