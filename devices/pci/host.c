// The pseries PCI host bridge: bus 0, its windows, and what the device tree says of it.
#include "lparun/papr.h"
#include "lparun/pci.h"
#include <stdatomic.h>

#define SLOTS PCI_SLOTS

// Windows as QEMU's PHB 0 has them: PCI address, guest physical address, bytes.
typedef struct Window {
    uint64_t bus, gpa, size;
} Window;

static const Window windows[] = {
    [PCI_BAR_MEM32] = { 0x80000000, PCI_WINDOWS + 0x80000000, 0x80000000 },
    [PCI_BAR_MEM64] = { 0x210000000000, 0x210000000000, 0x10000000000 },
};

struct PciHost {
    _Atomic(PciDevice *) slots[SLOTS]; // come and go while vCPUs look for them
    const DmaWindow *dma;
};

PciHost *pci_host_new(const DmaWindow *dma)
{
    PciHost *host = g_new0(PciHost, 1);
    host->dma = dma;
    return host;
}

void pci_host_free(PciHost *host)
{
    if (!host)
        return;
    for (unsigned i = 0; i < SLOTS; i++)
        pci_device_free(host->slots[i]);
    g_free(host);
}

static uint64_t translate(const Window *window, uint64_t bar, uint64_t size)
{
    if (bar < window->bus || size > window->size || bar - window->bus > window->size - size)
        return PCI_UNMAPPED;
    return bar - window->bus + window->gpa;
}

// A 64-bit BAR may lie in either window.
static uint64_t translate_bar(void *bridge, PciBarKind kind, uint64_t bar, uint64_t size)
{
    uint64_t gpa = translate(&windows[kind], bar, size);
    if (gpa == PCI_UNMAPPED && kind == PCI_BAR_MEM64)
        gpa = translate(&windows[PCI_BAR_MEM32], bar, size);
    return gpa;
}

uint32_t pci_slot_source(unsigned slot)
{
    return SOURCE_MSI + slot * SOURCE_MSI_SLOT;
}

bool pci_host_add(PciHost *host, unsigned slot, PciDevice *device)
{
    if (slot >= SLOTS || host->slots[slot])
        return false;
    pci_device_attach(device, translate_bar, host);
    atomic_store(&host->slots[slot], device);
    return true;
}

PciDevice *pci_host_remove(PciHost *host, unsigned slot)
{
    PciDevice *device = atomic_exchange(&host->slots[slot], NULL);
    if (device)
        pci_device_detach(device);
    return device;
}

int pci_host_free_slot(const PciHost *host)
{
    for (int i = 0; i < SLOTS; i++)
        if (!host->slots[i])
            return i;
    return -1;
}

PciDevice *pci_host_find(PciHost *host, uint64_t buid, uint32_t config_address)
{
    unsigned bus = config_address >> 16 & 0xff, slot = config_address >> 11 & 0x1f;
    unsigned function = config_address >> 8 & 7;
    if (buid != PHB_BUID || bus != 0 || function != 0)
        return NULL;
    return host->slots[slot];
}

bool pci_host_reset(PciHost *host)
{
    bool done = true;
    for (unsigned i = 0; i < SLOTS; i++)
        if (host->slots[i])
            done &= pci_device_reset(host->slots[i]);
    return done;
}

#define HIGH(value) ((uint32_t)((value) >> 32))
#define LOW(value) ((uint32_t)(value))

// IEEE 1275 PCI binding: ss in the first cell is 2 for 32-bit and 3 for 64-bit memory.
static void describe_windows(Tree *tree)
{
    const Window *narrow = &windows[PCI_BAR_MEM32], *wide = &windows[PCI_BAR_MEM64];
    tree_cells(tree, "ranges", 0x02000000, HIGH(narrow->bus), LOW(narrow->bus), HIGH(narrow->gpa),
        LOW(narrow->gpa), HIGH(narrow->size), LOW(narrow->size), 0x03000000, HIGH(wide->bus), LOW(wide->bus),
        HIGH(wide->gpa), LOW(wide->gpa), HIGH(wide->size), LOW(wide->size));
}

static void describe_functions(const PciHost *host, Tree *tree)
{
    for (unsigned i = 0; i < SLOTS; i++)
        if (host->slots[i])
            pci_device_describe(host->slots[i], i, tree);
}

void pci_host_describe(const PciHost *host, bool functions, Tree *tree)
{
    tree_begin(tree, "pci@%llx", PHB_BUID);
    tree_string(tree, "device_type", "pci");
    tree_string(tree, "compatible", "IBM,Logical_PHB");
    tree_u32(tree, "#address-cells", 3);
    tree_u32(tree, "#size-cells", 2);
    tree_u32(tree, "#interrupt-cells", 1);
    tree_empty(tree, "used-by-rtas");
    tree_cells(tree, "bus-range", 0, 0);
    tree_cells(tree, "reg", HIGH(PHB_BUID), LOW(PHB_BUID), 0, 0);
    describe_windows(tree);
    tree_u32(tree, "ibm,pci-config-space-type", 1);
    tree_u32(tree, "ibm,pe-total-#msi", SOURCE_MSI_COUNT); // Linux makes no MSI domain without it
    if (host->dma)
        dma_window_describe(host->dma, tree);
    if (functions)
        describe_functions(host, tree);
    tree_end(tree);
}

static void describe_part(const void *part, const Description *what, Tree *tree)
{
    if (what->place == TREE_NODES)
        pci_host_describe(part, what->functions, tree);
}

static bool reset_part(void *part, GError **error)
{
    // A function that is held touches no memory: one whose thread has not come to its end yet may do so
    // later.
    pci_host_reset(part);
    return true;
}

static void free_part(void *part)
{
    pci_host_free(part);
}

const PartOps pci_host_part = {
    .kind = "PCI host bridge", .describe = describe_part, .reset = reset_part, .free = free_part
};
