// Split rings: what a driver may do, and what a hostile one tries.
#include "lparun/bytes.h"
#include "virtio_guest.h"

#define SIZE 8
#define DESCRIPTORS 0x1000
#define AVAIL 0x2000
#define USED 0x3000
#define TABLE 0x4000
#define DATA 0x8000

typedef struct Fixture {
    Guest guest;
    GuestQueue queue;
    VirtioRing ring;
    VirtioChain chain;
} Fixture;

static void start(Fixture *fixture, uint64_t features)
{
    g_assert_true(
        virtio_ring_start(&fixture->ring, fixture->guest.memory, SIZE, DESCRIPTORS, AVAIL, USED, features));
}

static void open_ring(Fixture *fixture, gconstpointer data)
{
    guest_open(&fixture->guest);
    fixture->queue = (GuestQueue){
        .guest = &fixture->guest,
        .size = SIZE,
        .descriptors = DESCRIPTORS,
        .avail = AVAIL,
        .used = USED,
        .tables = TABLE,
    };
    start(fixture, VIRTIO_F_INDIRECT_DESC);
}

static void close_ring(Fixture *fixture, gconstpointer data)
{
    guest_close(&fixture->guest);
}

static VirtioPop pop(Fixture *fixture)
{
    return virtio_ring_pop(&fixture->ring, &fixture->chain);
}

static void check_broken(Fixture *fixture)
{
    g_assert_cmpint(pop(fixture), ==, VIRTIO_POP_BROKEN);
    g_assert_nonnull(fixture->ring.why);
    // It stays so, and the guest's memory is not touched any more.
    uint16_t before = guest_used_index(&fixture->queue);
    guest_offer(&fixture->queue, 0);
    g_assert_cmpint(pop(fixture), ==, VIRTIO_POP_BROKEN);
    virtio_ring_push(&fixture->ring, 0, 1);
    g_assert_false(virtio_ring_publish(&fixture->ring));
    g_assert_false(virtio_ring_resume_bell(&fixture->ring));
    g_assert_cmpuint(guest_used_index(&fixture->queue), ==, before);
}

static void test_start(Fixture *fixture, gconstpointer data)
{
    const GuestMemory *memory = fixture->guest.memory;
    VirtioRing ring;
    g_assert_false(virtio_ring_start(&ring, memory, SIZE, DESCRIPTORS + 8, AVAIL, USED, 0));
    g_assert_false(virtio_ring_start(&ring, memory, SIZE, DESCRIPTORS, AVAIL + 1, USED, 0));
    g_assert_false(virtio_ring_start(&ring, memory, SIZE, DESCRIPTORS, AVAIL, USED + 2, 0));
    g_assert_false(virtio_ring_start(&ring, memory, SIZE, GUEST_RAM - 16, AVAIL, USED, 0));
    g_assert_false(virtio_ring_start(&ring, memory, SIZE, UINT64_MAX - 15, AVAIL, USED, 0));
    // The event index is part of the area only where it was negotiated.
    uint64_t last = GUEST_RAM - (4 + 2 * SIZE);
    g_assert_true(virtio_ring_start(&ring, memory, SIZE, DESCRIPTORS, last, USED, 0));
    g_assert_false(virtio_ring_start(&ring, memory, SIZE, DESCRIPTORS, last, USED, VIRTIO_F_EVENT_IDX));
    last = GUEST_RAM - (4 + 8 * SIZE);
    g_assert_true(virtio_ring_start(&ring, memory, SIZE, DESCRIPTORS, AVAIL, last, 0));
    g_assert_false(virtio_ring_start(&ring, memory, SIZE, DESCRIPTORS, AVAIL, last, VIRTIO_F_EVENT_IDX));
}

static void check_chain(Fixture *fixture, uint16_t head)
{
    const VirtioChain *chain = &fixture->chain;
    g_assert_cmpuint(chain->head, ==, head);
    g_assert_cmpuint(chain->out_count, ==, 1);
    g_assert_cmpuint(chain->in_count, ==, 2);
    g_assert_cmpuint(chain->out_bytes, ==, 16);
    g_assert_cmpuint(chain->in_bytes, ==, 513);
    g_assert_true(chain->iov[0].iov_base == guest_memory_write_at(fixture->guest.memory, DATA, 16));
    g_assert_true(chain->iov[1].iov_base == guest_memory_write_at(fixture->guest.memory, DATA + 0x1000, 512));
    g_assert_cmpuint(chain->iov[2].iov_len, ==, 1);
}

