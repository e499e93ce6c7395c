// A split ring as any driver may leave it, with its indirect tables.
//
// For libFuzzer: clang -fsanitize=fuzzer,address,undefined -DLIBFUZZER with devices/virtio/ring.c and
// vmm/memory*.c. Without it the program makes its own inputs: a good ring with some bytes changed, for a
// fixed number of rounds from a fixed start.
#include "lparun/bytes.h"
#include "lparun/virtio.h"

#define RAM (1u << 20)
#define SIZE 16 // entries of the ring
#define DESCRIPTORS 0x0
#define AVAIL 0x100
#define USED 0x140
#define TABLES 0x200
#define INPUT 0x600 // bytes of memory that an input fills

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static uint8_t *ram; // NULL until memory is there

static GuestMemory *memory(void)
{
    static GuestMemory *memory;
    if (!memory) {
        memory = guest_memory_new(RAM, NULL);
        ram = guest_memory_write_at(memory, 0, RAM);
    }
    return memory;
}

// All of a chain is in guest memory, and adds up.
static void check(const VirtioChain *chain)
{
    uint64_t bytes = 0;
    g_assert_cmpuint(chain->out_count + chain->in_count, <=, VIRTIO_CHAIN_MAX);
    for (unsigned i = 0; i < chain->out_count + chain->in_count; i++) {
        const uint8_t *at = chain->iov[i].iov_base;
        g_assert_true(at >= ram && chain->iov[i].iov_len > 0);
        g_assert_cmpuint(chain->iov[i].iov_len, <=, RAM - (size_t)(at - ram));
        bytes += chain->iov[i].iov_len;
    }
    g_assert_cmpuint(bytes, ==, chain->out_bytes + chain->in_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    VirtioRing ring;
    GuestMemory *guest = memory();
    memset(ram, 0, INPUT);
    memcpy(ram, bytes, MIN(size, INPUT));
    uint64_t features = VIRTIO_F_VERSION_1 | (ram[0] & 1 ? 0 : VIRTIO_F_INDIRECT_DESC) |
                        (ram[1] & 1 ? 0 : VIRTIO_F_EVENT_IDX);
    g_assert_true(virtio_ring_start(&ring, guest, SIZE, DESCRIPTORS, AVAIL, USED, features));
    static VirtioChain chain;
    unsigned taken = 0;
    virtio_ring_pause_bell(&ring);
    while (virtio_ring_pop(&ring, &chain) == VIRTIO_POP_CHAIN) {
        check(&chain);
        virtio_ring_push(&ring, chain.head, (uint32_t)chain.in_bytes);
        g_assert_cmpuint(++taken, <=, SIZE); // no more than the ring holds, whatever its index says
    }
    virtio_ring_publish(&ring);
    virtio_ring_resume_bell(&ring);
    return 0;
}

#ifndef LIBFUZZER
#define ROUNDS 200000

static void put(uint8_t *at, uint64_t address, uint32_t length, unsigned flags, unsigned next)
{
    le_bytes_put(at, 8, address);
    le_bytes_put(at + 8, 4, length);
    le_bytes_put(at + 12, 2, flags);
    le_bytes_put(at + 14, 2, next);
}

// A chain of three in the ring, and one of three in a table, again and again.
static void seed(uint8_t *bytes)
{
    for (unsigned i = 0; i < 3; i++) {
        unsigned flags = (i < 2) | (i > 0) << 1;
        put(bytes + DESCRIPTORS + 16 * i, 0x8000 + 0x1000 * i, 0x1000, flags, i + 1);
        put(bytes + TABLES + 16 * i, 0x8000 + 0x1000 * i, 0x1000, flags, i + 1);
    }
    put(bytes + DESCRIPTORS + 16 * 3, TABLES, 48, 4, 0);
    le_bytes_put(bytes + AVAIL + 2, 2, SIZE);
    for (unsigned i = 0; i < SIZE; i++)
        le_bytes_put(bytes + AVAIL + 4 + 2 * i, 2, i % 2 ? 3 : 0);
}

static void change(GRand *rand, uint8_t *bytes)
{
    static const uint64_t values[] = { 0, 1, 2, 3, 4, 5, 15, 16, 48, 0x200, RAM - 1, RAM, UINT32_MAX,
        1ULL << 63, UINT64_MAX };
    static const unsigned sizes[] = { 1, 2, 4, 8 };
    for (int left = g_rand_int_range(rand, 1, 6); left > 0; left--) {
        unsigned size = sizes[g_rand_int_range(rand, 0, 4)];
        uint32_t at = (uint32_t)g_rand_int_range(rand, 0, INPUT / 4 / (gint32)size) * size;
        if (g_rand_boolean(rand)) // where the descriptors are that matter
            at = (g_rand_boolean(rand) ? TABLES : DESCRIPTORS) + at % 64 / size * size;
        le_bytes_put(bytes + at, size, values[g_rand_int_range(rand, 0, G_N_ELEMENTS(values))]);
    }
}

int main(void)
{
    GRand *rand = g_rand_new_with_seed(1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint8_t bytes[INPUT] = { 0 };
        seed(bytes);
        change(rand, bytes);
        LLVMFuzzerTestOneInput(bytes, sizeof bytes);
    }
    g_rand_free(rand);
    guest_memory_free(memory());
    return 0;
}
#endif
