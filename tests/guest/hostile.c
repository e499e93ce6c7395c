// What a guest may do to harm its host: a device tree that is none, and disk requests for terabytes. Both are
// to be harmless, and the end that the test then asks for is to come.
#include "ci.h"
#include "console.h"
#include "hypercall.h"
#include "order.h"
#include "payload.h"
#include "tap.h"
#include "virtio_pci.h"

#define KVMPPC_H_UPDATE_DT 0xf003

enum { DEVICE_STATUS = 0x14, DRIVER_FEATURE_SELECT = 0x08, DRIVER_FEATURE = 0x0c, QUEUE_SELECT = 0x16 };
enum { QUEUE_ENABLE = 0x1c, QUEUE_DESCRIPTOR = 0x20, QUEUE_DRIVER = 0x28, QUEUE_DEVICE = 0x30 };
#define DRIVER_OK 0x0f // with all that comes before it
#define INDIRECT 0x10000000

// Version 3, of which libfdt cannot tell where its strings end.
static const uint32_t old_tree[20] = { 0xd00dfeed, 80, 56, 76, 40, 3, 2, 0, 4, 20, 0, 0, 0, 0, 1, 0, 2, 9 };

static void give_tree(void)
{
    static uint32_t tree[20];
    for (unsigned i = 0; i < 20; i++)
        tree[i] = big32(old_tree[i]);
    Hypercall call = { .r = { KVMPPC_H_UPDATE_DT, (uint64_t)tree } };
    tap_begin();
    tap_equal("status", (uint64_t)tree, hypercall(&call), H_PARAMETER);
    tap_end("a tree of 80 bytes");
}

#define QUEUE 256
#define BUFFERS 254
#define DATA 0x8000000     // where requests write to: behind this program
#define DATA_SIZE 0x800000 // bytes of one buffer

typedef struct Descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
} Descriptor;

static struct {
    Descriptor descriptors[QUEUE];
    Descriptor table[BUFFERS + 2];
    uint16_t avail[4 + QUEUE];
    uint32_t used[2 + 2 * QUEUE];
    uint8_t header[16], status;
} ring __attribute__((aligned(4096)));

static uint64_t little64(uint64_t value)
{
    return __builtin_bswap64(big64(value));
}

static uint32_t little32(uint32_t value)
{
    return __builtin_bswap32(big32(value));
}

static uint16_t little16(uint16_t value)
{
    return (uint16_t)(little32(value) | little32(value) >> 16);
}

static Descriptor descriptor(uint64_t address, uint32_t length, uint16_t flags, uint16_t next)
{
    return (Descriptor){ little64(address), little32(length), little16(flags), little16(next) };
}

static void register_store(unsigned size, uint64_t address, uint64_t value)
{
    static const unsigned unused_bits[] = { [1] = 56, [2] = 48, [4] = 32, [8] = 0 };
    ci_store(size, address, __builtin_bswap64(value) >> unused_bits[size]);
}

static void start_device(const VirtioPci *virtio)
{
    uint64_t common = virtio->common;
    register_store(1, common + DEVICE_STATUS, 3);
    register_store(4, common + DRIVER_FEATURE_SELECT, 0);
    register_store(4, common + DRIVER_FEATURE, INDIRECT);
    register_store(4, common + DRIVER_FEATURE_SELECT, 1);
    register_store(4, common + DRIVER_FEATURE, 1); // VERSION_1
    register_store(1, common + DEVICE_STATUS, 0x0b);
    register_store(2, common + QUEUE_SELECT, 0);
    register_store(8, common + QUEUE_DESCRIPTOR, (uint64_t)ring.descriptors);
    register_store(8, common + QUEUE_DRIVER, (uint64_t)ring.avail);
    register_store(8, common + QUEUE_DEVICE, (uint64_t)ring.used);
    register_store(2, common + QUEUE_ENABLE, 1);
    register_store(1, common + DEVICE_STATUS, DRIVER_OK);
}

// All heads at once, each of 254 buffers.
static void ask_for_everything(const VirtioPci *virtio)
{
    ring.status = 0xee;
    ring.table[0] = descriptor((uint64_t)ring.header, 16, 1, 1);
    for (unsigned i = 1; i <= BUFFERS; i++)
        ring.table[i] = descriptor(DATA, DATA_SIZE, 3, (uint16_t)(i + 1));
    ring.table[BUFFERS + 1] = descriptor((uint64_t)&ring.status, 1, 2, 0);
    for (unsigned i = 0; i < QUEUE; i++) {
        ring.descriptors[i] = descriptor((uint64_t)ring.table, sizeof ring.table, 4, 0);
        ring.avail[2 + i] = little16((uint16_t)i);
    }
    __asm__ volatile("sync" ::: "memory");
    ring.avail[1] = little16(QUEUE);
    register_store(2, virtio->notify, 0);
}

static uint64_t timebase(void)
{
    uint64_t value;
    __asm__ volatile("mftb %0" : "=r"(value));
    return value;
}

#define SECOND 512000000ULL // in ticks

static void wait(uint64_t ticks)
{
    for (uint64_t start = timebase(); timebase() - start < ticks;)
        ;
}

// The disk is given a moment to begin.
static void flood(const VirtioPci *virtio)
{
    start_device(virtio);
    ask_for_everything(virtio);
    wait(SECOND / 10);
}

static void reset_device(const VirtioPci *virtio)
{
    uint64_t start = timebase();
    register_store(1, virtio->common + DEVICE_STATUS, 0);
    while (ci_load(1, virtio->common + DEVICE_STATUS) && timebase() - start < 20 * SECOND)
        ;
    tap_begin();
    tap_equal("device_status", virtio->common, (int64_t)ci_load(1, virtio->common + DEVICE_STATUS), 0);
    tap_equal("status of a request", (uint64_t)&ring.status, ring.status, 0xee);
    tap_equal("used index", (uint64_t)ring.used, little32(ring.used[0]) >> 16, 0); // its flags come first
    tap_end("a reset among %u requests of %u MiB", QUEUE, BUFFERS * (DATA_SIZE >> 20));
}

void payload(void)
{
    VirtioPci virtio;
    tap_plan(2);
    give_tree();
    virtio_pci_find(&virtio);
    flood(&virtio);
    reset_device(&virtio);
    flood(&virtio);
    print("# under way\n");
    for (;;)
        ;
}
