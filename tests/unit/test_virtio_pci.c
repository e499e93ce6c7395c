// The virtio PCI transport, driven through its BARs as a guest does.
#include "virtio_guest.h"
#include <stdatomic.h>

#define QUEUES 3
#define FEATURES (VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | 1ULL << 6)

typedef struct Fixture {
    Guest guest;
    VirtioPci *pci;
    uint64_t features;
    Iothread *iothread;
    atomic_uint starts, stops, holds, resumes;
    atomic_bool slow; // what is under way takes until end_io()
    uint64_t written; // config_write: offset << 32 | value
} Fixture;

static void device_start(void *owner, uint64_t features)
{
    Fixture *fixture = owner;
    fixture->starts++;
    fixture->features = features;
}

static void device_resume(void *owner)
{
    ((Fixture *)owner)->resumes++;
}

static void end_io(void *owner)
{
    virtio_pci_quiet(((Fixture *)owner)->pci);
}

static void device_hold(void *owner)
{
    Fixture *fixture = owner;
    fixture->holds++;
    if (!fixture->slow)
        end_io(fixture);
}

static void device_stop(void *owner)
{
    Fixture *fixture = owner;
    fixture->stops++;
    if (!fixture->slow)
        end_io(fixture);
}

static void config_write(void *owner, unsigned offset, unsigned size, uint64_t value)
{
    ((Fixture *)owner)->written = (uint64_t)offset << 32 | value;
}

static const VirtioPciOps ops = {
    .start = device_start,
    .resume = device_resume,
    .hold = device_hold,
    .stop = device_stop,
    .config_write = config_write,
};
static const VirtioPciType type = { .type = 4, .class_code = 0x00ff00, .config_size = 12, .ops = &ops };

static void open_device(Fixture *fixture, gconstpointer data)
{
    guest_open(&fixture->guest);
    GError *error = NULL;
    fixture->iothread = iothread_new("test", &error);
    g_assert_no_error(error);
    fixture->pci = virtio_pci_new(&fixture->guest.context, "virtio-test0", &type, fixture, fixture->iothread,
        FEATURES, QUEUES, GUEST_SOURCE, &error);
    g_assert_no_error(error);
    guest_plug(&fixture->guest, virtio_pci_device(fixture->pci));
}

static void close_device(Fixture *fixture, gconstpointer data)
{
    virtio_pci_free(fixture->pci);
    iothread_free(fixture->iothread);
    guest_close(&fixture->guest);
}

static void nothing(void *owner)
{
}

// The device has come to where it was sent.
static void settle(Fixture *fixture)
{
    iothread_call(fixture->iothread, nothing, NULL);
}

static void test_identity(Fixture *fixture, gconstpointer data)
{
    PciDevice *device = fixture->guest.device;
    g_assert_cmphex(pci_device_read(device, 0x00, 4), ==, 0x10441af4);
    g_assert_cmphex(pci_device_read(device, 0x08, 4), ==, 0x00ff0001);
    g_assert_cmphex(pci_device_read(device, 0x2e, 2), >=, 0x40);
    static const struct {
        uint8_t type;
        uint32_t offset, length;
    } expected[] = { { 1, 0, 0x3c }, { 3, 0x1000, 1 }, { 4, 0x2000, 12 }, { 2, 0x3000, 4 * QUEUES } };
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        unsigned at = guest_find_capability(&fixture->guest, expected[i].type);
        g_assert_cmpuint(at, !=, 0);
        g_assert_cmpuint(pci_device_read(device, at + 4, 1), ==, 4);
        g_assert_cmphex(pci_device_read(device, at + 8, 4), ==, expected[i].offset);
        g_assert_cmphex(pci_device_read(device, at + 12, 4), ==, expected[i].length);
        g_assert_cmpuint(pci_device_read(device, at + 2, 1), ==, expected[i].type == 2 ? 20 : 16);
    }
    unsigned notify = guest_find_capability(&fixture->guest, 2);
    g_assert_cmpuint(pci_device_read(device, notify + 16, 4), ==, 4);
    g_assert_cmpuint(guest_find_capability(&fixture->guest, 5), !=, 0);
}

