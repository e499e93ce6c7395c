// Fields of a virtio function by the hypercalls (virtio 1.2, 4.1.4.3). They are little-endian in memory, and
// the hypercalls move a register's bytes as a big-endian access does: a driver reverses them, in either byte
// order.
#include "ci_registers.h"
#include "ci.h"
#include "tap.h"

enum {
    DEVICE_FEATURE_SELECT = 0x00,
    DEVICE_FEATURE = 0x04,
    DRIVER_FEATURE_SELECT = 0x08,
    NUM_QUEUES = 0x12,
    DEVICE_STATUS = 0x14,
    QUEUE_SELECT = 0x16,
    QUEUE_SIZE = 0x18,
    QUEUE_NOTIFY_OFFSET = 0x1e,
};

static void round_trips(const char *mode, uint64_t common)
{
    tap_begin();
    ci_store(1, common + DEVICE_STATUS, 1); // ACKNOWLEDGE
    tap_equal("device_status", common + DEVICE_STATUS, (int64_t)ci_load(1, common + DEVICE_STATUS), 1);
    ci_store(1, common + DEVICE_STATUS, 0);
    tap_equal("device_status", common + DEVICE_STATUS, (int64_t)ci_load(1, common + DEVICE_STATUS), 0);
    tap_end("%s, device_status by its 1 byte", mode);

    tap_begin();
    ci_store(2, common + QUEUE_SELECT, 0xffffffffffff3412); // queue 0x1234
    tap_equal("queue_select", common + QUEUE_SELECT, (int64_t)ci_load(2, common + QUEUE_SELECT), 0x3412);
    tap_equal("queue_size of no queue", common + QUEUE_SIZE, (int64_t)ci_load(2, common + QUEUE_SIZE), 0);
    ci_store(2, common + QUEUE_SELECT, 0);
    tap_equal("queue_size", common + QUEUE_SIZE, (int64_t)ci_load(2, common + QUEUE_SIZE), 0x0001); // 256
    tap_equal("queue_notify_off", common + QUEUE_NOTIFY_OFFSET,
        (int64_t)ci_load(2, common + QUEUE_NOTIFY_OFFSET), 0);
    tap_end("%s, queue_select by its 2 bytes", mode);

    tap_begin();
    uint64_t select = common + DRIVER_FEATURE_SELECT;
    ci_store(4, select, 0xffffffff44332211); // 0x11223344
    tap_equal("all of it", select, (int64_t)ci_load(4, select), 0x44332211);
    tap_equal("its first half", select, (int64_t)ci_load(2, select), 0x4433);
    tap_equal("its second half", select, (int64_t)ci_load(2, select + 2), 0x2211);
    tap_equal("its second byte", select, (int64_t)ci_load(1, select + 1), 0x33);
    ci_store(4, select, 0);
    tap_end("%s, driver_feature_select by its 4 bytes", mode);
}

#define FEATURE_VERSION_1 0x01000000 // bit 32 of all, so bit 0 of the second word, as the hypercall has it
#define FEATURE_BLK_SIZE 0x40000000  // bit 6

static void what_is_offered(const char *mode, const VirtioPci *virtio)
{
    uint64_t feature = virtio->common + DEVICE_FEATURE;
    tap_begin();
    ci_store(4, virtio->common + DEVICE_FEATURE_SELECT, 0x01000000);
    tap_equal("VERSION_1", feature, (int64_t)ci_load(4, feature) & FEATURE_VERSION_1, FEATURE_VERSION_1);
    ci_store(4, virtio->common + DEVICE_FEATURE_SELECT, 0);
    tap_equal("BLK_SIZE", feature, (int64_t)ci_load(4, feature) & FEATURE_BLK_SIZE, FEATURE_BLK_SIZE);
    tap_end("%s, device_feature in words", mode);

    tap_begin();
    uint64_t queues = ci_load(2, virtio->common + NUM_QUEUES);
    tap_equal("num_queues", virtio->common + NUM_QUEUES,
        __builtin_bswap16((uint16_t)queues) * virtio->notify_multiplier, virtio->notify_length);
    tap_equal("interrupt status", virtio->isr, (int64_t)ci_load(1, virtio->isr), 0);
    tap_end("%s, num_queues and the interrupt status", mode);
}

#define CAPACITY 2048 // sectors of the 1 MiB that the test's disk has

static void device_configuration(const char *mode, uint64_t device)
{
    tap_begin();
    tap_equal("capacity", device, (int64_t)ci_load(8, device), (int64_t)__builtin_bswap64(CAPACITY));
    tap_equal("its low half", device, (int64_t)ci_load(4, device), __builtin_bswap32(CAPACITY));
    tap_equal("its high half", device + 4, (int64_t)ci_load(4, device + 4), 0);
    tap_end("%s, the capacity of the disk in 8 bytes and in halves", mode);
}

void ci_registers(const char *mode, const VirtioPci *virtio)
{
    round_trips(mode, virtio->common);
    what_is_offered(mode, virtio);
    device_configuration(mode, virtio->device);
}
