// The modern virtio PCI function (virtio 1.2, 4.1): its BARs, capabilities, doorbells and interrupts.
#include "pci.h"
#include "lparun/bytes.h"
#include "lparun/papr.h"
#include <sys/eventfd.h>

#define VENDOR_VIRTIO 0x1af4
#define DEVICE_MODERN 0x1040    // plus the device type (4.1.2.1)
#define SUBSYSTEM_MODERN 0x1100 // anything from 0x40 on
#define BAR_MSIX 1
#define BAR_VIRTIO 4
#define BAR_VIRTIO_SIZE 0x4000
#define QUEUES_MAX ((BAR_VIRTIO_SIZE - REGION_NOTIFY) / NOTIFY_MULTIPLIER)

#define CAPABILITY_VENDOR 0x09
#define CAPABILITY_COMMON 1
#define CAPABILITY_NOTIFY 2
#define CAPABILITY_ISR 3
#define CAPABILITY_DEVICE 4
#define CAPABILITY_PCI 5

// Offsets in a capability (4.1.4).
#define CAP_BAR 4
#define CAP_OFFSET 8
#define CAP_LENGTH 12
#define CAP_EXTRA 16 // NOTIFY: the multiplier, PCI: the data

static uint64_t bus_read_registers(void *owner, uint64_t offset, unsigned size)
{
    return virtio_registers_read(owner, (unsigned)offset, size);
}

static void bus_write_registers(void *owner, uint64_t offset, unsigned size, uint64_t value)
{
    virtio_registers_write(owner, (unsigned)offset, size, value);
}

static const BusOps register_ops = { .read = bus_read_registers, .write = bus_write_registers };

static void bar_moved(void *owner, unsigned bar, uint64_t address)
{
    VirtioPci *pci = owner;
    if (bar == BAR_MSIX) {
        msix_moved(pci->msix, address);
        return;
    }
    if (address == PCI_UNMAPPED)
        bus_range_unmap(pci->registers);
    else
        bus_range_map(pci->registers, address, REGISTERS_SIZE);
    g_mutex_lock(&pci->lock);
    pci->registers_at = address;
    virtio_registers_place_sink(pci);
    g_mutex_unlock(&pci->lock);
    for (unsigned i = 0; i < pci->queues; i++) {
        if (address == PCI_UNMAPPED)
            doorbell_remove(pci->queue[i].doorbell);
        else
            doorbell_place(pci->queue[i].doorbell, address + REGION_NOTIFY + i * NOTIFY_MULTIPLIER);
    }
}

// The access that the PCI_CFG capability (4.1.4.9) asks for. False when its fields make no sense.
static bool window_target(const VirtioPci *pci, uint32_t *offset, unsigned *size)
{
    const uint8_t *capability = pci_device_config(pci->function) + pci->window_capability;
    *offset = (uint32_t)le_bytes_get(capability + CAP_OFFSET, 4);
    *size = (unsigned)le_bytes_get(capability + CAP_LENGTH, 4);
    return capability[CAP_BAR] == BAR_VIRTIO && (*size == 1 || *size == 2 || *size == 4) &&
           *offset % *size == 0 && *offset < BAR_VIRTIO_SIZE;
}

static uint32_t window_read(void *owner, unsigned offset, unsigned size)
{
    VirtioPci *pci = owner;
    uint32_t at;
    unsigned width;
    if (!window_target(pci, &at, &width) || at >= REGISTERS_SIZE)
        return 0;
    return (uint32_t)(virtio_registers_read(pci, at, width) >> (8 * offset));
}

