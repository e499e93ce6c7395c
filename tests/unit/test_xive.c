// H_INT_*: what reaches KVM, what comes back, and that nothing a guest passes goes beyond what there is.
#include "fake_kvm.h"
#include "lparun/papr.h"
#include "lparun/xive.h"
#include "partition.h"
#include <errno.h>
#include <unistd.h>

#define SERVER 9   // the partition's second vCPU
#define SERVERS 10 // numbers below
#define MSI 0x1300
#define MSIS 3
#define VTY 0x1200
#define ESB 0x6010000000000ULL

typedef struct Fixture {
    Partition partition;
    InterruptController *interrupts;
    FakeXive *xive;
    uint64_t page;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    Partition *partition = &fixture->partition;
    partition_open(partition, 2);
    fixture->xive = fake_kvm_xive();
    fixture->page = (uint64_t)sysconf(_SC_PAGESIZE);
    fixture->interrupts = interrupt_controller_new(partition->vm, NULL);
    const InterruptOffer offer = { .mode = INTERRUPT_XIVE, .servers = SERVERS, .page_size = 0x10000 };
    g_assert_true(interrupt_controller_offer(fixture->interrupts, &offer, NULL));
    for (uint32_t i = 0; i < MSIS; i++)
        interrupt_line_new(fixture->interrupts, MSI + i, NULL);
    g_assert_nonnull(interrupt_line_new(fixture->interrupts, VTY, NULL));
    const HypercallParts parts = {
        .interrupts = fixture->interrupts, .memory = partition->memory, .vcpus = partition->vcpus
    };
    hypercall_xive_register(partition->hypercalls, &parts);
    if (data)
        return;
    g_assert_cmpint(interrupt_controller_reset(fixture->interrupts, partition->vcpus), ==, 0);
    for (uint64_t server = 8; server <= SERVER; server++)
        for (uint64_t priority = 0; priority < 7; priority++)
            g_assert_cmpint(
                partition_call(partition, H_INT_SET_QUEUE_CONFIG, 1, server, priority, 0x10000, 16), ==, 0);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    interrupt_controller_free(fixture->interrupts);
    partition_close(&fixture->partition);
    g_assert_cmpint(fixture->xive->mappings, ==, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(fixture->xive->slots); i++)
        g_assert_cmpuint(fixture->xive->slots[i].size, ==, 0);
}

#define call(fixture, number, ...) ((int)partition_call(&(fixture)->partition, number, __VA_ARGS__))
#define result(fixture, i) ((fixture)->partition.arguments[i])

static void test_off(Fixture *fixture, gconstpointer data)
{
    for (uint64_t number = H_INT_GET_SOURCE_INFO; number <= H_INT_RESET; number += 4)
        g_assert_cmpint(call(fixture, number, 0, MSI), ==, H_FUNCTION);
}

// --- What the device and the guest's memory get.

static void assert_slot(Fixture *fixture, unsigned slot, uint32_t first, uint32_t count)
{
    const FakeSlot *found = &fixture->xive->slots[slot];
    g_assert_cmphex(found->gpa, ==, ESB + 2 * fixture->page * first);
    g_assert_cmphex(found->size, ==, 2 * fixture->page * count);
    g_assert_true(found->host == fixture->xive->esb + 2 * fixture->page * first);
}

static void test_pages(Fixture *fixture, gconstpointer data)
{
    const FakeXive *xive = fixture->xive;
    g_assert_cmpuint(xive->servers, ==, SERVERS);
    for (uint32_t i = 0; i < G_N_ELEMENTS(xive->sources); i++) {
        bool msi = i < SERVERS || (i >= MSI && i < MSI + MSIS);
        g_assert_cmphex(xive->sources[i], ==, msi ? FAKE_XIVE_SOURCE : i == VTY ? FAKE_XIVE_SOURCE : 0);
    }
    // No page that is not there: a guest that touched it would end its vCPU.
    g_assert_cmphex(xive->slots[0].size, ==, fixture->page);
    assert_slot(fixture, 1, 0, SERVERS);
    assert_slot(fixture, 2, VTY, 1);
    assert_slot(fixture, 3, MSI, MSIS);
    g_assert_cmphex(xive->slots[4].size, ==, 0);
}

