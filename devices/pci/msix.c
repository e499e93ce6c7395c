// MSI-X: vectors that are sources of the interrupt controller, with the table and the pending bits that the
// guest sees.
//
// The platform owns the messages (LoPAR 7.3.10.5.1: ibm,change-msi writes them), so the table's addresses and
// data are read-only to the guest and a vector is always the same interrupt line; the guest's mask bits
// count. Everything that msix_send() reads is an atomic of its own, because it runs for each batch of
// completions.
#include "lparun/pci.h"
#include "lparun/bytes.h"
#include "lparun/error.h"
#include <stdatomic.h>

#define CAPABILITY_MSIX 0x11
#define CONTROL_ENABLE 0x8000
#define CONTROL_MASK_ALL 0x4000
#define CONTROL_MASTER 0x10000 // not of the register: the function may send messages
#define TABLE_SIZE 0x800       // bytes of the table in the BAR; the pending bits come behind it
#define ENTRY_SIZE 16
#define BAR_SIZE 4096
#define MESSAGE_ADDRESS                                                                                      \
    0x40000000000ULL // any address of a bridge's own will do: nothing is ever written there

struct Msix {
    PciDevice *device;
    BusRange *range;
    unsigned capability; // its offset
    unsigned vectors;
    uint32_t first_source;
    _Atomic uint32_t control; // ENABLE, MASK_ALL and MASTER as the guest set them
    _Atomic uint32_t granted; // vectors with a message
    struct {
        InterruptLine *line;
        atomic_bool masked, pending;
    } vector[];
};

static bool is_masked(Msix *msix, unsigned vector)
{
    bool may_send = (atomic_load(&msix->control) & (CONTROL_MASK_ALL | CONTROL_MASTER)) == CONTROL_MASTER;
    return !may_send || atomic_load(&msix->vector[vector].masked);
}

// Delivers what is pending unless it is still masked. Both sides store first and look at the other's store
// then (all sequentially consistent), so of a send and an unmask that meet, at least one sees the other; the
// exchange lets only one of them deliver.
static void deliver_pending(Msix *msix, unsigned vector)
{
    if (!is_masked(msix, vector) && atomic_exchange(&msix->vector[vector].pending, false))
        interrupt_line_pulse(msix->vector[vector].line);
}

bool msix_enabled(const Msix *msix)
{
    return atomic_load_explicit(&msix->control, memory_order_relaxed) & CONTROL_ENABLE;
}

void msix_send(Msix *msix, unsigned vector)
{
    if (!msix_enabled(msix) || vector >= atomic_load_explicit(&msix->granted, memory_order_relaxed))
        return;
    if (!is_masked(msix, vector)) {
        interrupt_line_pulse(msix->vector[vector].line);
        return;
    }
    atomic_store(&msix->vector[vector].pending, true);
    deliver_pending(msix, vector);
}

// One of the 32-bit words of the BAR.
static uint32_t read_word(Msix *msix, unsigned offset)
{
    if (offset >= TABLE_SIZE) {
        uint32_t bits = 0;
        unsigned first = (offset - TABLE_SIZE) * 8;
        for (unsigned i = 0; i < 32 && first + i < msix->vectors; i++)
            bits |= (uint32_t)atomic_load(&msix->vector[first + i].pending) << i;
        return bits;
    }
    unsigned vector = offset / ENTRY_SIZE;
    if (vector >= msix->vectors)
        return 0;
    if (offset % ENTRY_SIZE == 12)
        return atomic_load(&msix->vector[vector].masked);
    if (vector >= atomic_load(&msix->granted))
        return 0;
    switch (offset % ENTRY_SIZE) {
    case 0:
        return (uint32_t)MESSAGE_ADDRESS;
    case 4:
        return (uint32_t)(MESSAGE_ADDRESS >> 32);
    default:
        return msix_source(msix, vector);
    }
}

static uint64_t table_read(void *owner, uint64_t offset, unsigned size)
{
    unsigned at = (unsigned)offset & ~3u;
    uint8_t bytes[16] = { 0 }; // an access of 8 bytes that is not aligned touches three words
    for (unsigned i = 0; i < 3 && at + 4 * i < BAR_SIZE; i++)
        le_bytes_put(bytes + 4 * i, 4, read_word(owner, at + 4 * i));
    return le_bytes_get(bytes + (offset & 3), size);
}

