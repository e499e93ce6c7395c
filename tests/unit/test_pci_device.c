// PCI functions: sizing and moving BARs, capabilities, and MSI-X with its masks.
#include "fake_kvm.h"
#include "lparun/pci.h"
#include "tree_cells.h"

#define SOURCE 0x1200
#define VECTORS 3

typedef struct Fixture {
    KvmVm *vm;
    Bus *bus;
    InterruptController *interrupts;
    PciDevice *device;
    Msix *msix;
    unsigned moves; // calls of bar_moved()
    uint64_t at[6];
    unsigned resets, window_offset;
    uint32_t window_value;
} Fixture;

static void bar_moved(void *owner, unsigned bar, uint64_t address)
{
    Fixture *fixture = owner;
    fixture->moves++;
    fixture->at[bar] = address;
    if (bar == 1)
        msix_moved(fixture->msix, address);
}

static uint32_t window_read(void *owner, unsigned offset, unsigned size)
{
    return 0xabcd0000 | offset << 8 | size;
}

static void window_write(void *owner, unsigned offset, unsigned size, uint32_t value)
{
    Fixture *fixture = owner;
    fixture->window_offset = offset;
    fixture->window_value = value;
}

static bool reset(void *owner)
{
    Fixture *fixture = owner;
    fixture->resets++;
    g_assert_cmphex(fixture->at[4], ==, PCI_UNMAPPED);
    return true;
}

static const PciDeviceOps ops = {
    .bar_moved = bar_moved,
    .window_read = window_read,
    .window_write = window_write,
    .reset = reset,
};

// A bridge with one window above 0x80000000 and one above 2^44.
static uint64_t translate(void *bridge, PciBarKind kind, uint64_t bar, uint64_t size)
{
    if (kind == PCI_BAR_MEM64 && bar >= 1ULL << 44 && bar < 1ULL << 45)
        return bar;
    return bar >= 0x80000000 && bar + size <= 1ULL << 32 ? bar + 0x200000000000 : PCI_UNMAPPED;
}

static void open_device(Fixture *fixture, gconstpointer data)
{
    const PciIdentity identity = {
        .vendor = 0x1af4,
        .device = 0x1042,
        .subsystem_vendor = 0x1af4,
        .subsystem = 0x1100,
        .class_code = 0x010000,
        .revision = 1,
    };
    fixture->vm = fake_kvm_new();
    fixture->bus = bus_new();
    fixture->interrupts = interrupt_controller_new(fixture->vm, NULL);
    fixture->device = pci_device_new(&identity, &ops, fixture);
    fixture->msix = msix_new(fixture->device, fixture->bus, fixture->interrupts, 1, VECTORS, SOURCE, NULL);
    pci_device_add_bar(fixture->device, 4, PCI_BAR_MEM64, 0x4000);
    unsigned at = pci_device_add_capability(fixture->device, 0x09, "123456", 6);
    g_assert_cmpuint(at, ==, 0x4c);
    pci_device_set_writable(fixture->device, at + 4, 1, 0x0f);
    pci_device_set_window(fixture->device, 0x60, 4);
    pci_device_attach(fixture->device, translate, NULL);
    fixture->at[1] = fixture->at[4] = PCI_UNMAPPED;
}

static void close_device(Fixture *fixture, gconstpointer data)
{
    pci_device_free(fixture->device);
    msix_free(fixture->msix);
    interrupt_controller_free(fixture->interrupts);
    bus_free(fixture->bus);
    kvm_vm_close(fixture->vm);
}

static uint32_t get(Fixture *fixture, unsigned offset, unsigned size)
{
    return pci_device_read(fixture->device, offset, size);
}

static void set(Fixture *fixture, unsigned offset, unsigned size, uint32_t value)
{
    pci_device_write(fixture->device, offset, size, value);
}

