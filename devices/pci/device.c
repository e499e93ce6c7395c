// PCI functions: configuration space, base address registers and where they lie.
#include "lparun/pci.h"
#include "lparun/bytes.h"

#define CONFIG_SIZE 256
#define CAPABILITIES 0x40 // the first one's offset: the header ends here

// Header offsets and bits (PCI 3.0, 6.1 and 6.2).
#define VENDOR_ID 0x00
#define DEVICE_ID 0x02
#define COMMAND 0x04
#define STATUS 0x06
#define REVISION 0x08
#define CLASS 0x09
#define BARS 0x10
#define SUBSYSTEM_VENDOR_ID 0x2c
#define SUBSYSTEM_ID 0x2e
#define CAPABILITY_POINTER 0x34
#define INTERRUPT_LINE 0x3c

#define COMMAND_MEMORY 0x0002
#define COMMAND_MASTER 0x0004
#define COMMAND_INTX_DISABLE 0x0400
#define STATUS_CAPABILITIES 0x0010
#define BAR_MEM64_PREFETCHABLE 0xc

typedef struct Bar {
    uint64_t size; // bytes; 0 when there is none
    PciBarKind kind;
    uint64_t address; // what the owner was told last
} Bar;

struct PciDevice {
    const PciDeviceOps *ops;
    void *owner;
    Msix *msix;
    PciTranslate translate;
    void *bridge;
    unsigned next_capability, last_capability;
    unsigned window, window_length;

    GMutex lock; // guards what follows, and is held while the owner is called
    uint8_t config[CONFIG_SIZE];
    uint8_t writable[CONFIG_SIZE]; // bits that the guest may change
    uint8_t initial[CONFIG_SIZE];  // of those bits, after a reset
    Bar bars[PCI_BARS];
    bool master; // what the owner was told last
};

PciDevice *pci_device_new(const PciIdentity *identity, const PciDeviceOps *ops, void *owner)
{
    PciDevice *device = g_new0(PciDevice, 1);
    device->ops = ops;
    device->owner = owner;
    device->next_capability = CAPABILITIES;
    g_mutex_init(&device->lock);
    uint8_t *config = device->config;
    le_bytes_put(config + VENDOR_ID, 2, identity->vendor);
    le_bytes_put(config + DEVICE_ID, 2, identity->device);
    le_bytes_put(config + REVISION, 1, identity->revision);
    le_bytes_put(config + CLASS, 3, identity->class_code);
    le_bytes_put(config + SUBSYSTEM_VENDOR_ID, 2, identity->subsystem_vendor);
    le_bytes_put(config + SUBSYSTEM_ID, 2, identity->subsystem);
    pci_device_set_writable(device, COMMAND, 2, COMMAND_MEMORY | COMMAND_MASTER | COMMAND_INTX_DISABLE);
    pci_device_set_writable(device, INTERRUPT_LINE, 1, 0xff);
    return device;
}

void pci_device_free(PciDevice *device)
{
    if (!device)
        return;
    g_mutex_clear(&device->lock);
    g_free(device);
}

void pci_device_add_bar(PciDevice *device, unsigned bar, PciBarKind kind, uint64_t size)
{
    bool wide = kind == PCI_BAR_MEM64;
    g_assert(bar + wide < G_N_ELEMENTS(device->bars) && !device->bars[bar].size);
    g_assert(size >= 4096 && !(size & (size - 1)) && (wide || size <= 1ULL << 31));
    device->bars[bar] = (Bar){ .size = size, .kind = kind, .address = PCI_UNMAPPED };
    // The address bits below the size stay 0: that is how a guest finds the size.
    unsigned offset = BARS + 4 * bar;
    le_bytes_put(device->config + offset, 4, wide ? BAR_MEM64_PREFETCHABLE : 0);
    le_bytes_put(device->writable + offset, wide ? 8 : 4, ~(size - 1));
}

unsigned pci_device_add_capability(PciDevice *device, uint8_t id, const void *body, unsigned length)
{
    unsigned offset = device->next_capability;
    g_assert(offset + 2 + length <= CONFIG_SIZE);
    uint8_t *config = device->config;
    config[offset] = id;
    memcpy(config + offset + 2, body, length);
    if (device->last_capability)
        config[device->last_capability + 1] = (uint8_t)offset;
    else
        config[CAPABILITY_POINTER] = (uint8_t)offset;
    config[STATUS] |= STATUS_CAPABILITIES;
    device->last_capability = offset;
    device->next_capability = (offset + 2 + length + 3) & ~3u;
    return offset;
}