static const GuestBuffer request[] = {
    { DATA, 16, false },
    { DATA + 0x500, 0, false }, // without bytes: left out
    { DATA + 0x1000, 512, true },
    { DATA + 0x2000, 1, true },
};

static void test_chains(Fixture *fixture, gconstpointer indirect)
{
    g_assert_cmpint(pop(fixture), ==, VIRTIO_POP_EMPTY);
    // Often enough that the indices wrap.
    for (unsigned i = 0; i < 70000; i++) {
        uint16_t head = guest_add(&fixture->queue, request, 4, indirect != NULL);
        g_assert_cmpint(pop(fixture), ==, VIRTIO_POP_CHAIN);
        check_chain(fixture, head);
        g_assert_cmpint(pop(fixture), ==, VIRTIO_POP_EMPTY);
        virtio_ring_push(&fixture->ring, head, 513);
        g_assert_true(virtio_ring_publish(&fixture->ring));
        uint32_t used_head, length;
        g_assert_true(guest_wait_used(&fixture->queue, &used_head, &length));
        g_assert_cmpuint(used_head, ==, head);
        g_assert_cmpuint(length, ==, 513);
    }
}

// Descriptors first, then a table with the rest (2.7.5.3.2).
static void test_mixed(Fixture *fixture, gconstpointer data)
{
    GuestQueue *queue = &fixture->queue;
    guest_set_descriptor(queue, 3, DATA, 16, DESC_NEXT, 5);
    guest_set_descriptor(queue, 5, TABLE, 32, DESC_INDIRECT | DESC_WRITE, 0); // WRITE means nothing here
    guest_set_table(queue, TABLE, 0, DATA + 0x1000, 512, DESC_WRITE | DESC_NEXT, 1);
    guest_set_table(queue, TABLE, 1, DATA + 0x2000, 1, DESC_WRITE, 0);
    guest_offer(queue, 3);
    g_assert_cmpint(pop(fixture), ==, VIRTIO_POP_CHAIN);
    check_chain(fixture, 3);
}

static void test_full(Fixture *fixture, gconstpointer data)
{
    GuestQueue *queue = &fixture->queue;
    for (unsigned i = 0; i < SIZE; i++) // the longest chain
        guest_set_descriptor(queue, i, DATA + i, 1, i + 1 < SIZE ? DESC_NEXT : 0, i + 1);
    guest_offer(queue, 0);
    g_assert_cmpint(pop(fixture), ==, VIRTIO_POP_CHAIN);
    g_assert_cmpuint(fixture->chain.out_count, ==, SIZE);
    for (unsigned i = 0; i < SIZE; i++) // the fullest ring
        guest_offer(queue, (uint16_t)(SIZE - 1));
    for (unsigned i = 0; i < SIZE; i++)
        g_assert_cmpint(pop(fixture), ==, VIRTIO_POP_CHAIN);
    g_assert_cmpint(pop(fixture), ==, VIRTIO_POP_EMPTY);
}

static void test_long_table(Fixture *fixture, gconstpointer data)
{
    GuestQueue *queue = &fixture->queue;
    for (unsigned i = 0; i < VIRTIO_CHAIN_MAX; i++)
        guest_set_table(queue, TABLE, i, DATA + i, 1, i + 1 < VIRTIO_CHAIN_MAX ? DESC_NEXT : 0, i + 1);
    guest_set_descriptor(queue, 0, TABLE, 16 * VIRTIO_CHAIN_MAX, DESC_INDIRECT, 0);
    guest_offer(queue, 0);
    g_assert_cmpint(pop(fixture), ==, VIRTIO_POP_CHAIN);
    g_assert_cmpuint(fixture->chain.out_bytes, ==, VIRTIO_CHAIN_MAX);
}

typedef struct Attack {
    const char *name;
    void (*set)(GuestQueue *queue);
} Attack;

static void loop(GuestQueue *queue)
{
    guest_set_descriptor(queue, 0, DATA, 1, DESC_NEXT, 1);
    guest_set_descriptor(queue, 1, DATA, 1, DESC_NEXT, 0);
    guest_offer(queue, 0);
}

static void loop_without_bytes(GuestQueue *queue)
{
    guest_set_descriptor(queue, 0, DATA, 0, DESC_NEXT, 0);
    guest_offer(queue, 0);
}

static void head_out_of_range(GuestQueue *queue)
{
    guest_offer(queue, SIZE);
}