// Each call of this number, with these flags taken, refuses sources that are not there.
static void assert_source_checked(Fixture *fixture, uint64_t number, uint64_t flags)
{
    static const uint64_t wrong[] = { SERVERS, VTY - 1, VTY + 1, MSI - 1, MSI + MSIS, 0x1fff, 0x2000, 0xfffff,
        UINT32_MAX, (1ULL << 32) + MSI, (1ULL << 63) + MSI, UINT64_MAX };
    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_cmpint(call(fixture, number, 0, wrong[i], SERVER, 6, 1), ==, H_P2);
    for (unsigned bit = 0; bit < 64; bit++)
        if (!(flags & 1ULL << bit))
            g_assert_cmpint(call(fixture, number, 1ULL << bit, MSI, SERVER, 6, 1), ==, H_PARAMETER);
}

static void test_source_info(Fixture *fixture, gconstpointer data)
{
    uint64_t shift = (uint64_t)g_bit_nth_lsf(fixture->page, -1);
    g_assert_cmpint(call(fixture, H_INT_GET_SOURCE_INFO, 0, MSI), ==, H_SUCCESS);
    g_assert_cmphex(result(fixture, 0), ==, 0);
    g_assert_cmphex(result(fixture, 1), ==, ESB + fixture->page * (2 * MSI + 1));
    g_assert_cmphex(result(fixture, 2), ==, ESB + fixture->page * 2 * MSI);
    g_assert_cmphex(result(fixture, 3), ==, shift);
    assert_source_checked(fixture, H_INT_GET_SOURCE_INFO, 0);
}

// A source that comes while the guest runs has its pages at once; gone, it is masked; and it may come again.
static void test_new_source(Fixture *fixture, gconstpointer data)
{
    enum { LATE = 0x1f00 };
    InterruptController *interrupts = fixture->interrupts;
    g_assert_cmpint(call(fixture, H_INT_GET_SOURCE_INFO, 0, LATE), ==, H_P2);
    InterruptLine *line = interrupt_line_new(interrupts, LATE, NULL);
    g_assert_nonnull(line);
    g_assert_cmpint(call(fixture, H_INT_GET_SOURCE_INFO, 0, LATE), ==, H_SUCCESS);
    assert_slot(fixture, 4, LATE, 1);
    interrupt_line_free(line);
    g_assert_cmphex(fixture->xive->sources[LATE], ==, FAKE_XIVE_SOURCE);
    g_assert_nonnull(interrupt_line_new(interrupts, LATE, NULL));
    assert_slot(fixture, 4, LATE, 1);
}

// --- Routes.

static void assert_route(Fixture *fixture, uint32_t source, uint64_t server, uint64_t priority, uint64_t eisn)
{
    g_assert_cmpint(call(fixture, H_INT_GET_SOURCE_CONFIG, 0, source), ==, H_SUCCESS);
    g_assert_cmphex(result(fixture, 0), ==, server);
    g_assert_cmphex(result(fixture, 1), ==, priority);
    g_assert_cmphex(result(fixture, 2), ==, eisn);
}