static void test_reset_values(Fixture *fixture, gconstpointer data)
{
    Guest *guest = &fixture->guest;
    g_assert_cmpuint(guest_common(guest, 0x12, 2), ==, QUEUES);
    g_assert_cmphex(guest_common(guest, 0x10, 2), ==, 0xffff);
    for (unsigned i = 0; i < QUEUES; i++) {
        guest_set_common(guest, 0x16, 2, i);
        g_assert_cmpuint(guest_common(guest, 0x16, 2), ==, i);
        g_assert_cmpuint(guest_common(guest, 0x18, 2), ==, 256);
        g_assert_cmphex(guest_common(guest, 0x1a, 2), ==, 0xffff);
        g_assert_cmpuint(guest_common(guest, 0x1c, 2), ==, 0);
        g_assert_cmpuint(guest_common(guest, 0x1e, 2), ==, i);
        g_assert_cmpuint(guest_common(guest, 0x20, 8), ==, 0);
    }
    guest_set_common(guest, 0x16, 2, QUEUES); // no such queue
    g_assert_cmpuint(guest_common(guest, 0x18, 2), ==, 0);
    guest_set_common(guest, 0x18, 2, 8);
    guest_set_common(guest, 0x1c, 2, 1);
    g_assert_cmpuint(guest_common(guest, 0x1c, 2), ==, 0);
    g_assert_cmphex(guest_offered(guest), ==, FEATURES | VIRTIO_F_VERSION_1);
    guest_set_common(guest, 0x00, 4, 2);
    g_assert_cmphex(guest_common(guest, 0x04, 4), ==, 0);
    // Behind the registers of each region.
    g_assert_cmphex(guest_common(guest, 0x3c, 4), ==, 0);
    g_assert_cmphex(guest_common(guest, 0xff8, 8), ==, 0);
    g_assert_cmphex(guest_common(guest, 0x1ff8, 8), ==, 0);
    g_assert_cmphex(guest_common(guest, 0x2ff8, 8), ==, 0);
    guest_set_common(guest, 0xff8, 8, UINT64_MAX);
    guest_set_common(guest, 0x2ff8, 8, UINT64_MAX);
    g_assert_cmphex(fixture->written, ==, 0);
}

static void test_queue_registers(Fixture *fixture, gconstpointer data)
{
    Guest *guest = &fixture->guest;
    static const unsigned bad_sizes[] = { 0, 3, 255, 512, 0x8000 };
    for (size_t i = 0; i < G_N_ELEMENTS(bad_sizes); i++) {
        guest_set_common(guest, 0x18, 2, bad_sizes[i]);
        g_assert_cmpuint(guest_common(guest, 0x18, 2), ==, 256);
    }
    guest_set_common(guest, 0x18, 2, 16);
    g_assert_cmpuint(guest_common(guest, 0x18, 2), ==, 16);
    // 64-bit fields whole and in halves.
    guest_set_common(guest, 0x20, 8, 0x1122334455667788);
    g_assert_cmphex(guest_common(guest, 0x20, 4), ==, 0x55667788);
    g_assert_cmphex(guest_common(guest, 0x24, 4), ==, 0x11223344);
    guest_set_common(guest, 0x2c, 4, 0xaaaaaaaa);
    guest_set_common(guest, 0x28, 4, 0xbbbbbbbb);
    g_assert_cmphex(guest_common(guest, 0x28, 8), ==, 0xaaaaaaaabbbbbbbb);
    // Accesses of a wrong size change nothing.
    guest_set_common(guest, 0x30, 2, 0xffff);
    guest_set_common(guest, 0x34, 8, UINT64_MAX);
    g_assert_cmphex(guest_common(guest, 0x30, 8), ==, 0);
    // Vectors that are not there.
    guest_set_common(guest, 0x1a, 2, QUEUES);
    g_assert_cmphex(guest_common(guest, 0x1a, 2), ==, QUEUES);
    guest_set_common(guest, 0x1a, 2, QUEUES + 1);
    g_assert_cmphex(guest_common(guest, 0x1a, 2), ==, 0xffff);
    guest_set_common(guest, 0x10, 2, 0);
    g_assert_cmphex(guest_common(guest, 0x10, 2), ==, 0);
    guest_set_common(guest, 0x10, 2, 1000);
    g_assert_cmphex(guest_common(guest, 0x10, 2), ==, 0xffff);
    // Enabling is for good.
    guest_set_common(guest, 0x1c, 2, 2);
    g_assert_cmpuint(guest_common(guest, 0x1c, 2), ==, 0);
    guest_set_common(guest, 0x1c, 2, 1);
    guest_set_common(guest, 0x1c, 2, 0);
    guest_set_common(guest, 0x18, 2, 32);
    guest_set_common(guest, 0x20, 4, 0);
    g_assert_cmpuint(guest_common(guest, 0x1c, 2), ==, 1);
    g_assert_cmpuint(guest_common(guest, 0x18, 2), ==, 16);
    g_assert_cmphex(guest_common(guest, 0x20, 4), ==, 0x55667788);
    guest_set_common(guest, 0x14, 1, 0);
    g_assert_cmpuint(guest_common(guest, 0x1c, 2), ==, 0);
    g_assert_cmpuint(guest_common(guest, 0x18, 2), ==, 256);
    g_assert_cmphex(guest_common(guest, 0x20, 8), ==, 0);
}