static void next_out_of_range(GuestQueue *queue)
{
    guest_set_descriptor(queue, 0, DATA, 1, DESC_NEXT, SIZE);
    guest_offer(queue, 0);
}

static void index_jump(GuestQueue *queue)
{
    guest_set_avail_index(queue, SIZE + 1);
}

static void index_back(GuestQueue *queue)
{
    guest_set_avail_index(queue, 0xffff);
}

static void buffer_out_of_ram(GuestQueue *queue)
{
    guest_set_descriptor(queue, 0, GUEST_RAM - 1, 2, 0, 0);
    guest_offer(queue, 0);
}

static void buffer_wraps(GuestQueue *queue)
{
    guest_set_descriptor(queue, 0, UINT64_MAX - 1, 16, 0, 0);
    guest_offer(queue, 0);
}

static void buffer_huge(GuestQueue *queue)
{
    guest_set_descriptor(queue, 0, 0, UINT32_MAX, DESC_WRITE, 0);
    guest_offer(queue, 0);
}

static void read_after_write(GuestQueue *queue)
{
    guest_set_descriptor(queue, 0, DATA, 1, DESC_WRITE | DESC_NEXT, 1);
    guest_set_descriptor(queue, 1, DATA, 1, 0, 0);
    guest_offer(queue, 0);
}

static void set_table_of(GuestQueue *queue, uint64_t table, uint32_t length, unsigned flags)
{
    guest_set_table(queue, TABLE, 0, DATA, 1, 0, 0);
    guest_set_descriptor(queue, 0, table, length, DESC_INDIRECT | flags, 1);
    guest_set_descriptor(queue, 1, DATA, 1, 0, 0);
    guest_offer(queue, 0);
}

static void table_empty(GuestQueue *queue)
{
    set_table_of(queue, TABLE, 0, 0);
}

static void table_crooked(GuestQueue *queue)
{
    set_table_of(queue, TABLE, 17, 0);
}

static void table_huge(GuestQueue *queue)
{
    set_table_of(queue, 0, 65537 * 16, 0);
}

static void table_out_of_ram(GuestQueue *queue)
{
    set_table_of(queue, GUEST_RAM - 16, 32, 0);
}

static void table_and_next(GuestQueue *queue)
{
    set_table_of(queue, TABLE, 16, DESC_NEXT);
}

static void table_in_table(GuestQueue *queue)
{
    set_table_of(queue, TABLE, 16, 0);
    guest_set_table(queue, TABLE, 0, TABLE, 16, DESC_INDIRECT, 0);
}

static void table_loop(GuestQueue *queue)
{
    set_table_of(queue, TABLE, 32, 0);
    guest_set_table(queue, TABLE, 0, DATA, 0, DESC_NEXT, 1);
    guest_set_table(queue, TABLE, 1, DATA, 0, DESC_NEXT, 0);
}

static void table_next_out_of_range(GuestQueue *queue)
{
    set_table_of(queue, TABLE, 32, 0);
    guest_set_table(queue, TABLE, 0, DATA, 1, DESC_NEXT, 2);
}

static void table_too_long(GuestQueue *queue)
{
    for (unsigned i = 0; i <= VIRTIO_CHAIN_MAX; i++)
        guest_set_table(queue, TABLE, i, DATA, 1, i < VIRTIO_CHAIN_MAX ? DESC_NEXT : 0, i + 1);
    guest_set_descriptor(queue, 0, TABLE, 16 * (VIRTIO_CHAIN_MAX + 1), DESC_INDIRECT, 0);
    guest_offer(queue, 0);
}

static const Attack attacks[] = {
    { "loop", loop },
    { "loop-without-bytes", loop_without_bytes },
    { "head-out-of-range", head_out_of_range },
    { "next-out-of-range", next_out_of_range },
    { "index-jump", index_jump },
    { "index-back", index_back },
    { "buffer-out-of-ram", buffer_out_of_ram },
    { "buffer-wraps", buffer_wraps },
    { "buffer-huge", buffer_huge },
    { "read-after-write", read_after_write },
    { "table-empty", table_empty },
    { "table-crooked", table_crooked },
    { "table-huge", table_huge },
    { "table-out-of-ram", table_out_of_ram },
    { "table-and-next", table_and_next },
    { "table-in-table", table_in_table },
    { "table-loop", table_loop },
    { "table-next-out-of-range", table_next_out_of_range },
    { "table-too-long", table_too_long },
};