static void window_write(void *owner, unsigned offset, unsigned size, uint32_t value)
{
    VirtioPci *pci = owner;
    uint32_t at;
    unsigned width;
    if (offset || !window_target(pci, &at, &width) || size < width)
        return;
    if (width < 4)
        value &= (1u << (8 * width)) - 1;
    if (at < REGISTERS_SIZE)
        virtio_registers_write(pci, at, width, value);
    else if ((at - REGION_NOTIFY) / NOTIFY_MULTIPLIER < pci->queues)
        eventfd_write(doorbell_fd(pci->queue[(at - REGION_NOTIFY) / NOTIFY_MULTIPLIER].doorbell), 1);
}

static void set_master(void *owner, bool master)
{
    virtio_registers_set_master(owner, master);
}

static bool function_reset(void *owner)
{
    return virtio_registers_reset(owner);
}

static const PciDeviceOps function_ops = {
    .bar_moved = bar_moved,
    .window_read = window_read,
    .window_write = window_write,
    .set_master = set_master,
    .reset = function_reset,
};

static unsigned add_capability(VirtioPci *pci, uint8_t kind, uint32_t offset, uint32_t length, bool extra)
{
    uint8_t body[18] = { 0 }; // without the two bytes of ID and link that come before it
    unsigned size = extra ? 18 : 14;
    body[0] = (uint8_t)(size + 2);
    body[1] = kind;
    if (kind != CAPABILITY_PCI)
        body[CAP_BAR - 2] = BAR_VIRTIO;
    le_bytes_put(body + CAP_OFFSET - 2, 4, offset);
    le_bytes_put(body + CAP_LENGTH - 2, 4, length);
    if (kind == CAPABILITY_NOTIFY)
        le_bytes_put(body + CAP_EXTRA - 2, 4, NOTIFY_MULTIPLIER);
    return pci_device_add_capability(pci->function, CAPABILITY_VENDOR, body, size);
}

static void add_capabilities(VirtioPci *pci)
{
    add_capability(pci, CAPABILITY_COMMON, REGION_COMMON, COMMON_SIZE, false);
    add_capability(pci, CAPABILITY_ISR, REGION_ISR, 1, false);
    add_capability(pci, CAPABILITY_DEVICE, REGION_DEVICE, MAX(pci->type->config_size, 4), false);
    add_capability(pci, CAPABILITY_NOTIFY, REGION_NOTIFY, pci->queues * NOTIFY_MULTIPLIER, true);
    unsigned window = add_capability(pci, CAPABILITY_PCI, 0, 0, true);
    pci->window_capability = window;
    pci_device_set_writable(pci->function, window + CAP_BAR, 1, 0xff);
    pci_device_set_writable(pci->function, window + CAP_OFFSET, 4, 0xffffffff);
    pci_device_set_writable(pci->function, window + CAP_LENGTH, 4, 0xffffffff);
    pci_device_set_window(pci->function, window + CAP_EXTRA, 4);
}

static void add_function(VirtioPci *pci)
{
    const PciIdentity identity = {
        .vendor = VENDOR_VIRTIO,
        .device = (uint16_t)(DEVICE_MODERN + pci->type->type),
        .subsystem_vendor = VENDOR_VIRTIO,
        .subsystem = SUBSYSTEM_MODERN,
        .class_code = pci->type->class_code,
        .revision = 1, // 4.1.2.1: not a transitional device
    };
    pci->function = pci_device_new(&identity, &function_ops, pci);
    pci_device_add_bar(pci->function, BAR_VIRTIO, PCI_BAR_MEM64, BAR_VIRTIO_SIZE);
    add_capabilities(pci);
}

static bool add_doorbells(VirtioPci *pci, const char *id, GError **error)
{
    for (unsigned i = 0; i < pci->queues; i++) {
        g_autofree char *name = g_strdup_printf("%s queue %u", id, i);
        pci->queue[i].doorbell = doorbell_new(pci->context.vm, pci->context.doorbell_bus, name, error);
        if (!pci->queue[i].doorbell)
            return false;
    }
    return true;
}

