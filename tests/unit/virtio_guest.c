// A virtio driver for tests.
#include "virtio_guest.h"
#include "lparun/bytes.h"

#define WAIT (20 * G_TIME_SPAN_SECOND)

void guest_open(Guest *guest)
{
    *guest = (Guest){ .vm = fake_kvm_new(), .bus = bus_new(), .memory = guest_memory_new(GUEST_RAM, NULL) };
    guest->interrupts = interrupt_controller_new(guest->vm, NULL);
    guest->context = (VirtioContext){ guest->vm, guest->bus, guest->bus, guest->memory, guest->interrupts };
}

void guest_close(Guest *guest)
{
    pci_device_free(guest->device);
    interrupt_controller_free(guest->interrupts);
    bus_free(guest->bus);
    guest_memory_free(guest->memory);
    kvm_vm_close(guest->vm);
}

static uint64_t translate(void *bridge, PciBarKind kind, uint64_t bar, uint64_t size)
{
    return bar >= 1ULL << 44 || kind == PCI_BAR_MEM64 ? bar : bar + 0x200000000000ULL;
}

void guest_place_bars(Guest *guest, uint64_t bar1, uint64_t bar4)
{
    pci_device_write(guest->device, 0x04, 2, 0);
    pci_device_write(guest->device, 0x14, 4, (uint32_t)bar1);
    pci_device_write(guest->device, 0x20, 4, (uint32_t)bar4);
    pci_device_write(guest->device, 0x24, 4, (uint32_t)(bar4 >> 32));
    pci_device_write(guest->device, 0x04, 2, 6);
}

void guest_plug(Guest *guest, PciDevice *device)
{
    guest->device = device;
    pci_device_attach(device, translate, guest);
    guest_place_bars(guest, GUEST_BAR1, GUEST_BAR4);
}

unsigned guest_find_capability(Guest *guest, uint8_t type)
{
    unsigned at = pci_device_read(guest->device, 0x34, 1);
    for (unsigned left = 48; at && left; left--, at = pci_device_read(guest->device, at + 1, 1))
        if (pci_device_read(guest->device, at, 1) == 9 && pci_device_read(guest->device, at + 3, 1) == type)
            return at;
    return 0;
}

uint64_t guest_load(Guest *guest, uint64_t gpa, unsigned size)
{
    uint64_t value = 0;
    g_assert_true(bus_read(guest->bus, gpa, size, &value));
    return value;
}

void guest_store(Guest *guest, uint64_t gpa, unsigned size, uint64_t value)
{
    bool swallowed = size == 2 && value == 0 && gpa == fake_kvm_sink(guest->vm); // as KVM does
    if (!swallowed && !fake_kvm_store(guest->vm, gpa, size))
        g_assert_true(bus_write(guest->bus, gpa, size, value));
}

uint64_t guest_common(Guest *guest, unsigned offset, unsigned size)
{
    return guest_load(guest, GUEST_BAR4 + offset, size);
}

void guest_set_common(Guest *guest, unsigned offset, unsigned size, uint64_t value)
{
    guest_store(guest, GUEST_BAR4 + offset, size, value);
}

uint8_t guest_status(Guest *guest)
{
    return (uint8_t)guest_common(guest, 0x14, 1);
}

uint64_t guest_offered(Guest *guest)
{
    guest_set_common(guest, 0x00, 4, 0);
    uint64_t low = guest_common(guest, 0x04, 4);
    guest_set_common(guest, 0x00, 4, 1);
    return low | guest_common(guest, 0x04, 4) << 32;
}

void guest_reset(Guest *guest)
{
    guest_set_common(guest, 0x14, 1, 0);
    for (gint64 end = g_get_monotonic_time() + WAIT; guest_status(guest) != 0; g_usleep(100))
        g_assert_cmpint(g_get_monotonic_time(), <, end);
}