static void test_route(Fixture *fixture, gconstpointer data)
{
    const FakeXive *xive = fixture->xive;
    assert_route(fixture, MSI + 1, 0, 0xff, MSI + 1);
    g_assert_cmpint(call(fixture, H_INT_SET_SOURCE_CONFIG, 2, MSI + 1, SERVER, 6, 0x7fffffff), ==, H_SUCCESS);
    g_assert_cmphex(xive->route_source, ==, MSI + 1);
    g_assert_cmphex(xive->route, ==, 0x7fffffffULL << 33 | SERVER << 3 | 6);
    assert_route(fixture, MSI + 1, SERVER, 6, 0x7fffffff);
    // Without the flag the entry stays what it was, whatever comes with it.
    g_assert_cmpint(call(fixture, H_INT_SET_SOURCE_CONFIG, 0, MSI + 1, 8, 0, UINT64_MAX), ==, H_SUCCESS);
    g_assert_cmphex(xive->route, ==, 0x7fffffffULL << 33 | 8 << 3);
    assert_route(fixture, MSI + 1, 8, 0, 0x7fffffff);
    assert_route(fixture, MSI, 0, 0xff, MSI);
}

// KVM masks nothing when it is told a route that it has already.
static void test_route_masked(Fixture *fixture, gconstpointer data)
{
    const FakeXive *xive = fixture->xive;
    const uint64_t masked = 1ULL << 32;
    g_assert_cmpint(call(fixture, H_INT_SET_SOURCE_CONFIG, 2, MSI, SERVER, 6, 0x20), ==, H_SUCCESS);
    g_assert_cmpint(call(fixture, H_INT_SET_SOURCE_CONFIG, 0, MSI, 77, 0xff, 1ULL << 40), ==, H_SUCCESS);
    g_assert_cmphex(xive->route & masked, !=, 0);
    g_assert_cmphex(xive->route >> 33, !=, 0x20);
    assert_route(fixture, MSI, SERVER, 0xff, 0x20);
    g_assert_cmpint(call(fixture, H_INT_SET_SOURCE_CONFIG, 0, MSI, SERVER, 6), ==, H_SUCCESS);
    g_assert_cmphex(xive->route, ==, 0x20ULL << 33 | SERVER << 3 | 6);
    g_assert_cmpint(call(fixture, H_INT_SET_SOURCE_CONFIG, 1, MSI, SERVER, 5), ==, H_SUCCESS);
    g_assert_cmphex(xive->route & masked, !=, 0);
    assert_route(fixture, MSI, SERVER, 0xff, 0x20);
}

static void test_route_bounds(Fixture *fixture, gconstpointer data)
{
    static const uint64_t servers[] = { 0, 7, 10, UINT32_MAX, (1ULL << 32) + SERVER, UINT64_MAX };
    static const uint64_t priorities[] = { 7, 8, 0xfe, 0x100, 0x1ff, 1ULL << 32, UINT64_MAX };
    static const uint64_t eisns[] = { 0x80000000, UINT32_MAX, 1ULL << 32, UINT64_MAX };
    fixture->xive->route_source = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(servers); i++)
        g_assert_cmpint(call(fixture, H_INT_SET_SOURCE_CONFIG, 2, MSI, servers[i], 6, 1), ==, H_P3);
    for (unsigned i = 0; i < G_N_ELEMENTS(priorities); i++)
        g_assert_cmpint(call(fixture, H_INT_SET_SOURCE_CONFIG, 2, MSI, SERVER, priorities[i], 1), ==, H_P4);
    for (unsigned i = 0; i < G_N_ELEMENTS(eisns); i++)
        g_assert_cmpint(call(fixture, H_INT_SET_SOURCE_CONFIG, 2, MSI, SERVER, 6, eisns[i]), ==, H_P5);
    assert_source_checked(fixture, H_INT_SET_SOURCE_CONFIG, 3);
    g_assert_cmphex(fixture->xive->route_source, ==, 0); // KVM saw nothing of all that
    assert_source_checked(fixture, H_INT_GET_SOURCE_CONFIG, 0);
    fixture->xive->result = -EBUSY;
    g_assert_cmpint(call(fixture, H_INT_SET_SOURCE_CONFIG, 2, MSI, SERVER, 6, 1), ==, H_HARDWARE);
    assert_route(fixture, MSI, 0, 0xff, MSI);
}