static void test_attack(Fixture *fixture, gconstpointer data)
{
    const Attack *attack = data;
    attack->set(&fixture->queue);
    check_broken(fixture);
}

static void test_table_not_negotiated(Fixture *fixture, gconstpointer data)
{
    start(fixture, 0);
    set_table_of(&fixture->queue, TABLE, 16, 0);
    check_broken(fixture);
}

static bool complete(Fixture *fixture, unsigned count)
{
    while (count--)
        virtio_ring_push(&fixture->ring, 0, 0);
    return virtio_ring_publish(&fixture->ring);
}

static void test_interrupt_flag(Fixture *fixture, gconstpointer data)
{
    g_assert_false(complete(fixture, 0)); // nothing new, nothing said
    g_assert_true(complete(fixture, 1));
    guest_set_avail_flags(&fixture->queue, 1);
    g_assert_false(complete(fixture, 1));
    guest_set_avail_flags(&fixture->queue, 0);
    g_assert_true(complete(fixture, 3)); // one for the batch
    g_assert_cmpuint(guest_used_index(&fixture->queue), ==, 5);
}

static void test_interrupt_event(Fixture *fixture, gconstpointer data)
{
    start(fixture, VIRTIO_F_EVENT_IDX);
    guest_set_avail_flags(&fixture->queue, 1); // means nothing with event indices
    g_assert_true(complete(fixture, 1));       // used_event 0: index 0 was passed
    g_assert_false(complete(fixture, 1));      // passed already
    guest_set_used_event(&fixture->queue, 4);
    g_assert_false(complete(fixture, 2)); // 2 to 4
    g_assert_true(complete(fixture, 2));  // 4 to 6
    guest_set_used_event(&fixture->queue, 0);
    for (unsigned i = 6; i < 65536; i++)
        g_assert_false(complete(fixture, 1));
    g_assert_true(complete(fixture, 1)); // 0 again, after the wrap
}

static void test_bell_flag(Fixture *fixture, gconstpointer data)
{
    virtio_ring_pause_bell(&fixture->ring);
    g_assert_cmpuint(guest_used_flags(&fixture->queue), ==, 1);
    g_assert_false(virtio_ring_resume_bell(&fixture->ring));
    g_assert_cmpuint(guest_used_flags(&fixture->queue), ==, 0);
    virtio_ring_pause_bell(&fixture->ring);
    guest_add(&fixture->queue, request, 4, false);
    g_assert_true(virtio_ring_resume_bell(&fixture->ring)); // it came meanwhile
}

static void test_bell_event(Fixture *fixture, gconstpointer data)
{
    start(fixture, VIRTIO_F_EVENT_IDX);
    for (unsigned i = 0; i < 3; i++) {
        guest_add(&fixture->queue, request, 1, false);
        g_assert_cmpint(pop(fixture), ==, VIRTIO_POP_CHAIN);
    }
    virtio_ring_pause_bell(&fixture->ring);
    g_assert_cmpuint(guest_avail_event(&fixture->queue), ==, 0);
    g_assert_false(virtio_ring_resume_bell(&fixture->ring));
    g_assert_cmpuint(guest_avail_event(&fixture->queue), ==, 3);
    g_assert_cmpuint(guest_used_flags(&fixture->queue), ==, 0);
}

static void add(const char *path, gconstpointer data, void (*test)(Fixture *, gconstpointer))
{
    g_test_add(path, Fixture, data, open_ring, test, close_ring);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/virtio-ring/start", NULL, test_start);
    add("/virtio-ring/direct", NULL, test_chains);
    add("/virtio-ring/indirect", "yes", test_chains);
    add("/virtio-ring/mixed", NULL, test_mixed);
    add("/virtio-ring/full", NULL, test_full);
    add("/virtio-ring/long-table", NULL, test_long_table);
    for (size_t i = 0; i < G_N_ELEMENTS(attacks); i++) {
        g_autofree char *path = g_strdup_printf("/virtio-ring/attack/%s", attacks[i].name);
        add(path, &attacks[i], test_attack);
    }
    add("/virtio-ring/attack/table-not-negotiated", NULL, test_table_not_negotiated);
    add("/virtio-ring/interrupt/flag", NULL, test_interrupt_flag);
    add("/virtio-ring/interrupt/event", NULL, test_interrupt_event);
    add("/virtio-ring/bell/flag", NULL, test_bell_flag);
    add("/virtio-ring/bell/event", NULL, test_bell_event);
    return g_test_run();
}
