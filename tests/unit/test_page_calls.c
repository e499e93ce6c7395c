// Hypercalls about pages, and about where a processor is at home, with arguments as any guest may give them.
#include "lparun/papr.h"
#include "partition.h"

#define PAGE 0x3000
#define SOURCE 0x5000
#define LAST (PARTITION_RAM - 4096)

static unsigned domains(void *owner, const Vcpu *vcpu, uint32_t cells[HOME_NODE_DOMAINS])
{
    for (unsigned i = 0; i < 4; i++)
        cells[i] = 10 * i;
    cells[4] = vcpu_id(vcpu);
    return 5;
}

static void set_up(Partition *partition, gconstpointer data)
{
    partition_open(partition, 2);
    const HypercallParts parts = {
        .vm = partition->vm, .memory = partition->memory, .vcpus = partition->vcpus, .domains = domains
    };
    hypercall_page_register(partition->hypercalls, &parts);
    hypercall_home_node_register(partition->hypercalls, &parts);
    hypercall_cpu_register(partition->hypercalls, &parts);
}

static void tear_down(Partition *partition, gconstpointer data)
{
    partition_close(partition);
}

static uint8_t *ram(Partition *partition, uint64_t gpa)
{
    return guest_memory_write_at(partition->memory, gpa, 1);
}

static void test_page_init(Partition *partition, gconstpointer data)
{
    memset(ram(partition, PAGE - 1), 0xaa, 4096 + 2);
    memset(ram(partition, SOURCE), 0x55, 4096);
    g_assert_cmpint(partition_call(partition, H_PAGE_INIT, 0, PAGE), ==, H_SUCCESS);
    g_assert_cmphex(*ram(partition, PAGE), ==, 0xaa);
    uint64_t flags = H_ZERO_PAGE | H_ICACHE_SYNCHRONIZE | H_ICACHE_INVALIDATE;
    g_assert_cmpint(partition_call(partition, H_PAGE_INIT, flags, PAGE), ==, H_SUCCESS);
    for (unsigned i = 0; i < 4096; i++)
        g_assert_cmphex(*ram(partition, PAGE + i), ==, 0);
    g_assert_cmphex(*ram(partition, PAGE - 1), ==, 0xaa);
    g_assert_cmphex(*ram(partition, PAGE + 4096), ==, 0xaa);
    g_assert_cmpint(partition_call(partition, H_PAGE_INIT, H_COPY_PAGE, LAST, SOURCE), ==, H_SUCCESS);
    for (unsigned i = 0; i < 4096; i++)
        g_assert_cmphex(*ram(partition, LAST + i), ==, 0x55);
    g_assert_cmpint(partition_call(partition, H_PAGE_INIT, H_COPY_PAGE, LAST, LAST), ==, H_SUCCESS);
}

static void test_page_init_wrong(Partition *partition, gconstpointer data)
{
    static const uint64_t wrong[][3] = {
        { 1, PAGE, 0 },
        { UINT64_MAX, PAGE, SOURCE },
        { 1ULL << 35, PAGE, 0 },
        { H_ZERO_PAGE, PAGE + 8, 0 },
        { H_ZERO_PAGE, PARTITION_RAM, 0 },
        { H_ZERO_PAGE, UINT64_MAX & ~4095ULL, 0 },
        { H_COPY_PAGE, PAGE, SOURCE + 1 },
        { H_COPY_PAGE, PAGE, PARTITION_RAM },
        { H_COPY_PAGE, PARTITION_RAM, SOURCE },
    };
    memset(ram(partition, PAGE), 0xaa, 4096);
    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_cmpint(
            partition_call(partition, H_PAGE_INIT, wrong[i][0], wrong[i][1], wrong[i][2]), ==, H_PARAMETER);
    for (unsigned i = 0; i < 4096; i++)
        g_assert_cmphex(*ram(partition, PAGE + i), ==, 0xaa);
}

static void test_blocks(Partition *partition, gconstpointer data)
{
    static const uint64_t calls[] = { H_LOGICAL_ICBI, H_LOGICAL_DCBF };
    for (unsigned i = 0; i < G_N_ELEMENTS(calls); i++) {
        g_assert_cmpint(partition_call(partition, calls[i], PARTITION_RAM - 1), ==, H_SUCCESS);
        g_assert_cmpint(partition_call(partition, calls[i], PARTITION_RAM), ==, H_PARAMETER);
        g_assert_cmpint(partition_call(partition, calls[i], UINT64_MAX), ==, H_PARAMETER);
    }
}

static void test_sprg0(Partition *partition, gconstpointer data)
{
    g_assert_cmpint(partition_call(partition, H_SET_SPRG0, 0x1234567890abcdefULL), ==, H_SUCCESS);
    g_assert_cmphex(partition->arguments[0], ==, 0);
    g_assert_cmpint(partition_call(partition, H_SET_SPRG0, 7), ==, H_SUCCESS);
    g_assert_cmphex(partition->arguments[0], ==, 0x1234567890abcdefULL);
    g_assert_cmpint(partition_call(partition, H_SET_DABR, 0), ==, H_HARDWARE);
    g_assert_cmpint(partition_call(partition, H_SET_XDABR, 0, 0), ==, H_HARDWARE);
}

// As Linux unpacks them (arch/powerpc/platforms/pseries/vphn.c): 32 bits each, then all ones.
static void test_home_node(Partition *partition, gconstpointer data)
{
    g_assert_cmpint(partition_call(partition, H_HOME_NODE_ASSOCIATIVITY, 1, 9), ==, H_SUCCESS);
    static const uint64_t expected[] = { 10, 20ULL << 32 | 30, 9ULL << 32 | UINT32_MAX, UINT64_MAX,
        UINT64_MAX, UINT64_MAX };
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++)
        g_assert_cmphex(partition->arguments[i], ==, expected[i]);
    g_assert_cmpint(partition_call(partition, H_HOME_NODE_ASSOCIATIVITY, 1, 10), ==, H_P2);
    g_assert_cmpint(partition_call(partition, H_HOME_NODE_ASSOCIATIVITY, 1, UINT64_MAX), ==, H_P2);
    g_assert_cmpint(partition_call(partition, H_HOME_NODE_ASSOCIATIVITY, 2, 9), ==, H_FUNCTION);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/page-calls/" name, Partition, NULL, set_up, test, tear_down)
    ADD("page-init", test_page_init);
    ADD("page-init-wrong", test_page_init_wrong);
    ADD("blocks", test_blocks);
    ADD("sprg0", test_sprg0);
    ADD("home-node", test_home_node);
    return g_test_run();
}