static void test_features(Fixture *fixture, gconstpointer data)
{
    Guest *guest = &fixture->guest;
    g_assert_false(guest_negotiate(guest, FEATURES)); // without VERSION_1
    g_assert_false(
        guest_negotiate(guest, VIRTIO_F_VERSION_1 | 1ULL << 33)); // ACCESS_PLATFORM was not offered
    g_assert_false(guest_negotiate(guest, VIRTIO_F_VERSION_1 | 1));
    // DRIVER_OK in spite of that starts nothing.
    guest_driver_ok(guest);
    g_assert_cmpuint(guest_status(guest), ==, 0x03);
    g_assert_cmpuint(fixture->starts, ==, 0);
    g_assert_true(guest_negotiate(guest, VIRTIO_F_VERSION_1 | 1ULL << 6));
    // They cannot change any more.
    guest_set_common(guest, 0x08, 4, 0);
    guest_set_common(guest, 0x0c, 4, 1);
    g_assert_cmphex(guest_common(guest, 0x0c, 4), ==, 1u << 6);
    guest_set_common(guest, 0x08, 4, 7);
    guest_set_common(guest, 0x0c, 4, 1);
    g_assert_cmphex(guest_common(guest, 0x0c, 4), ==, 0);
    guest_driver_ok(guest);
    g_assert_cmpuint(guest_status(guest), ==, 0x0f);
    settle(fixture);
    g_assert_cmphex(fixture->features, ==, VIRTIO_F_VERSION_1 | 1ULL << 6);
}

static void test_life(Fixture *fixture, gconstpointer data)
{
    Guest *guest = &fixture->guest;
    GuestQueue queue;
    g_assert_true(guest_negotiate(guest, VIRTIO_F_VERSION_1));
    guest_queue_setup(&queue, guest, 1, 8, 0x10000, VIRTIO_NO_VECTOR);
    guest_driver_ok(guest);
    guest_driver_ok(guest);
    settle(fixture);
    g_assert_cmpuint(fixture->starts, ==, 1);
    g_assert_null(virtio_pci_ring(fixture->pci, 0));
    g_assert_nonnull(virtio_pci_ring(fixture->pci, 1));
    // As SLOF goes: FAILED, then a reset.
    guest_set_common(guest, 0x14, 1, 0x80);
    settle(fixture);
    g_assert_cmpuint(fixture->stops, ==, 1);
    guest_set_common(guest, 0x14, 1, 0x0f); // not again before a reset
    settle(fixture);
    g_assert_cmpuint(fixture->starts, ==, 1);
    guest_set_common(guest, 0x14, 1, 0);
    g_assert_cmpuint(guest_status(guest), ==, 0);
    settle(fixture);
    g_assert_cmpuint(fixture->stops, ==, 1);
    g_assert_true(guest_negotiate(guest, VIRTIO_F_VERSION_1));
    guest_driver_ok(guest);
    settle(fixture);
    g_assert_cmpuint(fixture->starts, ==, 2);
    // A reset of the function stops it too.
    while (!pci_device_reset(guest->device))
        settle(fixture);
    settle(fixture);
    g_assert_cmpuint(fixture->stops, ==, 2);
    guest_place_bars(guest, GUEST_BAR1, GUEST_BAR4);
    g_assert_cmpuint(guest_status(guest), ==, 0);
}

