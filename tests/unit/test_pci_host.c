// The PCI host bridge: slots, configuration addresses, and its two windows.
#include "fake_kvm.h"
#include "lparun/pci.h"
#include "tree_cells.h"

#define BUID 0x800000020000000ULL
#define SIZE32 0x1000
#define SIZE64 0x4000

typedef struct Fixture {
    PciHost *host;
    PciDevice *device;
    uint64_t at[6];
    unsigned resets;
} Fixture;

static void bar_moved(void *owner, unsigned bar, uint64_t address)
{
    ((Fixture *)owner)->at[bar] = address;
}

static bool reset(void *owner)
{
    ((Fixture *)owner)->resets++;
    return true;
}

static PciDevice *device_new(Fixture *fixture)
{
    static const PciDeviceOps ops = { .bar_moved = bar_moved, .reset = reset };
    static const PciIdentity identity = { .vendor = 0x1af4, .device = 0x1042, .class_code = 0x010000 };
    PciDevice *device = pci_device_new(&identity, &ops, fixture);
    pci_device_add_bar(device, 1, PCI_BAR_MEM32, SIZE32);
    pci_device_add_bar(device, 4, PCI_BAR_MEM64, SIZE64);
    return device;
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->host = pci_host_new(NULL);
    fixture->device = device_new(fixture);
    fixture->at[1] = fixture->at[4] = PCI_UNMAPPED;
    g_assert_true(pci_host_add(fixture->host, 3, fixture->device));
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    pci_host_free(fixture->host);
}

static void test_slots(Fixture *fixture, gconstpointer data)
{
    PciDevice *extra = device_new(fixture);
    g_assert_false(pci_host_add(fixture->host, 3, extra));
    g_assert_false(pci_host_add(fixture->host, 32, extra));
    g_assert_false(pci_host_add(fixture->host, UINT32_MAX, extra));
    pci_device_free(extra);
    for (int slot = 0; slot < 32; slot++)
        if (slot != 3) {
            g_assert_cmpint(pci_host_free_slot(fixture->host), ==, slot);
            g_assert_true(pci_host_add(fixture->host, (unsigned)slot, device_new(fixture)));
        }
    g_assert_cmpint(pci_host_free_slot(fixture->host), ==, -1);
    pci_host_reset(fixture->host);
    g_assert_cmpuint(fixture->resets, ==, 32);
}

// bus << 16 | slot << 11 | function << 8; the register's bits do not matter.
static void test_find(Fixture *fixture, gconstpointer data)
{
    static const uint32_t found[] = { 3 << 11, 3 << 11 | 0xff, 3 << 11 | 0xf0000000, 3 << 11 | 0x10000004 };
    static const uint32_t missing[] = { 0, 2 << 11, 4 << 11, 3 << 11 | 0x100, 3 << 11 | 0x700,
        3 << 11 | 0x10000, 3 << 11 | 0xff0000, UINT32_MAX };
    for (unsigned i = 0; i < G_N_ELEMENTS(found); i++)
        g_assert_true(pci_host_find(fixture->host, BUID, found[i]) == fixture->device);
    for (unsigned i = 0; i < G_N_ELEMENTS(missing); i++)
        g_assert_null(pci_host_find(fixture->host, BUID, missing[i]));
    g_assert_null(pci_host_find(fixture->host, 0, 3 << 11));
    g_assert_null(pci_host_find(fixture->host, BUID + 1, 3 << 11));
    g_assert_null(pci_host_find(fixture->host, BUID | 1ULL << 63, 3 << 11));
}

static void place(Fixture *fixture, uint64_t bar32, uint64_t bar64)
{
    pci_device_write(fixture->device, 4, 2, 0);
    pci_device_write(fixture->device, 0x14, 4, (uint32_t)bar32);
    pci_device_write(fixture->device, 0x20, 4, (uint32_t)bar64);
    pci_device_write(fixture->device, 0x24, 4, (uint32_t)(bar64 >> 32));
    pci_device_write(fixture->device, 4, 2, 2);
}