// KVM warns in the host's log of a queue that is not there; none of that reaches it. A mask needs no queue.
static void test_route_no_queue(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpint(call(fixture, H_INT_SET_QUEUE_CONFIG, 0, SERVER, 6, 0, 0), ==, H_SUCCESS);
    fixture->xive->route_source = 0;
    g_assert_cmpint(call(fixture, H_INT_SET_SOURCE_CONFIG, 2, MSI, SERVER, 6, 1), ==, H_HARDWARE);
    g_assert_cmphex(fixture->xive->route_source, ==, 0);
    g_assert_cmpint(call(fixture, H_INT_SET_SOURCE_CONFIG, 0, MSI, SERVER, 0xff), ==, H_SUCCESS);
    g_assert_cmpint(call(fixture, H_INT_SET_SOURCE_CONFIG, 1, MSI, SERVER, 6), ==, H_SUCCESS);
    g_assert_cmpint(call(fixture, H_INT_SET_SOURCE_CONFIG, 2, MSI, SERVER, 5, 1), ==, H_SUCCESS);
    g_assert_cmpint(call(fixture, H_INT_SET_SOURCE_CONFIG, 2, MSI, 8, 6, 1), ==, H_SUCCESS);
    g_assert_cmpint(call(fixture, H_INT_RESET, 0), ==, H_SUCCESS);
    g_assert_cmpint(call(fixture, H_INT_SET_SOURCE_CONFIG, 2, MSI, 8, 6, 1), ==, H_HARDWARE);
}

// When KVM has counted a queue full it looks at those of all other vCPUs. Here not all have one.
static void test_route_full(Fixture *fixture, gconstpointer data)
{
    for (unsigned i = 0; i < 16382; i++)
        g_assert_cmpint(call(fixture, H_INT_SET_SOURCE_CONFIG, 2, MSI, SERVER, 6, i), ==, H_SUCCESS);
    g_assert_cmpint(call(fixture, H_INT_SET_SOURCE_CONFIG, 2, MSI, SERVER, 6, 1), ==, H_HARDWARE);
    g_assert_cmpint(call(fixture, H_INT_SET_SOURCE_CONFIG, 2, MSI, 8, 6, 1), ==, H_SUCCESS);
    KvmXiveQueue queue = { .address = 0x10000, .shift = 16 };
    for (uint32_t server = 0; server < SERVERS; server++)
        g_assert_cmpint(xive_queue_set(fixture->interrupts, server, 6, &queue), ==, 0);
    g_assert_cmpint(call(fixture, H_INT_SET_SOURCE_CONFIG, 2, MSI, SERVER, 6, 1), ==, H_SUCCESS);
}

// --- A source's pages by hypercall.

static uint64_t *esb_at(Fixture *fixture, uint32_t source, unsigned page, uint64_t offset)
{
    return (uint64_t *)(fixture->xive->esb + fixture->page * (2 * source + page) + offset);
}

static void test_esb(Fixture *fixture, gconstpointer data)
{
    *esb_at(fixture, MSI, 1, 0x800) = GUINT64_TO_BE(0x0123456789abcdef);
    g_assert_cmpint(call(fixture, H_INT_ESB, 0, MSI, 0x800, 0), ==, H_SUCCESS);
    g_assert_cmphex(result(fixture, 0), ==, 0x0123456789abcdef);
    g_assert_cmpint(call(fixture, H_INT_ESB, 1, MSI, fixture->page - 8, 0x42), ==, H_SUCCESS);
    g_assert_cmphex(*esb_at(fixture, MSI, 1, fixture->page - 8), ==, GUINT64_TO_BE(0x42));
    const uint64_t wrong[] = { fixture->page, fixture->page - 4, 1, 0x804, 1ULL << 32, UINT64_MAX };
    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_assert_cmpint(call(fixture, H_INT_ESB, 0, MSI, wrong[i], 0), ==, H_P3);
        g_assert_cmpint(call(fixture, H_INT_ESB, 1, MSI, wrong[i], 0), ==, H_P3);
    }
    assert_source_checked(fixture, H_INT_ESB, 1);
}