// A disk that takes its time: nobody waits for it, and the reset is over when it is.
static void test_slow_reset(Fixture *fixture, gconstpointer data)
{
    Guest *guest = &fixture->guest;
    g_assert_true(guest_negotiate(guest, VIRTIO_F_VERSION_1));
    guest_driver_ok(guest);
    settle(fixture);
    fixture->slow = true;
    guest_set_common(guest, 0x14, 1, 0);
    g_assert_cmphex(guest_status(guest), !=, 0);
    // The driver does not look, and nothing comes of it.
    guest_set_common(guest, 0x14, 1, 0x0f);
    guest_set_common(guest, 0x16, 2, 2);
    g_assert_cmphex(guest_common(guest, 0x16, 2), ==, 0);
    g_assert_false(pci_device_reset(guest->device));
    guest_place_bars(guest, GUEST_BAR1, GUEST_BAR4);
    g_assert_cmphex(guest_status(guest), !=, 0);
    fixture->slow = false;
    iothread_call(fixture->iothread, end_io, fixture);
    g_assert_cmphex(guest_status(guest), ==, 0);
    g_assert_cmpuint(fixture->stops, ==, 1);
    g_assert_cmpuint(fixture->starts, ==, 1);
    g_assert_true(guest_negotiate(guest, VIRTIO_F_VERSION_1));
    guest_driver_ok(guest);
    settle(fixture);
    g_assert_cmpuint(fixture->starts, ==, 2);
}

// PCI 3.0, 6.2.2: without the bus master bit the device is held, and sends no message either.
static void test_master(Fixture *fixture, gconstpointer data)
{
    Guest *guest = &fixture->guest;
    g_assert_true(guest_negotiate(guest, VIRTIO_F_VERSION_1));
    guest_set_common(guest, 0x16, 2, 2);
    guest_set_common(guest, 0x1a, 2, 3);
    guest_enable_msix(guest);
    pci_device_write(guest->device, 0x04, 2, 2);
    guest_driver_ok(guest);
    settle(fixture);
    g_assert_cmpuint(fixture->starts, ==, 1);
    g_assert_cmpuint(fixture->holds, ==, 1);
    g_assert_cmpuint(fixture->resumes, ==, 0);
    virtio_pci_notify(fixture->pci, 2);
    g_assert_cmpuint(fake_kvm_edges(guest->vm, GUEST_SOURCE + 3), ==, 0);
    pci_device_write(guest->device, 0x04, 2, 6);
    settle(fixture);
    g_assert_cmpuint(fixture->resumes, ==, 1);
    g_assert_cmpuint(fake_kvm_edges(guest->vm, GUEST_SOURCE + 3), ==, 1);
    // Not waited for without end.
    fixture->slow = true;
    pci_device_write(guest->device, 0x04, 2, 2);
    g_assert_cmpuint(fixture->holds, ==, 2);
    // Back and forth: the last word counts.
    for (unsigned i = 0; i < 1000; i++)
        pci_device_write(guest->device, 0x04, 2, 6);
    settle(fixture);
    g_assert_cmpuint(fixture->resumes, ==, 2);
    fixture->slow = false;
    pci_device_write(guest->device, 0x04, 2, 2);
    g_assert_cmpuint(fixture->holds, ==, 3);
    guest_set_common(guest, 0x14, 1, 0);
    g_assert_cmphex(guest_status(guest), ==, 0);
    g_assert_cmpuint(fixture->stops, ==, 1);
}

