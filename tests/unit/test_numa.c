// NUMA in the device tree, read as Linux does (arch/powerpc/mm/numa.c): by form 1 and by form 2.
#include "lparun/numa.h"
#include "tree_cells.h"

typedef struct Described {
    Tree *tree;
    const void *blob;
} Described;

// A tree with RTAS and a memory node for each node of `numa`.
static Described describe(const Numa *numa)
{
    Described described = { .tree = tree_new(0x10000) };
    size_t length;
    tree_begin(described.tree, "%s", "");
    tree_begin(described.tree, "rtas");
    numa_describe_rtas(numa, described.tree);
    tree_end(described.tree);
    for (unsigned i = 0; i < (numa ? numa->count : 1); i++) {
        tree_begin(described.tree, "memory@%u", i);
        numa_describe_memory(numa, i, described.tree);
        tree_end(described.tree);
    }
    tree_begin(described.tree, "cpu");
    numa_describe_cpu(numa, 3, 0x18, described.tree);
    tree_end(described.tree);
    tree_end(described.tree);
    described.blob = tree_finish(described.tree, 0, &length);
    g_assert_nonnull(described.blob);
    return described;
}

static int node_at(const void *blob, const char *path)
{
    int node = fdt_path_offset(blob, path);
    g_assert_cmpint(node, >=, 0);
    return node;
}

static const fdt32_t *associativity(const void *blob, unsigned node)
{
    g_autofree char *path = g_strdup_printf("/memory@%u", node);
    int size;
    const fdt32_t *cells = fdt_getprop(blob, node_at(blob, path), "ibm,associativity", &size);
    g_assert_nonnull(cells);
    g_assert_cmpint(size, ==, 4 * (1 + (int)fdt32_ld(cells)));
    return cells;
}

// Form 1: for each reference point that two nodes do not share, the distance doubles.
static unsigned distance_by_form1(const void *blob, unsigned a, unsigned b)
{
    int size;
    const fdt32_t *points =
        fdt_getprop(blob, node_at(blob, "/rtas"), "ibm,associativity-reference-points", &size);
    unsigned distance = 10;
    for (int i = 0; i < size / 4; i++, distance *= 2)
        if (fdt32_ld(associativity(blob, a) + fdt32_ld(points + i)) ==
            fdt32_ld(associativity(blob, b) + fdt32_ld(points + i)))
            break;
    return distance;
}

static unsigned distance_by_form2(const void *blob, unsigned count, unsigned a, unsigned b)
{
    int size, rtas = node_at(blob, "/rtas");
    const fdt32_t *index = fdt_getprop(blob, rtas, "ibm,numa-lookup-index-table", &size);
    g_assert_cmpint(size, ==, 4 * (1 + (int)count));
    g_assert_cmpuint(fdt32_ld(index), ==, count);
    g_assert_cmpuint(fdt32_ld(index + 1 + a), ==, a);
    const uint8_t *table = fdt_getprop(blob, rtas, "ibm,numa-distance-table", &size);
    g_assert_cmpint(size, ==, 4 + (int)(count * count));
    g_assert_cmpuint(fdt32_ld((const fdt32_t *)table), ==, count * count);
    return table[4 + a * count + b];
}

static Numa make(unsigned count)
{
    Numa numa = { .count = count };
    for (unsigned i = 0; i < count; i++)
        for (unsigned j = 0; j < count; j++)
            numa.distance[i][j] = i == j ? NUMA_LOCAL : NUMA_REMOTE;
    return numa;
}

static void set(Numa *numa, unsigned a, unsigned b, uint8_t distance)
{
    numa->distance[a][b] = numa->distance[b][a] = distance;
}

// Both forms name the node by the first reference point.
static void check_nodes(const void *blob, unsigned count)
{
    int size;
    const fdt32_t *points =
        fdt_getprop(blob, node_at(blob, "/rtas"), "ibm,associativity-reference-points", &size);
    const fdt32_t *domains =
        fdt_getprop(blob, node_at(blob, "/rtas"), "ibm,max-associativity-domains", &size);
    g_assert_cmpuint(fdt32_ld(domains + fdt32_ld(points)), ==, count);
    for (unsigned i = 0; i < count; i++)
        g_assert_cmpuint(fdt32_ld(associativity(blob, i) + fdt32_ld(points)), ==, i);
}