void pci_device_set_writable(PciDevice *device, unsigned offset, unsigned size, uint32_t mask)
{
    le_bytes_put(device->writable + offset, size, mask);
    memcpy(device->initial + offset, device->config + offset, size);
}

void pci_device_set_window(PciDevice *device, unsigned offset, unsigned length)
{
    device->window = offset;
    device->window_length = length;
}

uint8_t *pci_device_config(PciDevice *device)
{
    return device->config;
}

void pci_device_set_msix(PciDevice *device, Msix *msix)
{
    device->msix = msix;
}

Msix *pci_device_msix(PciDevice *device)
{
    return device->msix;
}

static uint64_t bar_value(const PciDevice *device, unsigned bar)
{
    bool is_wide = device->bars[bar].kind == PCI_BAR_MEM64;
    return le_bytes_get(device->config + BARS + 4 * bar, is_wide ? 8 : 4) & ~0xfULL;
}

bool pci_device_bar(PciDevice *device, unsigned bar, PciBar *now)
{
    const Bar *one = &device->bars[bar];
    g_mutex_lock(&device->lock);
    *now = (PciBar){ .kind = one->kind, .size = one->size, .address = PCI_UNMAPPED };
    if (one->address != PCI_UNMAPPED)
        now->address = bar_value(device, bar);
    g_mutex_unlock(&device->lock);
    return now->size > 0;
}

static uint64_t bar_address(const PciDevice *device, unsigned bar)
{
    if (!device->translate || !(device->config[COMMAND] & COMMAND_MEMORY))
        return PCI_UNMAPPED;
    const Bar *b = &device->bars[bar];
    return device->translate(device->bridge, b->kind, bar_value(device, bar), b->size);
}

// Tells the owner of each BAR that is not where it was. Under the lock.
static void place_bars(PciDevice *device)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(device->bars); i++) {
        Bar *bar = &device->bars[i];
        if (!bar->size)
            continue;
        uint64_t address = bar_address(device, i);
        if (address == bar->address)
            continue;
        bar->address = address;
        device->ops->bar_moved(device->owner, i, address);
    }
}

bool pci_device_is_master(const PciDevice *device)
{
    return le_bytes_get(device->config + COMMAND, 2) & COMMAND_MASTER;
}

// Under the lock.
static void set_master(PciDevice *device)
{
    bool master = pci_device_is_master(device);
    if (master != device->master && device->ops->set_master)
        device->ops->set_master(device->owner, master);
    device->master = master;
}

static bool in_window(const PciDevice *device, unsigned offset, unsigned size)
{
    return offset < device->window + device->window_length && offset + size > device->window;
}

uint32_t pci_device_read(PciDevice *device, unsigned offset, unsigned size)
{
    if (offset + size > CONFIG_SIZE) // no extended space: it reads as no capability
        return 0;
    g_mutex_lock(&device->lock);
    uint32_t value;
    if (in_window(device, offset, size) && device->ops->window_read)
        value = device->ops->window_read(device->owner, offset - device->window, size);
    else
        value = (uint32_t)le_bytes_get(device->config + offset, size);
    g_mutex_unlock(&device->lock);
    return value;
}

static void write_config(PciDevice *device, unsigned offset, unsigned size, uint32_t value)
{
    uint8_t bytes[4];
    le_bytes_put(bytes, size, value);
    for (unsigned i = 0; i < size; i++) {
        uint8_t mask = device->writable[offset + i];
        device->config[offset + i] = (uint8_t)((device->config[offset + i] & ~mask) | (bytes[i] & mask));
    }
    place_bars(device);
    if (device->msix)
        msix_configured(device->msix);
    set_master(device);
}

void pci_device_write(PciDevice *device, unsigned offset, unsigned size, uint32_t value)
{
    if (offset + size > CONFIG_SIZE)
        return;
    g_mutex_lock(&device->lock);
    if (!in_window(device, offset, size))
        write_config(device, offset, size, value);
    else if (device->ops->window_write)
        device->ops->window_write(device->owner, offset - device->window, size, value);
    g_mutex_unlock(&device->lock);
}