VirtioPci *virtio_pci_new(const VirtioContext *context, const char *id, const VirtioPciType *type,
    void *owner, Iothread *iothread, uint64_t features, unsigned queues, uint32_t first_source,
    GError **error)
{
    g_assert(queues > 0 && queues <= QUEUES_MAX && virtio_pci_vectors(queues) <= SOURCE_MSI_SLOT &&
             type->config_size <= VIRTIO_CONFIG_MAX);
    VirtioPci *pci = g_malloc0(sizeof *pci + queues * sizeof pci->queue[0]);
    pci->context = *context;
    pci->name = g_strdup(id);
    pci->type = type;
    pci->owner = owner;
    pci->offered = features | VIRTIO_F_VERSION_1;
    pci->queues = queues;
    g_mutex_init(&pci->lock);
    virtio_run_init(pci, iothread);
    pci->registers = bus_add_range(context->bus, &register_ops, pci);
    pci->registers_at = PCI_UNMAPPED;
    add_function(pci);
    pci->select_sink = sink_new(context->vm, error);
    if (pci->select_sink && add_doorbells(pci, id, error))
        pci->msix = msix_new(pci->function, context->bus, context->interrupts, BAR_MSIX,
            virtio_pci_vectors(queues), first_source, error);
    if (!pci->msix) {
        pci_device_free(pci->function);
        virtio_pci_free(pci);
        return NULL;
    }
    virtio_registers_reset(pci);
    return pci;
}

void virtio_pci_free(VirtioPci *pci)
{
    if (!pci)
        return;
    virtio_run_clear(pci);
    for (unsigned i = 0; i < pci->queues; i++)
        doorbell_free(pci->queue[i].doorbell);
    sink_free(pci->select_sink);
    bus_range_free(pci->registers);
    msix_free(pci->msix);
    g_mutex_clear(&pci->lock);
    g_free(pci->name);
    g_free(pci);
}

const char *virtio_pci_name(const VirtioPci *pci)
{
    return pci->name;
}

void virtio_pci_withhold(VirtioPci *pci, uint64_t features)
{
    pci->offered &= ~features;
}

PciDevice *virtio_pci_device(VirtioPci *pci)
{
    return pci->function;
}

Doorbell *virtio_pci_doorbell(VirtioPci *pci, unsigned queue)
{
    return pci->queue[queue].doorbell;
}

VirtioRing *virtio_pci_ring(VirtioPci *pci, unsigned queue)
{
    return pci->queue[queue].enabled ? &pci->queue[queue].ring : NULL;
}

static void interrupt(VirtioPci *pci, uint16_t vector, uint8_t isr)
{
    // 4.1.4.5: the ISR byte is for drivers without MSI-X, which poll it, as there is no interrupt pin.
    if (msix_enabled(pci->msix))
        msix_send(pci->msix, vector);
    else
        atomic_fetch_or(&pci->isr, isr);
}

void virtio_pci_set_config(VirtioPci *pci, const void *config)
{
    g_mutex_lock(&pci->lock);
    bool changed = memcmp(pci->config, config, pci->type->config_size) != 0;
    if (changed) {
        memcpy(pci->config, config, pci->type->config_size);
        pci->generation++; // 2.5.1: a driver that read half of the old and half of the new reads again
    }
    if (changed && pci->running)
        interrupt(pci, pci->config_vector, ISR_CONFIG);
    g_mutex_unlock(&pci->lock);
}

void virtio_pci_notify(VirtioPci *pci, unsigned queue)
{
    interrupt(pci, atomic_load_explicit(&pci->queue[queue].vector, memory_order_relaxed), ISR_QUEUE);
}

void virtio_pci_needs_reset(VirtioPci *pci)
{
    uint8_t before = atomic_fetch_or(&pci->status, VIRTIO_STATUS_NEEDS_RESET);
    if (before & VIRTIO_STATUS_DRIVER_OK && !(before & VIRTIO_STATUS_NEEDS_RESET))
        interrupt(pci, pci->config_vector, ISR_CONFIG);
}
