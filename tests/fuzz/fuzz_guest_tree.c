// A device tree as any guest may leave it.
//
// For libFuzzer: clang -fsanitize=fuzzer,address,undefined -DLIBFUZZER with hcalls/guest_tree.c. Without it
// the program makes its own inputs: a good tree with some words changed, for a fixed number of rounds from a
// fixed start.
#include "lparun/guest_tree.h"
#include "lparun/tree.h"
#include <libfdt.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

// In memory of just its size, so that a byte beyond is found.
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    g_autofree void *copy = g_memdup2(bytes, size);
    GuestTree found;
    if (!guest_tree_read(copy, size, &found))
        g_assert_cmphex(found.rtas_base, ==, 0);
    return 0;
}

#ifndef LIBFUZZER
#define ROUNDS 50000

static const void *seed(Tree *tree, size_t *size)
{
    tree_begin(tree, "%s", "");
    tree_u32(tree, "#address-cells", 2);
    for (unsigned i = 0; i < 3; i++) {
        tree_begin(tree, i == 1 ? "rtas" : "node%u", i);
        tree_u32(tree, "linux,rtas-base", i);
        tree_end(tree);
    }
    tree_end(tree);
    return tree_finish(tree, 0, size);
}

static void change(GRand *rand, uint8_t *bytes, size_t size)
{
    static const uint32_t words[] = { 0, 1, 2, 3, 4, 9, 16, 17, 0x7fffffff, 0x80000000, 0xfffffffd,
        0xffffffff };
    for (int left = g_rand_int_range(rand, 1, 5); left > 0; left--) {
        uint8_t *at = bytes + 4 * g_rand_int_range(rand, 0, (gint32)(size / 4));
        if (g_rand_boolean(rand))
            fdt32_st(at, words[g_rand_int_range(rand, 0, G_N_ELEMENTS(words))]);
        else
            at[g_rand_int_range(rand, 0, 4)] = (uint8_t)g_rand_int(rand);
    }
}

int main(void)
{
    g_autoptr(Tree) tree = tree_new(0x1000);
    size_t size;
    const void *good = seed(tree, &size);
    GRand *rand = g_rand_new_with_seed(1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        g_autofree uint8_t *bytes = g_memdup2(good, size);
        change(rand, bytes, size);
        size_t kept = g_rand_int_range(rand, 0, 8) ? size : (size_t)g_rand_int_range(rand, 0, (gint32)size);
        fdt32_st(bytes + 4, g_rand_boolean(rand) ? (uint32_t)kept : fdt32_ld((fdt32_t *)(bytes + 4)));
        LLVMFuzzerTestOneInput(bytes, kept);
    }
    g_rand_free(rand);
    return 0;
}
#endif