static void test_two(void)
{
    Numa numa = make(2);
    numa.cpu_node[3] = 1;
    Described described = describe(&numa);
    check_nodes(described.blob, 2);
    g_assert_cmpuint(distance_by_form1(described.blob, 0, 0), ==, 10);
    g_assert_cmpuint(distance_by_form1(described.blob, 0, 1), ==, 20);
    g_assert_cmpuint(distance_by_form2(described.blob, 2, 1, 0), ==, 20);
    const uint32_t cells[] = { 5, 0, 0, 0, 1, 0x18 };
    assert_node_cells(described.blob, node_at(described.blob, "/cpu"), "ibm,associativity", cells, 6);
    tree_free(described.tree);
}

// Four nodes in two pairs, as real machines are: form 1 rounds, form 2 does not.
static void test_pairs(void)
{
    Numa numa = make(4);
    for (unsigned i = 0; i < 4; i++)
        for (unsigned j = 0; j < i; j++)
            set(&numa, i, j, i / 2 == j / 2 ? 21 : 45);
    Described described = describe(&numa);
    check_nodes(described.blob, 4);
    for (unsigned i = 0; i < 4; i++)
        for (unsigned j = 0; j < 4; j++) {
            g_assert_cmpuint(distance_by_form1(described.blob, i, j), ==,
                i == j           ? 10
                : i / 2 == j / 2 ? 20
                                 : 40);
            g_assert_cmpuint(distance_by_form2(described.blob, 4, i, j), ==,
                i == j           ? 10
                : i / 2 == j / 2 ? 21
                                 : 45);
        }
    tree_free(described.tree);
}

// Every distance that form 1 can say, and where the rounding turns.
static void test_rounding(void)
{
    static const struct {
        uint8_t given;
        unsigned form1;
    } cases[] = { { 11, 20 }, { 30, 20 }, { 31, 40 }, { 60, 40 }, { 61, 80 }, { 120, 80 }, { 121, 160 },
        { 254, 160 } };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Numa numa = make(2);
        set(&numa, 0, 1, cases[i].given);
        Described described = describe(&numa);
        g_assert_cmpuint(distance_by_form1(described.blob, 1, 0), ==, cases[i].form1);
        g_assert_cmpuint(distance_by_form2(described.blob, 2, 1, 0), ==, cases[i].given);
        tree_free(described.tree);
    }
}

// Node 0's domains are 0 whatever the distances: kernels before 5.15 do not look at them.
static void test_zero(void)
{
    Numa numa = make(3);
    set(&numa, 0, 1, 200);
    set(&numa, 0, 2, 200);
    numa.distance[1][2] = 33; // not the same both ways
    Described described = describe(&numa);
    check_nodes(described.blob, 3);
    for (unsigned level = 1; level <= 4; level++)
        g_assert_cmpuint(fdt32_ld(associativity(described.blob, 0) + level), ==, 0);
    g_assert_cmpuint(distance_by_form1(described.blob, 0, 2), ==, 160);
    g_assert_cmpuint(distance_by_form1(described.blob, 1, 2), ==, 40); // the longer of the two
    g_assert_cmpuint(distance_by_form2(described.blob, 3, 1, 2), ==, 33);
    g_assert_cmpuint(distance_by_form2(described.blob, 3, 2, 1), ==, 20);
    tree_free(described.tree);
}

static void test_none(void)
{
    Described described = describe(NULL);
    g_assert_null(
        fdt_getprop(described.blob, node_at(described.blob, "/memory@0"), "ibm,associativity", NULL));
    int property, properties = 0;
    fdt_for_each_property_offset(property, described.blob, node_at(described.blob, "/rtas")) properties++;
    g_assert_cmpint(properties, ==, 0);
    g_assert_cmphex(numa_forms(NULL), ==, 0);
    g_assert_cmpuint(numa_first_range(NULL, 77), ==, 77);
    tree_free(described.tree);
}

static void test_most(void)
{
    Numa numa = make(NUMA_NODES);
    Described described = describe(&numa);
    check_nodes(described.blob, NUMA_NODES);
    g_assert_cmpuint(distance_by_form2(described.blob, NUMA_NODES, NUMA_NODES - 1, 0), ==, 20);
    tree_free(described.tree);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/numa/two", test_two);
    g_test_add_func("/numa/pairs", test_pairs);
    g_test_add_func("/numa/rounding", test_rounding);
    g_test_add_func("/numa/zero", test_zero);
    g_test_add_func("/numa/none", test_none);
    g_test_add_func("/numa/most", test_most);
    return g_test_run();
}