static void test_header(Fixture *fixture, gconstpointer data)
{
    g_assert_cmphex(get(fixture, 0x00, 4), ==, 0x10421af4);
    g_assert_cmphex(get(fixture, 0x08, 4), ==, 0x01000001);
    g_assert_cmphex(get(fixture, 0x2c, 4), ==, 0x11001af4);
    g_assert_cmphex(get(fixture, 0x0e, 1), ==, 0); // header type: one function
    g_assert_cmphex(get(fixture, 0x3d, 1), ==, 0); // no interrupt pin
    g_assert_cmphex(get(fixture, 0x06, 2), ==, 0x0010);
    set(fixture, 0x00, 4, 0xffffffff);
    set(fixture, 0x08, 4, 0xffffffff);
    set(fixture, 0x2c, 4, 0);
    g_assert_cmphex(get(fixture, 0x00, 4), ==, 0x10421af4);
    g_assert_cmphex(get(fixture, 0x08, 4), ==, 0x01000001);
    set(fixture, 0x04, 4, 0xffffffff);
    g_assert_cmphex(get(fixture, 0x04, 4), ==, 0x00100406);
    set(fixture, 0x3c, 1, 0x5a);
    g_assert_cmphex(get(fixture, 0x3c, 1), ==, 0x5a);
    // The list: MSI-X, then the vendor's.
    g_assert_cmphex(get(fixture, 0x34, 1), ==, 0x40);
    g_assert_cmphex(get(fixture, 0x40, 4), ==, (VECTORS - 1) << 16 | 0x4c11);
    g_assert_cmphex(get(fixture, 0x4c, 2), ==, 0x0009);
    g_assert_cmphex(get(fixture, 0x50, 1), ==, '3');
    set(fixture, 0x4c, 4, 0);
    set(fixture, 0x50, 1, 0xf5);
    g_assert_cmphex(get(fixture, 0x4c, 2), ==, 0x0009);
    g_assert_cmphex(get(fixture, 0x50, 1), ==, 0x35); // only the bits that may be written
    // Nothing behind the 256 bytes.
    set(fixture, 0x100, 4, 0xffffffff);
    g_assert_cmphex(get(fixture, 0x100, 4), ==, 0);
    g_assert_cmphex(get(fixture, 0xffc, 4), ==, 0);
}

static void test_bar_sizes(Fixture *fixture, gconstpointer data)
{
    static const uint32_t after_ones[] = { 0, 0xfffff000, 0, 0, 0xffffc00c, 0xffffffff };
    for (unsigned i = 0; i < 6; i++) {
        set(fixture, 0x10 + 4 * i, 4, 0xffffffff);
        g_assert_cmphex(get(fixture, 0x10 + 4 * i, 4), ==, after_ones[i]);
    }
    set(fixture, 0x30, 4, 0xffffffff); // ROM
    g_assert_cmphex(get(fixture, 0x30, 4), ==, 0);
    g_assert_cmpuint(fixture->moves, ==, 0);
}

static void test_bar_moves(Fixture *fixture, gconstpointer data)
{
    set(fixture, 0x14, 4, 0x80010000);
    set(fixture, 0x20, 4, 0x00004000);
    set(fixture, 0x24, 4, 0x1000);
    g_assert_cmpuint(fixture->moves, ==, 0); // not decoded yet
    set(fixture, 0x04, 2, 0x0006);
    g_assert_cmpuint(fixture->moves, ==, 2);
    g_assert_cmphex(fixture->at[1], ==, 0x200080010000);
    g_assert_cmphex(fixture->at[4], ==, 0x100000004000);
    // The same again is no move.
    set(fixture, 0x04, 2, 0x0006);
    set(fixture, 0x14, 4, 0x80010fff);
    g_assert_cmpuint(fixture->moves, ==, 2);
    // While decoded: the low half alone, then out of every window.
    set(fixture, 0x20, 4, 0x00008000);
    g_assert_cmphex(fixture->at[4], ==, 0x100000008000);
    set(fixture, 0x24, 4, 0xffffffff);
    g_assert_cmphex(fixture->at[4], ==, PCI_UNMAPPED);
    set(fixture, 0x24, 4, 0x1001);
    g_assert_cmphex(fixture->at[4], ==, 0x100100008000);
    set(fixture, 0x04, 2, 0x0004);
    g_assert_cmphex(fixture->at[1], ==, PCI_UNMAPPED);
    g_assert_cmphex(fixture->at[4], ==, PCI_UNMAPPED);
    // Byte by byte.
    set(fixture, 0x04, 1, 0x02);
    g_assert_cmphex(fixture->at[1], ==, 0x200080010000);
    pci_device_reset(fixture->device);
    g_assert_cmpuint(fixture->resets, ==, 1);
    g_assert_cmphex(fixture->at[1], ==, PCI_UNMAPPED);
    g_assert_cmphex(get(fixture, 0x04, 4), ==, 0x00100000);
    g_assert_cmphex(get(fixture, 0x14, 4), ==, 0);
    g_assert_cmphex(get(fixture, 0x20, 4), ==, 0xc);
    g_assert_cmphex(get(fixture, 0x50, 1), ==, '3');
}