static void table_write(void *owner, uint64_t offset, unsigned size, uint64_t value)
{
    Msix *msix = owner;
    // Only the byte with the mask bit, the lowest of an entry's last word, can be changed.
    for (unsigned i = 0; i < size; i++, value >>= 8) {
        unsigned at = (unsigned)offset + i;
        unsigned vector = at / ENTRY_SIZE;
        if (at >= TABLE_SIZE || at % ENTRY_SIZE != 12 || vector >= msix->vectors)
            continue;
        atomic_store(&msix->vector[vector].masked, value & 1);
        deliver_pending(msix, vector);
    }
}

static const BusOps table_ops = { .read = table_read, .write = table_write };

Msix *msix_new(PciDevice *device, Bus *bus, InterruptController *controller, unsigned bar, unsigned vectors,
    uint32_t first_source, GError **error)
{
    g_assert(vectors > 0 && vectors <= TABLE_SIZE / ENTRY_SIZE);
    Msix *msix = g_malloc0(sizeof *msix + vectors * sizeof msix->vector[0]);
    msix->device = device;
    msix->vectors = vectors;
    msix->first_source = first_source;
    for (unsigned i = 0; i < vectors; i++) {
        msix->vector[i].line = interrupt_line_new(controller, first_source + i, error);
        if (!msix->vector[i].line) {
            msix_free(msix);
            return NULL;
        }
    }
    // PCI 3.0, 6.8.2: control, then table and pending bits as an offset with the BAR's number in its low
    // bits.
    uint8_t body[10];
    le_bytes_put(body, 2, vectors - 1);
    le_bytes_put(body + 2, 4, bar);
    le_bytes_put(body + 6, 4, TABLE_SIZE | bar);
    msix->capability = pci_device_add_capability(device, CAPABILITY_MSIX, body, sizeof body);
    pci_device_set_writable(device, msix->capability + 2, 2, CONTROL_ENABLE | CONTROL_MASK_ALL);
    pci_device_add_bar(device, bar, PCI_BAR_MEM32, BAR_SIZE);
    pci_device_set_msix(device, msix);
    msix->range = bus_add_range(bus, &table_ops, msix);
    msix_reset(msix);
    return msix;
}

void msix_free(Msix *msix)
{
    if (!msix)
        return;
    bus_range_free(msix->range);
    for (unsigned i = 0; i < msix->vectors; i++)
        interrupt_line_free(msix->vector[i].line);
    g_free(msix);
}

void msix_moved(Msix *msix, uint64_t address)
{
    if (address == PCI_UNMAPPED)
        bus_range_unmap(msix->range);
    else
        bus_range_map(msix->range, address, BAR_SIZE);
}

void msix_configured(Msix *msix)
{
    const uint8_t *config = pci_device_config(msix->device);
    uint32_t control = (uint32_t)le_bytes_get(config + msix->capability + 2, 2);
    control &= CONTROL_ENABLE | CONTROL_MASK_ALL;
    if (pci_device_is_master(msix->device))
        control |= CONTROL_MASTER;
    if (atomic_exchange(&msix->control, control) == control)
        return;
    for (unsigned i = 0; control & CONTROL_ENABLE && i < msix->vectors; i++)
        deliver_pending(msix, i);
}

void msix_reset(Msix *msix)
{
    atomic_store(&msix->control, 0);
    atomic_store(&msix->granted, 0);
    for (unsigned i = 0; i < msix->vectors; i++) {
        atomic_store(&msix->vector[i].masked, true); // PCI 3.0, 6.8.2.9
        atomic_store(&msix->vector[i].pending, false);
    }
}

unsigned msix_vectors(const Msix *msix)
{
    return msix->vectors;
}

void msix_grant(Msix *msix, unsigned count)
{
    atomic_store(&msix->granted, MIN(count, msix->vectors));
}

uint32_t msix_source(const Msix *msix, unsigned vector)
{
    return msix->first_source + vector;
}