bool pci_device_reset(PciDevice *device)
{
    g_mutex_lock(&device->lock);
    for (unsigned i = 0; i < CONFIG_SIZE; i++) {
        uint8_t mask = device->writable[i];
        device->config[i] = (uint8_t)((device->config[i] & ~mask) | (device->initial[i] & mask));
    }
    place_bars(device);
    if (device->msix)
        msix_reset(device->msix);
    bool done = !device->ops->reset || device->ops->reset(device->owner);
    set_master(device);
    g_mutex_unlock(&device->lock);
    return done;
}

// Generic names of the classes that guests and boot paths look for; any other function is named by its IDs.
static void begin_node(const PciDevice *device, unsigned slot, Tree *tree)
{
    enum { MASS_STORAGE_SCSI = 0x0100, NETWORK_ETHERNET = 0x0200 };
    const uint8_t *config = device->config;
    switch (le_bytes_get(config + CLASS + 1, 2)) {
    case MASS_STORAGE_SCSI:
        tree_begin(tree, "scsi@%x", slot);
        break;
    case NETWORK_ETHERNET:
        tree_begin(tree, "ethernet@%x", slot);
        break;
    default:
        tree_begin(tree, "pci%x,%x@%x", (unsigned)le_bytes_get(config + VENDOR_ID, 2),
            (unsigned)le_bytes_get(config + DEVICE_ID, 2), slot);
    }
}

// "reg": configuration space, then each BAR, as three cells of address and two of size. The first cell of an
// address has prefetchable in bit 30, the space in bits 25:24 (2: 32-bit memory, 3: 64-bit), slot and
// register.
static void describe_registers(const PciDevice *device, unsigned slot, Tree *tree)
{
    enum { CELLS = 5, MEM32 = 0x02000000, MEM64_PREFETCHABLE = 0x43000000 };
    uint32_t reg[(1 + G_N_ELEMENTS(device->bars)) * CELLS] = { slot << 11 };
    size_t count = CELLS;
    for (unsigned i = 0; i < G_N_ELEMENTS(device->bars); i++) {
        const Bar *bar = &device->bars[i];
        if (!bar->size)
            continue;
        reg[count] = (bar->kind == PCI_BAR_MEM64 ? MEM64_PREFETCHABLE : MEM32) | slot << 11 | (BARS + 4 * i);
        reg[count + 3] = (uint32_t)(bar->size >> 32);
        reg[count + 4] = (uint32_t)bar->size;
        count += CELLS;
    }
    tree_cells_array(tree, "reg", reg, count);
}

void pci_device_describe(const PciDevice *device, unsigned slot, Tree *tree)
{
    static const struct {
        const char *name;
        unsigned offset, size;
    } fields[] = {
        { "vendor-id", VENDOR_ID, 2 },
        { "device-id", DEVICE_ID, 2 },
        { "revision-id", REVISION, 1 },
        { "class-code", CLASS, 3 },
        { "subsystem-vendor-id", SUBSYSTEM_VENDOR_ID, 2 },
        { "subsystem-id", SUBSYSTEM_ID, 2 },
    };
    begin_node(device, slot, tree);
    describe_registers(device, slot, tree);
    for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++)
        tree_u32(
            tree, fields[i].name, (uint32_t)le_bytes_get(device->config + fields[i].offset, fields[i].size));
    tree_u32(tree, "ibm,pci-config-space-type", 0); // CONFIG_SIZE bytes, no extended space
    if (device->msix)
        tree_u32(tree, "ibm,req#msi-x", msix_vectors(device->msix));
    tree_end(tree);
}

void pci_device_detach(PciDevice *device)
{
    g_mutex_lock(&device->lock);
    device->translate = NULL;
    le_bytes_put(device->config + COMMAND, 2, 0);
    place_bars(device);
    if (device->msix)
        msix_configured(device->msix);
    set_master(device);
    g_mutex_unlock(&device->lock);
}

void pci_device_attach(PciDevice *device, PciTranslate translate, void *bridge)
{
    device->translate = translate;
    device->bridge = bridge;
}