static void test_window(Fixture *fixture, gconstpointer data)
{
    g_assert_cmphex(get(fixture, 0x62, 1), ==, 0xabcd0201);
    set(fixture, 0x62, 2, 0x1234);
    g_assert_cmpuint(fixture->window_offset, ==, 2);
    g_assert_cmphex(fixture->window_value, ==, 0x1234);
    set(fixture, 0x64, 4, 1);
    set(fixture, 0x5c, 4, 1);
    g_assert_cmphex(fixture->window_value, ==, 0x1234);
}

#define TABLE 0x200080000000ULL

static uint64_t table_read(Fixture *fixture, unsigned offset, unsigned size)
{
    uint64_t value = 0;
    g_assert_true(bus_read(fixture->bus, TABLE + offset, size, &value));
    return value;
}

static void table_write(Fixture *fixture, unsigned offset, unsigned size, uint64_t value)
{
    g_assert_true(bus_write(fixture->bus, TABLE + offset, size, value));
}

static void place_table(Fixture *fixture)
{
    set(fixture, 0x14, 4, 0x80000000);
    set(fixture, 0x04, 2, 6);
}

static unsigned edges(Fixture *fixture, unsigned vector)
{
    return fake_kvm_edges(fixture->vm, SOURCE + vector);
}

static void test_msix_table(Fixture *fixture, gconstpointer data)
{
    place_table(fixture);
    // All masked and without a message.
    for (unsigned i = 0; i < VECTORS; i++) {
        g_assert_cmphex(table_read(fixture, 16 * i, 8), ==, 0);
        g_assert_cmphex(table_read(fixture, 16 * i + 8, 8), ==, 1ULL << 32);
    }
    g_assert_cmphex(table_read(fixture, 16 * VECTORS + 12, 4), ==, 0);
    msix_grant(fixture->msix, 2);
    g_assert_cmphex(table_read(fixture, 16, 8), ==, 0x40000000000);
    g_assert_cmphex(table_read(fixture, 24, 4), ==, SOURCE + 1);
    g_assert_cmphex(table_read(fixture, 32 + 8, 4), ==, 0);
    g_assert_cmphex(msix_source(fixture->msix, 1), ==, SOURCE + 1);
    // The platform's message is not the guest's to change, the mask bit is.
    table_write(fixture, 16, 8, 0x1122334455667788);
    table_write(fixture, 24, 8, 0x00000000ffffffff);
    g_assert_cmphex(table_read(fixture, 16, 8), ==, 0x40000000000);
    g_assert_cmphex(table_read(fixture, 24, 8), ==, SOURCE + 1);
    table_write(fixture, 28, 4, 0xffffffff);
    g_assert_cmphex(table_read(fixture, 28, 4), ==, 1);
    table_write(fixture, 28, 1, 0);
    g_assert_cmphex(table_read(fixture, 28, 4), ==, 0);
    table_write(fixture, 0xff8, 8, UINT64_MAX);
    g_assert_cmphex(table_read(fixture, 0xffc, 4), ==, 0);
    table_read(fixture, 0xff8, 8);
    table_read(fixture, 0xfff, 1);
}