static void test_sync(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpint(call(fixture, H_INT_SYNC, 0, MSI + 2), ==, H_SUCCESS);
    g_assert_cmphex(fixture->xive->flushed, ==, MSI + 2);
    assert_source_checked(fixture, H_INT_SYNC, 0);
    fixture->xive->result = -EINVAL;
    g_assert_cmpint(call(fixture, H_INT_SYNC, 0, MSI), ==, H_HARDWARE);
}

// --- Queues.

static void assert_queue_checked(Fixture *fixture, uint64_t number, uint64_t flags)
{
    static const uint64_t servers[] = { 0, 7, 10, UINT32_MAX, (1ULL << 32) + SERVER, UINT64_MAX };
    static const uint64_t priorities[] = { 7, 8, 0xff, 0x100, 1ULL << 32, UINT64_MAX };
    for (unsigned i = 0; i < G_N_ELEMENTS(servers); i++)
        g_assert_cmpint(call(fixture, number, 0, servers[i], 6, 0x10000, 16), ==, H_P2);
    for (unsigned i = 0; i < G_N_ELEMENTS(priorities); i++)
        g_assert_cmpint(call(fixture, number, 0, SERVER, priorities[i], 0x10000, 16), ==, H_P3);
    for (unsigned bit = 0; bit < 64; bit++)
        if (!(flags & 1ULL << bit))
            g_assert_cmpint(call(fixture, number, 1ULL << bit, SERVER, 6, 0x10000, 16), ==, H_PARAMETER);
}

static void test_queue(Fixture *fixture, gconstpointer data)
{
    const FakeXive *xive = fixture->xive;
    const uint64_t last = PARTITION_RAM - 0x10000;
    g_assert_cmpint(call(fixture, H_INT_SET_QUEUE_CONFIG, 1, SERVER, 6, last, 16), ==, H_SUCCESS);
    g_assert_cmphex(xive->queue.address, ==, last);
    g_assert_cmpuint(xive->queue.shift, ==, 16);
    g_assert_cmpuint(xive->queue_server, ==, SERVER);
    g_assert_cmpuint(xive->queue_priority, ==, 6);
    g_assert_cmpint(call(fixture, H_INT_SET_QUEUE_CONFIG, 0, 8, 0, UINT64_MAX, 0), ==, H_SUCCESS);
    g_assert_cmphex(xive->queue.address, ==, 0);
    g_assert_cmpuint(xive->queue.shift, ==, 0);
    g_assert_cmpuint(xive->queue_server, ==, 8);
}

static void test_queue_bounds(Fixture *fixture, gconstpointer data)
{
    static const uint64_t pages[] = { 0x1000, 0x18000, 0xf8000, PARTITION_RAM, ESB, 1ULL << 60, ~0xffffULL,
        UINT64_MAX };
    static const uint64_t shifts[] = { 1, 12, 15, 17, 21, 24, 63, 64, 80, (1ULL << 32) + 16, UINT64_MAX };
    fixture->xive->queue_server = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(pages); i++)
        g_assert_cmpint(call(fixture, H_INT_SET_QUEUE_CONFIG, 1, SERVER, 6, pages[i], 16), ==, H_P4);
    for (unsigned i = 0; i < G_N_ELEMENTS(shifts); i++)
        g_assert_cmpint(call(fixture, H_INT_SET_QUEUE_CONFIG, 1, SERVER, 6, 0x10000, shifts[i]), ==, H_P5);
    assert_queue_checked(fixture, H_INT_SET_QUEUE_CONFIG, 1);
    g_assert_cmphex(fixture->xive->queue_server, ==, 0);
    fixture->xive->result = -EIO;
    g_assert_cmpint(call(fixture, H_INT_SET_QUEUE_CONFIG, 1, SERVER, 6, 0x10000, 16), ==, H_HARDWARE);
}