// 2 GiB at PCI address 2 GiB, seen at 200080000000h; 1 TiB at 210000000000h, the same there. What is in
// neither is not mapped: it must not land in RAM.
static void test_windows(Fixture *fixture, gconstpointer data)
{
    static const struct {
        uint64_t bar32, gpa32, bar64, gpa64;
    } places[] = {
        { 0x80000000, 0x200080000000, 0x210000000000, 0x210000000000 },
        { 0x80010000, 0x200080010000, 0x210000004000, 0x210000004000 },
        { 0xfffff000, 0x2000fffff000, 0x21ffffffc000, 0x21ffffffc000 },
        { 0, PCI_UNMAPPED, 0, PCI_UNMAPPED },
        { 0x7ffff000, PCI_UNMAPPED, 0x220000000000, PCI_UNMAPPED },
        { 0x10000000, PCI_UNMAPPED, 0x20ffffffc000, PCI_UNMAPPED },
        { 0x80000000, 0x200080000000, 0x80004000, 0x200080004000 }, // a wide BAR in the narrow window
        { 0x80000000, 0x200080000000, 0xffffc000, 0x2000ffffc000 },
        { 0x80000000, 0x200080000000, 0x100000000, PCI_UNMAPPED },
        { 0x80000000, 0x200080000000, 0xffffffffffffc000, PCI_UNMAPPED },
        { 0x80000000, 0x200080000000, 0x8000000080000000, PCI_UNMAPPED },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
        place(fixture, places[i].bar32, places[i].bar64);
        g_assert_cmphex(fixture->at[1], ==, places[i].gpa32);
        g_assert_cmphex(fixture->at[4], ==, places[i].gpa64);
    }
    place(fixture, 0x80000000, 0x210000000000);
    pci_host_reset(fixture->host);
    g_assert_cmphex(fixture->at[1], ==, PCI_UNMAPPED);
    g_assert_cmphex(fixture->at[4], ==, PCI_UNMAPPED);
}

// A BAR that is larger than the narrow window.
static void test_large_bar(Fixture *fixture, gconstpointer data)
{
    static const PciDeviceOps ops = { .bar_moved = bar_moved, .reset = reset };
    static const PciIdentity identity = { .vendor = 0x1af4, .device = 0x1042 };
    fixture->device = pci_device_new(&identity, &ops, fixture);
    pci_device_add_bar(fixture->device, 4, PCI_BAR_MEM64, 1ULL << 32);
    g_assert_true(pci_host_add(fixture->host, 4, fixture->device));
    place(fixture, 0, 0x100000000);
    g_assert_cmphex(fixture->at[4], ==, PCI_UNMAPPED);
    place(fixture, 0, 0x21ff00000000);
    g_assert_cmphex(fixture->at[4], ==, 0x21ff00000000);
}

// As SLOF and Linux need it (guest-interface 1.3); without ibm,pe-total-#msi Linux stops in an oops.
static void test_node(Fixture *fixture, gconstpointer data)
{
    static const uint32_t buid[] = { 0x8000000, 0x20000000, 0, 0 }, one[] = { 1 }, two[] = { 2 },
                          three[] = { 3 };
    static const uint32_t ranges[] = { 0x02000000, 0, 0x80000000, 0x2000, 0x80000000, 0, 0x80000000,
        0x03000000, 0x2100, 0, 0x2100, 0, 0x100, 0 };
    static const uint32_t msis[] = { 0xd00 };
    g_autoptr(Tree) tree = tree_new(0x1000);
    tree_begin(tree, "%s", "");
    pci_host_describe(fixture->host, false, tree);
    tree_end(tree);
    size_t length;
    const void *blob = tree_finish(tree, 0, &length);
    int node = fdt_path_offset(blob, "/pci@800000020000000");
    g_assert_cmpint(node, >, 0);
    g_assert_cmpstr(fdt_getprop(blob, node, "device_type", NULL), ==, "pci");
    g_assert_cmpstr(fdt_getprop(blob, node, "compatible", NULL), ==, "IBM,Logical_PHB");
    assert_node_cells(blob, node, "reg", buid, 4);
    assert_node_cells(blob, node, "#address-cells", three, 1);
    assert_node_cells(blob, node, "#size-cells", two, 1);
    assert_node_cells(blob, node, "#interrupt-cells", one, 1);
    assert_node_cells(blob, node, "ranges", ranges, 14);
    assert_node_cells(blob, node, "ibm,pe-total-#msi", msis, 1);
    assert_node_cells(blob, node, "ibm,pci-config-space-type", one, 1);
    g_assert_nonnull(fdt_getprop(blob, node, "bus-range", NULL));
    // SLOF then lists and places the functions itself.
    g_assert_null(fdt_getprop(blob, node, "qemu,phb-enumerated", NULL));
    g_assert_cmpint(fdt_first_subnode(blob, node), ==, -FDT_ERR_NOTFOUND);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/pci-host/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("slots", test_slots);
    ADD("find", test_find);
    ADD("windows", test_windows);
    ADD("large-bar", test_large_bar);
    ADD("node", test_node);
    return g_test_run();
}