static void test_msix_send(Fixture *fixture, gconstpointer data)
{
    place_table(fixture);
    msix_grant(fixture->msix, 2);
    table_write(fixture, 12, 4, 0);
    msix_send(fixture->msix, 0); // off: lost
    g_assert_false(msix_enabled(fixture->msix));
    set(fixture, 0x42, 2, 0x8000);
    g_assert_true(msix_enabled(fixture->msix));
    g_assert_cmpuint(edges(fixture, 0), ==, 0);
    msix_send(fixture->msix, 0);
    msix_send(fixture->msix, 0);
    g_assert_cmpuint(edges(fixture, 0), ==, 2);
    // No such vector, no grant.
    msix_send(fixture->msix, VECTORS);
    msix_send(fixture->msix, 0xffff);
    table_write(fixture, 2 * 16 + 12, 4, 0);
    msix_send(fixture->msix, 2);
    g_assert_cmpuint(edges(fixture, 2), ==, 0);
    msix_grant(fixture->msix, 0);
    msix_send(fixture->msix, 0);
    g_assert_cmpuint(edges(fixture, 0), ==, 0);
}

static void test_msix_mask(Fixture *fixture, gconstpointer data)
{
    place_table(fixture);
    msix_grant(fixture->msix, VECTORS);
    set(fixture, 0x42, 2, 0x8000);
    table_write(fixture, 16 + 12, 4, 0);
    // A masked vector: pending, once, until it is unmasked.
    msix_send(fixture->msix, 0);
    msix_send(fixture->msix, 0);
    g_assert_cmpuint(edges(fixture, 0), ==, 0);
    g_assert_cmphex(table_read(fixture, 0x800, 8), ==, 1);
    table_write(fixture, 12, 4, 0);
    g_assert_cmpuint(edges(fixture, 0), ==, 1);
    g_assert_cmphex(table_read(fixture, 0x800, 8), ==, 0);
    table_write(fixture, 12, 4, 0);
    g_assert_cmpuint(edges(fixture, 0), ==, 0);
    // A message is a write to memory, which a function without the bus does not make.
    set(fixture, 0x04, 2, 2);
    msix_send(fixture->msix, 0);
    msix_send(fixture->msix, 0);
    g_assert_cmpuint(edges(fixture, 0), ==, 0);
    g_assert_cmphex(table_read(fixture, 0x800, 4), ==, 1);
    set(fixture, 0x04, 2, 6);
    g_assert_cmpuint(edges(fixture, 0), ==, 1);
    // The whole function masked.
    set(fixture, 0x42, 2, 0xc000);
    msix_send(fixture->msix, 1);
    msix_send(fixture->msix, 2);
    g_assert_cmphex(table_read(fixture, 0x800, 4), ==, 6);
    set(fixture, 0x42, 2, 0x8000);
    g_assert_cmpuint(edges(fixture, 1), ==, 1);
    g_assert_cmpuint(edges(fixture, 2), ==, 0); // masked by itself still
    g_assert_cmphex(table_read(fixture, 0x800, 4), ==, 4);
    pci_device_reset(fixture->device);
    place_table(fixture);
    g_assert_cmphex(table_read(fixture, 0x800, 4), ==, 0);
    g_assert_cmphex(table_read(fixture, 12, 4), ==, 1);
    g_assert_false(msix_enabled(fixture->msix));
}

static gpointer send_often(gpointer owner)
{
    Fixture *fixture = owner;
    for (unsigned i = 0; i < 20000; i++)
        msix_send(fixture->msix, 0);
    return NULL;
}