static void test_queue_config(Fixture *fixture, gconstpointer data)
{
    fixture->xive->queue = (KvmXiveQueue){
        .address = 0x20000, .shift = 16, .always_notify = true, .index = 0x123, .generation = true
    };
    g_assert_cmpint(call(fixture, H_INT_GET_QUEUE_CONFIG, 0, SERVER, 6), ==, H_SUCCESS);
    g_assert_cmphex(result(fixture, 0), ==, 1);
    g_assert_cmphex(result(fixture, 1), ==, 0x20000);
    g_assert_cmphex(result(fixture, 2), ==, 16);
    g_assert_cmphex(result(fixture, 3), ==, 0);
    g_assert_cmpuint(fixture->xive->queue_server, ==, SERVER);
    g_assert_cmpint(call(fixture, H_INT_GET_QUEUE_CONFIG, 1, SERVER, 6), ==, H_SUCCESS);
    g_assert_cmphex(result(fixture, 0), ==, 3);
    g_assert_cmphex(result(fixture, 3), ==, 0x123);
    assert_queue_checked(fixture, H_INT_GET_QUEUE_CONFIG, 1);
    fixture->xive->result = -EIO;
    g_assert_cmpint(call(fixture, H_INT_GET_QUEUE_CONFIG, 0, SERVER, 6), ==, H_HARDWARE);
}

static void test_queue_info(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpint(call(fixture, H_INT_GET_QUEUE_INFO, 0, SERVER, 6), ==, H_SUCCESS);
    g_assert_cmphex(result(fixture, 0), ==, UINT64_MAX);
    g_assert_cmphex(result(fixture, 1), ==, 0);
    assert_queue_checked(fixture, H_INT_GET_QUEUE_INFO, 0);
}

static void test_reporting_line(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpint(call(fixture, H_INT_SET_OS_REPORTING_LINE, 0, SERVER, 0x10000), ==, H_FUNCTION);
    g_assert_cmpint(call(fixture, H_INT_GET_OS_REPORTING_LINE, 0, SERVER), ==, H_FUNCTION);
}

// --- All of it.

static void test_reset(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpint(call(fixture, H_INT_SET_SOURCE_CONFIG, 2, MSI, SERVER, 6, 0x20), ==, H_SUCCESS);
    g_assert_cmpint(call(fixture, H_INT_RESET, 1), ==, H_PARAMETER);
    g_assert_cmpuint(fixture->xive->resets, ==, 0);
    g_assert_cmpint(call(fixture, H_INT_RESET, 0), ==, H_SUCCESS);
    g_assert_cmpuint(fixture->xive->resets, ==, 1);
    assert_route(fixture, MSI, 0, 0xff, MSI);
    fixture->xive->result = -EIO;
    g_assert_cmpint(call(fixture, H_INT_RESET, 0), ==, H_HARDWARE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/xive/off", Fixture, "XICS", set_up, test_off, tear_down);
#define ADD(name, test) g_test_add("/xive/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("pages", test_pages);
    ADD("source-info", test_source_info);
    ADD("new-source", test_new_source);
    ADD("route", test_route);
    ADD("route/masked", test_route_masked);
    ADD("route/bounds", test_route_bounds);
    ADD("route/no-queue", test_route_no_queue);
    ADD("route/full", test_route_full);
    ADD("esb", test_esb);
    ADD("sync", test_sync);
    ADD("queue", test_queue);
    ADD("queue/bounds", test_queue_bounds);
    ADD("queue/config", test_queue_config);
    ADD("queue/info", test_queue_info);
    ADD("reporting-line", test_reporting_line);
    ADD("reset", test_reset);
    return g_test_run();
}