static void test_bad_area(Fixture *fixture, gconstpointer data)
{
    Guest *guest = &fixture->guest;
    g_assert_true(guest_negotiate(guest, VIRTIO_F_VERSION_1));
    guest_enable_msix(guest);
    guest_set_common(guest, 0x10, 2, 0);
    guest_set_common(guest, 0x20, 8, GUEST_RAM);
    guest_set_common(guest, 0x1c, 2, 1);
    guest_driver_ok(guest);
    g_assert_cmpuint(guest_status(guest), ==, 0x4f);
    g_assert_cmpuint(fixture->starts, ==, 0);
    g_assert_cmpuint(fake_kvm_edges(guest->vm, GUEST_SOURCE), ==, 1);
    // NEEDS_RESET stays whatever is written, until the reset.
    guest_set_common(guest, 0x14, 1, 0x0f);
    g_assert_cmpuint(guest_status(guest), ==, 0x4f);
    guest_set_common(guest, 0x14, 1, 0);
    g_assert_cmpuint(guest_status(guest), ==, 0);
}

static void test_doorbells(Fixture *fixture, gconstpointer data)
{
    Guest *guest = &fixture->guest;
    g_assert_cmpuint(fake_kvm_ioeventfds(guest->vm), ==, QUEUES);
    for (unsigned i = 0; i < QUEUES; i++)
        g_assert_true(fake_kvm_store(guest->vm, GUEST_BAR4 + 0x3000 + 4 * i, 2));
    Doorbell *bell = virtio_pci_doorbell(fixture->pci, 1);
    g_assert_cmpstr(doorbell_name(bell), ==, "virtio-test0 queue 1");
    g_assert_cmpuint(doorbell_fired(bell), ==, 1);
    // What misses in the kernel rings from userspace.
    guest_store(guest, GUEST_BAR4 + 0x3004, 4, 1);
    g_assert_cmpuint(doorbell_fired(bell), ==, 2);
    g_assert_cmpuint(doorbell_rung(bell), ==, 1);
    // Not decoded: nothing answers.
    pci_device_write(guest->device, 0x04, 2, 4);
    uint64_t value;
    g_assert_cmpuint(fake_kvm_ioeventfds(guest->vm), ==, 0);
    g_assert_false(bus_write(guest->bus, GUEST_BAR4 + 0x3004, 2, 1));
    g_assert_false(bus_read(guest->bus, GUEST_BAR4, 4, &value));
    g_assert_false(bus_read(guest->bus, GUEST_BAR1, 4, &value));
    // Moved.
    guest_place_bars(guest, GUEST_BAR1 + 0x10000, GUEST_BAR4 + 0x4000);
    g_assert_false(bus_read(guest->bus, GUEST_BAR4, 4, &value));
    g_assert_true(bus_read(guest->bus, GUEST_BAR4 + 0x4000, 4, &value));
    g_assert_true(bus_read(guest->bus, GUEST_BAR1 + 0x10000, 4, &value));
    g_assert_false(fake_kvm_store(guest->vm, GUEST_BAR4 + 0x3004, 2));
    g_assert_true(fake_kvm_store(guest->vm, GUEST_BAR4 + 0x7004, 2));
    g_assert_cmpuint(doorbell_fired(bell), ==, 3);
    // Without the kernel.
    fake_kvm_refuse_ioeventfds(guest->vm, true);
    guest_place_bars(guest, GUEST_BAR1, GUEST_BAR4);
    g_assert_cmpuint(fake_kvm_ioeventfds(guest->vm), ==, 0);
    guest_store(guest, GUEST_BAR4 + 0x3004, 2, 1);
    g_assert_cmpuint(doorbell_fired(bell), ==, 4);
}