// Masking while another thread sends loses nothing: after the last unmask, nothing is pending and an edge
// came.
static void test_msix_race(Fixture *fixture, gconstpointer data)
{
    place_table(fixture);
    msix_grant(fixture->msix, VECTORS);
    set(fixture, 0x42, 2, 0x8000);
    for (unsigned round = 0; round < 20; round++) {
        GThread *sender = g_thread_new(NULL, send_often, fixture);
        for (unsigned i = 0; i < 1000; i++)
            table_write(fixture, 12, 4, i & 1);
        edges(fixture, 0);
        table_write(fixture, 12, 4, 1);
        g_thread_join(sender);
        bool pending = table_read(fixture, 0x800, 4) & 1;
        edges(fixture, 0);
        table_write(fixture, 12, 4, 0);
        g_assert_cmpuint(edges(fixture, 0), ==, pending);
        g_assert_cmphex(table_read(fixture, 0x800, 4), ==, 0);
    }
}

static void add(const char *path, void (*test)(Fixture *, gconstpointer))
{
    g_test_add(path, Fixture, NULL, open_device, test, close_device);
}

// What firmware would have written of it (guest-interface 2.2), with sizes in place of addresses.
static void test_describe(Fixture *fixture, gconstpointer data)
{
    static const uint32_t reg[] = { 0x1800, 0, 0, 0, 0, 0x02001814, 0, 0, 0, 0x1000, 0x43001820, 0, 0, 0,
        0x4000 };
    static const struct {
        const char *name;
        uint32_t value;
    } cells[] = { { "vendor-id", 0x1af4 }, { "device-id", 0x1042 }, { "subsystem-vendor-id", 0x1af4 },
        { "subsystem-id", 0x1100 }, { "class-code", 0x010000 }, { "revision-id", 1 },
        { "ibm,req#msi-x", VECTORS } };
    g_autoptr(Tree) tree = tree_new(0x1000);
    tree_begin(tree, "%s", "");
    pci_device_describe(fixture->device, 3, tree);
    tree_end(tree);
    size_t length;
    const void *blob = tree_finish(tree, 0, &length);
    int node = fdt_path_offset(blob, "/scsi@3");
    g_assert_cmpint(node, >, 0);
    assert_node_cells(blob, node, "reg", reg, G_N_ELEMENTS(reg));
    for (unsigned i = 0; i < G_N_ELEMENTS(cells); i++)
        assert_node_cells(blob, node, cells[i].name, &cells[i].value, 1);
    g_assert_null(fdt_getprop(blob, node, "assigned-addresses", NULL));
    g_assert_null(fdt_getprop(blob, node, "interrupts", NULL)); // no pin
}

// Named by class where there is a word for it, else by IDs.
static void test_names(void)
{
    static const struct {
        uint32_t class_code;
        const char *path;
    } names[] = { { 0x010000, "/scsi@1f" }, { 0x010802, "/pci1af4,1044@1f" }, { 0x020000, "/ethernet@1f" },
        { 0x00ff00, "/pci1af4,1044@1f" } };
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        const PciIdentity identity = {
            .vendor = 0x1af4, .device = 0x1044, .class_code = names[i].class_code
        };
        PciDevice *device = pci_device_new(&identity, &ops, NULL);
        g_autoptr(Tree) tree = tree_new(0x1000);
        tree_begin(tree, "%s", "");
        pci_device_describe(device, 31, tree);
        tree_end(tree);
        size_t length;
        const void *blob = tree_finish(tree, 0, &length);
        int node = fdt_path_offset(blob, names[i].path);
        g_assert_cmpint(node, >, 0);
        g_assert_null(fdt_getprop(blob, node, "ibm,req#msi-x", NULL));
        pci_device_free(device);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/pci-device/header", test_header);
    add("/pci-device/bar-sizes", test_bar_sizes);
    add("/pci-device/bar-moves", test_bar_moves);
    add("/pci-device/window", test_window);
    add("/pci-device/describe", test_describe);
    g_test_add_func("/pci-device/names", test_names);
    add("/msix/table", test_msix_table);
    add("/msix/send", test_msix_send);
    add("/msix/mask", test_msix_mask);
    add("/msix/race", test_msix_race);
    return g_test_run();
}
