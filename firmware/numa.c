// NUMA in the device tree (Linux, Documentation/arch/powerpc/associativity.rst).
//
// One tree serves both forms. Each resource has the domains that it is in, from the widest to its node. A
// guest of form 1 takes from them how many levels away another node is, each of which doubles the distance;
// one of form 2 takes the node alone, and the distances as they are from a table.
#include "lparun/bytes.h"
#include "lparun/numa.h"

// The node is the last level. By form 1 it is at 10 from itself, and at 20, 40, 80 from nodes that share the
// domain of the level before, the one before that, and so on; else at 160.
enum { LEVELS = NUMA_CPU_DOMAINS - 1 };
static const uint8_t level_reach[LEVELS] = { 120, 60, 30, NUMA_LOCAL }; // nodes that far apart share a domain

uint64_t numa_first_range(const Numa *numa, uint64_t memory_size)
{
    for (unsigned i = 0; numa && i < numa->count; i++)
        if (numa->memory[i] > 0)
            return numa->memory[i];
    return memory_size;
}

uint8_t numa_forms(const Numa *numa)
{
    return numa ? VECTOR5_FORM1 | VECTOR5_FORM2 : 0;
}

static bool is_near(const Numa *numa, unsigned a, unsigned b, unsigned reach)
{
    return MAX(numa->distance[a][b], numa->distance[b][a]) <= reach;
}

// The domain of `node` among those where each is within `reach` of another: the lowest of its nodes stands
// for it. So a wider level's domains hold whole ones of a narrower level, and node 0's are all 0, as older
// kernels want it.
static unsigned domain(const Numa *numa, unsigned node, unsigned reach)
{
    bool inside[NUMA_NODES] = { false };
    unsigned queue[NUMA_NODES], count = 0, lowest = node;
    inside[node] = true;
    queue[count++] = node;
    for (unsigned i = 0; i < count; i++)
        for (unsigned other = 0; other < numa->count; other++)
            if (!inside[other] && is_near(numa, queue[i], other, reach)) {
                inside[other] = true;
                queue[count++] = other;
                lowest = MIN(lowest, other);
            }
    return lowest;
}

// A length, then a domain a level.
static void fill_associativity(const Numa *numa, unsigned node, uint32_t cells[1 + LEVELS])
{
    cells[0] = LEVELS;
    for (unsigned level = 0; level < LEVELS; level++)
        cells[1 + level] = domain(numa, node, level_reach[level]);
}

void numa_describe_memory(const Numa *numa, unsigned node, Tree *tree)
{
    uint32_t cells[1 + LEVELS];
    if (!numa)
        return;
    fill_associativity(numa, node, cells);
    tree_cells_array(tree, "ibm,associativity", cells, G_N_ELEMENTS(cells));
}

// A processor is one level deeper.
unsigned numa_cpu_domains(const Numa *numa, unsigned index, uint32_t id, uint32_t domains[NUMA_CPU_DOMAINS])
{
    uint32_t cells[1 + LEVELS];
    g_assert(index < NUMA_CPUS);
    fill_associativity(numa, numa->cpu_node[index], cells);
    memcpy(domains, cells + 1, LEVELS * sizeof *cells);
    domains[LEVELS] = id;
    return NUMA_CPU_DOMAINS;
}

void numa_describe_cpu(const Numa *numa, unsigned index, uint32_t id, Tree *tree)
{
    uint32_t cells[1 + NUMA_CPU_DOMAINS];
    if (!numa)
        return;
    cells[0] = numa_cpu_domains(numa, index, id, cells + 1);
    tree_cells_array(tree, "ibm,associativity", cells, G_N_ELEMENTS(cells));
}

// Form 2: the nodes that the table's rows and columns are for, and the table, a byte a distance.
static void describe_distances(const Numa *numa, Tree *tree)
{
    unsigned count = numa->count;
    uint32_t nodes[1 + NUMA_NODES] = { count };
    g_autofree uint8_t *table = g_malloc(sizeof(be32) + count * count);
    be32 length = be32_make(count * count);
    memcpy(table, &length, sizeof length);
    for (unsigned i = 0; i < count; i++) {
        nodes[1 + i] = i;
        memcpy(table + sizeof length + i * count, numa->distance[i], count);
    }
    tree_cells_array(tree, "ibm,numa-lookup-index-table", nodes, 1 + count);
    tree_bytes(tree, "ibm,numa-distance-table", table, sizeof length + count * count);
}

void numa_describe_rtas(const Numa *numa, Tree *tree)
{
    if (!numa)
        return;
    // The levels that are boundaries, counted from 1, the nearest first; then how many domains a level can
    // have.
    tree_cells(tree, "ibm,associativity-reference-points", 4, 3, 2, 1);
    tree_cells(
        tree, "ibm,max-associativity-domains", LEVELS, numa->count, numa->count, numa->count, numa->count);
    describe_distances(numa, tree);
}