// While queue 0 is selected the kernel may swallow stores that select it again, and only then.
static void test_select_sink(Fixture *fixture, gconstpointer data)
{
    Guest *guest = &fixture->guest;
    g_assert_cmphex(fake_kvm_sink(guest->vm), ==, GUEST_BAR4 + 0x16);
    guest_set_common(guest, 0x16, 2, 2);
    g_assert_cmphex(fake_kvm_sink(guest->vm), ==, 0);
    guest_set_common(guest, 0x16, 2, 0);
    g_assert_cmphex(fake_kvm_sink(guest->vm), ==, GUEST_BAR4 + 0x16);
    guest_place_bars(guest, GUEST_BAR1, GUEST_BAR4 + 0x100000);
    g_assert_cmphex(fake_kvm_sink(guest->vm), ==, GUEST_BAR4 + 0x100016);
    guest_place_bars(guest, GUEST_BAR1, GUEST_BAR4);
    guest_set_common(guest, 0x16, 2, 1);
    guest_set_common(guest, 0x14, 1, 0); // a reset selects queue 0
    g_assert_cmphex(fake_kvm_sink(guest->vm), ==, GUEST_BAR4 + 0x16);
    pci_device_write(guest->device, 4, 2, 0); // COMMAND.MEM off
    g_assert_cmphex(fake_kvm_sink(guest->vm), ==, 0);
}