bool guest_negotiate(Guest *guest, uint64_t features)
{
    guest_reset(guest);
    guest_set_common(guest, 0x14, 1, VIRTIO_STATUS_ACKNOWLEDGE);
    guest_set_common(guest, 0x14, 1, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
    guest_set_common(guest, 0x08, 4, 0);
    guest_set_common(guest, 0x0c, 4, (uint32_t)features);
    guest_set_common(guest, 0x08, 4, 1);
    guest_set_common(guest, 0x0c, 4, features >> 32);
    guest_set_common(guest, 0x14, 1, 0x0b);
    return guest_status(guest) & VIRTIO_STATUS_FEATURES_OK;
}

void guest_driver_ok(Guest *guest)
{
    guest_set_common(guest, 0x14, 1, 0x0f);
}

static unsigned msix_capability(Guest *guest)
{
    unsigned at = pci_device_read(guest->device, 0x34, 1);
    while (pci_device_read(guest->device, at, 1) != 0x11)
        at = pci_device_read(guest->device, at + 1, 1);
    return at;
}

void guest_mask_vector(Guest *guest, unsigned vector, bool masked)
{
    guest_store(guest, GUEST_BAR1 + 16 * vector + 12, 4, masked);
}

void guest_enable_msix(Guest *guest)
{
    Msix *msix = pci_device_msix(guest->device);
    msix_grant(msix, msix_vectors(msix));
    pci_device_write(guest->device, msix_capability(guest) + 2, 2, 0x8000);
    for (unsigned i = 0; i < msix_vectors(msix); i++)
        guest_mask_vector(guest, i, false);
}

static void put(Guest *guest, uint64_t gpa, unsigned size, uint64_t value)
{
    uint8_t *at = guest_memory_write_at(guest->memory, gpa, size);
    if (size == 2)
        __atomic_store_n((uint16_t *)at, le16_make((uint16_t)value).raw, __ATOMIC_SEQ_CST);
    else
        le_bytes_put(at, size, value);
}

static uint16_t get16(Guest *guest, uint64_t gpa)
{
    const uint16_t *at = guest_memory_write_at(guest->memory, gpa, 2);
    return le16_get((le16){ __atomic_load_n(at, __ATOMIC_SEQ_CST) });
}

static void set_area(Guest *guest, unsigned offset, uint64_t gpa)
{
    guest_set_common(guest, offset, 4, (uint32_t)gpa);
    guest_set_common(guest, offset + 4, 4, gpa >> 32);
}

void guest_queue_setup(
    GuestQueue *queue, Guest *guest, unsigned index, unsigned size, uint64_t base, unsigned vector)
{
    *queue = (GuestQueue){
        .guest = guest,
        .index = index,
        .size = size,
        .descriptors = base,
        .avail = base + 16 * size,
        .used = base + 0x2000,
        .tables = base + 0x3000,
    };
    memset(guest_memory_write_at(guest->memory, base, 0x3000), 0, 0x3000);
    guest_set_common(guest, 0x16, 2, index);
    guest_set_common(guest, 0x18, 2, size);
    g_assert_cmpuint(guest_common(guest, 0x18, 2), ==, size);
    guest_set_common(guest, 0x1a, 2, vector);
    set_area(guest, 0x20, queue->descriptors);
    set_area(guest, 0x28, queue->avail);
    set_area(guest, 0x30, queue->used);
    guest_set_common(guest, 0x1c, 2, 1);
}

void guest_set_table(GuestQueue *queue, uint64_t table, unsigned index, uint64_t gpa, uint32_t length,
    unsigned flags, unsigned next)
{
    put(queue->guest, table + 16 * index, 8, gpa);
    put(queue->guest, table + 16 * index + 8, 4, length);
    put(queue->guest, table + 16 * index + 12, 2, flags);
    put(queue->guest, table + 16 * index + 14, 2, next);
}

void guest_set_descriptor(
    GuestQueue *queue, unsigned index, uint64_t gpa, uint32_t length, unsigned flags, unsigned next)
{
    guest_set_table(queue, queue->descriptors, index, gpa, length, flags, next);
}

void guest_set_avail_index(GuestQueue *queue, uint16_t index)
{
    queue->avail_index = index;
    put(queue->guest, queue->avail + 2, 2, index);
}

void guest_offer(GuestQueue *queue, uint16_t head)
{
    put(queue->guest, queue->avail + 4 + 2 * (queue->avail_index % queue->size), 2, head);
    guest_set_avail_index(queue, (uint16_t)(queue->avail_index + 1));
}

uint16_t guest_add(GuestQueue *queue, const GuestBuffer *buffers, unsigned count, bool indirect)
{
    // Descriptors in a circle: tests never have more of them in flight than there are.
    unsigned first = indirect ? 0 : queue->next_descriptor;
    unsigned head = queue->next_descriptor;
    uint64_t table = indirect ? queue->tables + 0x1000 * head : queue->descriptors;
    for (unsigned i = 0; i < count; i++) {
        unsigned at = (first + i) % (indirect ? 256 : queue->size);
        unsigned flags = (buffers[i].write ? DESC_WRITE : 0) | (i + 1 < count ? DESC_NEXT : 0);
        guest_set_table(queue, table, at, buffers[i].gpa, buffers[i].length, flags,
            indirect ? i + 1 : (at + 1) % queue->size);
    }
    if (indirect)
        guest_set_descriptor(queue, head, table, 16 * count, DESC_INDIRECT, 0);
    queue->next_descriptor = (head + (indirect ? 1 : count)) % queue->size;
    guest_offer(queue, (uint16_t)head);
    return (uint16_t)head;
}

void guest_set_avail_flags(GuestQueue *queue, uint16_t flags)
{
    put(queue->guest, queue->avail, 2, flags);
}

void guest_set_used_event(GuestQueue *queue, uint16_t index)
{
    put(queue->guest, queue->avail + 4 + 2 * queue->size, 2, index);
}

uint16_t guest_used_flags(GuestQueue *queue)
{
    return get16(queue->guest, queue->used);
}

uint16_t guest_avail_event(GuestQueue *queue)
{
    return get16(queue->guest, queue->used + 4 + 8 * queue->size);
}

uint16_t guest_used_index(GuestQueue *queue)
{
    return get16(queue->guest, queue->used + 2);
}

void guest_kick(GuestQueue *queue)
{
    Guest *guest = queue->guest;
    guest_set_common(guest, 0x16, 2, queue->index);
    uint64_t offset = guest_common(guest, 0x1e, 2);
    guest_store(guest, GUEST_BAR4 + 0x3000 + 4 * offset, 2, queue->index);
}

bool guest_wait_used(GuestQueue *queue, uint32_t *head, uint32_t *length)
{
    gint64 end = g_get_monotonic_time() + WAIT;
    while (guest_used_index(queue) == queue->used_seen) {
        if (g_get_monotonic_time() > end)
            return false;
        g_usleep(50);
    }
    uint64_t element = queue->used + 4 + 8 * (queue->used_seen++ % queue->size);
    const uint8_t *bytes = guest_memory_write_at(queue->guest->memory, element, 8);
    if (head)
        *head = (uint32_t)le_bytes_get(bytes, 4);
    if (length)
        *length = (uint32_t)le_bytes_get(bytes + 4, 4);
    return true;
}

bool guest_wait_status(Guest *guest, uint8_t bits)
{
    gint64 end = g_get_monotonic_time() + WAIT;
    while ((guest_status(guest) & bits) != bits) {
        if (g_get_monotonic_time() > end)
            return false;
        g_usleep(50);
    }
    return true;
}