static void test_config(Fixture *fixture, gconstpointer data)
{
    Guest *guest = &fixture->guest;
    uint8_t bytes[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    virtio_pci_set_config(fixture->pci, bytes);
    g_assert_cmphex(guest_common(guest, 0x2000, 8), ==, 0x0807060504030201);
    g_assert_cmphex(guest_common(guest, 0x2008, 4), ==, 0x0c0b0a09);
    g_assert_cmphex(guest_common(guest, 0x2008, 8), ==, 0); // reaches past the end
    g_assert_cmphex(guest_common(guest, 0x200c, 1), ==, 0);
    uint64_t generation = guest_common(guest, 0x15, 1);
    g_assert_true(guest_negotiate(guest, VIRTIO_F_VERSION_1));
    guest_enable_msix(guest);
    guest_set_common(guest, 0x10, 2, 0);
    guest_driver_ok(guest);
    virtio_pci_set_config(fixture->pci, bytes); // no change
    g_assert_cmpuint(guest_common(guest, 0x15, 1), ==, generation);
    g_assert_cmpuint(fake_kvm_edges(guest->vm, GUEST_SOURCE), ==, 0);
    bytes[0] = 9;
    virtio_pci_set_config(fixture->pci, bytes);
    g_assert_cmpuint(guest_common(guest, 0x15, 1), !=, generation);
    g_assert_cmpuint(fake_kvm_edges(guest->vm, GUEST_SOURCE), ==, 1);
    guest_set_common(guest, 0x2004, 4, 0x12345678);
    g_assert_cmphex(fixture->written, ==, 4ULL << 32 | 0x12345678);
    guest_set_common(guest, 0x200a, 4, 1); // reaches past the end
    g_assert_cmphex(fixture->written, ==, 4ULL << 32 | 0x12345678);
}

static void test_interrupts(Fixture *fixture, gconstpointer data)
{
    Guest *guest = &fixture->guest;
    g_assert_true(guest_negotiate(guest, VIRTIO_F_VERSION_1));
    guest_set_common(guest, 0x16, 2, 2);
    guest_set_common(guest, 0x1a, 2, 3);
    guest_driver_ok(guest);
    // Without MSI-X the ISR byte says it, once.
    virtio_pci_notify(fixture->pci, 2);
    g_assert_cmphex(guest_common(guest, 0x1000, 1), ==, 1);
    g_assert_cmphex(guest_common(guest, 0x1000, 1), ==, 0);
    guest_enable_msix(guest);
    virtio_pci_notify(fixture->pci, 2);
    virtio_pci_notify(fixture->pci, 1); // no vector
    g_assert_cmpuint(fake_kvm_edges(guest->vm, GUEST_SOURCE + 3), ==, 1);
    g_assert_cmpuint(fake_kvm_edges(guest->vm, GUEST_SOURCE + 2), ==, 0);
    g_assert_cmphex(guest_common(guest, 0x1000, 1), ==, 0);
    guest_mask_vector(guest, 3, true);
    virtio_pci_notify(fixture->pci, 2);
    g_assert_cmpuint(fake_kvm_edges(guest->vm, GUEST_SOURCE + 3), ==, 0);
    guest_mask_vector(guest, 3, false);
    g_assert_cmpuint(fake_kvm_edges(guest->vm, GUEST_SOURCE + 3), ==, 1);
    // Needs reset: told once.
    guest_set_common(guest, 0x10, 2, 0);
    virtio_pci_needs_reset(fixture->pci);
    virtio_pci_needs_reset(fixture->pci);
    g_assert_cmpuint(fake_kvm_edges(guest->vm, GUEST_SOURCE), ==, 1);
    g_assert_cmphex(guest_status(guest), ==, 0x4f);
}

// Registers by configuration accesses alone (4.1.4.9).
static void test_window(Fixture *fixture, gconstpointer data)
{
    Guest *guest = &fixture->guest;
    PciDevice *device = guest->device;
    unsigned at = guest_find_capability(guest, 5);
    pci_device_write(device, 0x04, 2, 0); // even while the BAR is not decoded
    pci_device_write(device, at + 4, 1, 4);
    pci_device_write(device, at + 8, 4, 0x12);
    pci_device_write(device, at + 12, 4, 2);
    g_assert_cmphex(pci_device_read(device, at + 16, 2), ==, QUEUES);
    g_assert_cmphex(pci_device_read(device, at + 16, 4), ==, QUEUES);
    pci_device_write(device, at + 8, 4, 0x16);
    pci_device_write(device, at + 16, 2, 2);
    g_assert_cmphex(pci_device_read(device, at + 16, 2), ==, 2);
    // A notification.
    pci_device_write(device, at + 8, 4, 0x3008);
    pci_device_write(device, at + 16, 2, 2);
    g_assert_cmpuint(doorbell_fired(virtio_pci_doorbell(fixture->pci, 2)), ==, 1);
    // Nonsense.
    static const uint32_t nonsense[][3] = { { 1, 0, 4 }, { 4, 0x4000, 4 }, { 4, 0xfffffffe, 2 }, { 4, 1, 2 },
        { 4, 0, 3 }, { 4, 0, 0 }, { 4, 0, 8 }, { 0xff, 0, 4 }, { 4, 0x3000 + 4 * QUEUES, 2 },
        { 4, 0x3ffe, 2 } };
    for (size_t i = 0; i < G_N_ELEMENTS(nonsense); i++) {
        pci_device_write(device, at + 4, 1, nonsense[i][0]);
        pci_device_write(device, at + 8, 4, nonsense[i][1]);
        pci_device_write(device, at + 12, 4, nonsense[i][2]);
        pci_device_write(device, at + 16, 4, 0xffffffff);
        g_assert_cmphex(pci_device_read(device, at + 16, 4), ==, 0);
    }
    guest_place_bars(guest, GUEST_BAR1, GUEST_BAR4);
    g_assert_cmpuint(guest_status(guest), ==, 0);
}

static void add(const char *path, void (*test)(Fixture *, gconstpointer))
{
    g_test_add(path, Fixture, NULL, open_device, test, close_device);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/virtio-pci/identity", test_identity);
    add("/virtio-pci/reset-values", test_reset_values);
    add("/virtio-pci/queue-registers", test_queue_registers);
    add("/virtio-pci/features", test_features);
    add("/virtio-pci/life", test_life);
    add("/virtio-pci/slow-reset", test_slow_reset);
    add("/virtio-pci/master", test_master);
    add("/virtio-pci/bad-area", test_bad_area);
    add("/virtio-pci/doorbells", test_doorbells);
    add("/virtio-pci/select-sink", test_select_sink);
    add("/virtio-pci/config", test_config);
    add("/virtio-pci/interrupts", test_interrupts);
    add("/virtio-pci/window", test_window);
    return g_test_run();
}
