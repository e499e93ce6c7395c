// RTAS calls of PCI: configuration accesses and message interrupts (guest-interface 1.4, 3.3).
#include "lparun/papr.h"
#include "partition.h"

#define SOURCE 0x1300
#define VECTORS 3
#define HIGH 0x8000000u // the buid of PHB 0
#define LOW 0x20000000u
#define SLOT 5
#define FUNCTION (SLOT << 11) // configuration address: bus << 16 | devfn << 8

typedef struct Fixture {
    Partition partition;
    InterruptController *interrupts;
    PciHost *host;
    PciDevice *device;
    Msix *msix;
} Fixture;

static void bar_moved(void *owner, unsigned bar, uint64_t address)
{
    if (bar == 1)
        msix_moved(((Fixture *)owner)->msix, address);
}

static const PciDeviceOps ops = { .bar_moved = bar_moved };

static void set_up(Fixture *fixture, gconstpointer data)
{
    static const PciIdentity identity = {
        .vendor = 0x1af4, .device = 0x1042, .class_code = 0x010000, .revision = 1
    };
    partition_open(&fixture->partition, 1);
    fixture->interrupts = interrupt_controller_new(fixture->partition.vm, NULL);
    fixture->host = pci_host_new(NULL);
    fixture->device = pci_device_new(&identity, &ops, fixture);
    fixture->msix =
        msix_new(fixture->device, fixture->partition.bus, fixture->interrupts, 1, VECTORS, SOURCE, NULL);
    g_assert_true(pci_host_add(fixture->host, SLOT, fixture->device));
    PciDevice *plain = pci_device_new(&identity, &ops, fixture); // without MSI-X
    g_assert_true(pci_host_add(fixture->host, SLOT + 1, plain));
    rtas_pci_register(fixture->partition.rtas, &(RtasParts){ .pci = fixture->host });
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    pci_host_free(fixture->host);
    msix_free(fixture->msix);
    interrupt_controller_free(fixture->interrupts);
    partition_close(&fixture->partition);
}

static int32_t read_config(Fixture *fixture, uint32_t address, uint32_t size, uint32_t *value)
{
    uint32_t output[2];
    int32_t status =
        partition_rtas(&fixture->partition, "ibm,read-pci-config", 2, output, address, HIGH, LOW, size);
    *value = output[1];
    return status;
}

static int32_t write_config(Fixture *fixture, uint32_t address, uint32_t size, uint32_t value)
{
    uint32_t output[1];
    return partition_rtas(
        &fixture->partition, "ibm,write-pci-config", 1, output, address, HIGH, LOW, size, value);
}

static void test_config(Fixture *fixture, gconstpointer data)
{
    uint32_t value;
    g_assert_cmpint(read_config(fixture, FUNCTION, 4, &value), ==, 0);
    g_assert_cmphex(value, ==, 0x10421af4);
    g_assert_cmpint(read_config(fixture, FUNCTION + 2, 2, &value), ==, 0);
    g_assert_cmphex(value, ==, 0x1042);
    g_assert_cmpint(read_config(fixture, FUNCTION + 0xb, 1, &value), ==, 0);
    g_assert_cmphex(value, ==, 1); // the class
    g_assert_cmpint(write_config(fixture, FUNCTION + 4, 2, 0x0006), ==, 0);
    g_assert_cmpint(read_config(fixture, FUNCTION + 4, 2, &value), ==, 0);
    g_assert_cmphex(value, ==, 0x0006);
    // Registers from 100h on: bits 11:8 are in the address's top nibble.
    g_assert_cmpint(read_config(fixture, FUNCTION | 0x10000000, 4, &value), ==, 0);
    g_assert_cmphex(value, !=, 0x10421af4);
    g_assert_cmpint(read_config(fixture, FUNCTION | 0xf00000fc, 4, &value), ==, 0);
}

// PAPR+ 7.3.4: -1, and for a read all ones, where nothing is or the access makes no sense.
static void test_config_wrong(Fixture *fixture, gconstpointer data)
{
    static const uint32_t sizes[] = { 0, 3, 5, 8, 0x80000004, UINT32_MAX };
    uint32_t value;
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_assert_cmpint(read_config(fixture, FUNCTION, sizes[i], &value), ==, -1);
        g_assert_cmphex(value, ==, UINT32_MAX);
        g_assert_cmpint(write_config(fixture, FUNCTION + 4, sizes[i], 6), ==, -1);
    }
    static const uint32_t addresses[] = { 0, FUNCTION + 0x800 * 2, FUNCTION | 0x100, FUNCTION | 0x700,
        FUNCTION | 0x10000, FUNCTION | 0xff0000, FUNCTION + 1, FUNCTION + 2, FUNCTION + 3 };
    for (unsigned i = 0; i < G_N_ELEMENTS(addresses); i++) {
        g_assert_cmpint(read_config(fixture, addresses[i], 4, &value), ==, -1);
        g_assert_cmphex(value, ==, UINT32_MAX);
        g_assert_cmpint(write_config(fixture, addresses[i], 4, UINT32_MAX), ==, -1);
    }
    uint32_t output[2];
    g_assert_cmpint(
        partition_rtas(&fixture->partition, "ibm,read-pci-config", 2, output, FUNCTION, HIGH, LOW + 1, 4), ==,
        -1);
    g_assert_cmpint(
        partition_rtas(&fixture->partition, "ibm,read-pci-config", 2, output, FUNCTION, 0, LOW, 4), ==, -1);
    g_assert_cmpint(read_config(fixture, FUNCTION + 4, 2, &value), ==, 0);
    g_assert_cmphex(value, ==, 0); // none of the writes got through
}

static int32_t change_msi(
    Fixture *fixture, uint32_t address, uint32_t what, uint32_t count, uint32_t output[4])
{
    return partition_rtas(
        &fixture->partition, "ibm,change-msi", 4, output, address, HIGH, LOW, what, count, 41);
}

static int32_t query(Fixture *fixture, uint32_t vector, uint32_t output[3])
{
    return partition_rtas(
        &fixture->partition, "ibm,query-interrupt-source-number", 3, output, FUNCTION, HIGH, LOW, vector);
}

static bool is_granted(Fixture *fixture, unsigned vector)
{
    fake_kvm_edges(fixture->partition.vm, SOURCE + vector);
    msix_send(fixture->msix, vector);
    return fake_kvm_edges(fixture->partition.vm, SOURCE + vector) == 1;
}

// Switches MSI-X on and unmasks the vectors, as a driver does.
static void enable_msix(Fixture *fixture)
{
    uint32_t at;
    g_assert_cmpint(read_config(fixture, FUNCTION + 0x34, 1, &at), ==, 0);
    g_assert_cmpint(write_config(fixture, FUNCTION + 0x14, 4, 0x80000000), ==, 0); // BAR 1
    g_assert_cmpint(write_config(fixture, FUNCTION + 4, 2, 0x0006), ==, 0);
    g_assert_cmpint(write_config(fixture, FUNCTION + at + 2, 2, 0x8000), ==, 0);
    for (unsigned i = 0; i < VECTORS; i++)
        g_assert_true(bus_write(fixture->partition.bus, 0x200080000000ULL + 16 * i + 12, 4, 0));
}

static void test_change_msi(Fixture *fixture, gconstpointer data)
{
    uint32_t output[4];
    enable_msix(fixture);
    g_assert_false(is_granted(fixture, 0));
    for (uint32_t what = 1; what <= 4; what += 3) { // either, MSI-X
        g_assert_cmpint(change_msi(fixture, FUNCTION, what, VECTORS, output), ==, 0);
        g_assert_cmpuint(output[1], ==, VECTORS);
        g_assert_cmpuint(output[2], ==, 42); // the next sequence
        g_assert_cmpuint(output[3], ==, 2);  // MSI-X
        g_assert_true(is_granted(fixture, 0));
        g_assert_true(is_granted(fixture, VECTORS - 1));
        g_assert_cmpint(change_msi(fixture, FUNCTION, what, 0, output), ==, 0); // all back
        g_assert_cmpuint(output[1], ==, 0);
        g_assert_false(is_granted(fixture, 0));
    }
    g_assert_cmpint(change_msi(fixture, FUNCTION, 4, 1, output), ==, 0);
    g_assert_true(is_granted(fixture, 0));
    g_assert_false(is_granted(fixture, 1));
    // A caller of old has three outputs.
    g_assert_cmpint(
        partition_rtas(&fixture->partition, "ibm,change-msi", 3, output, FUNCTION, HIGH, LOW, 4, 2, 0), ==,
        0);
    g_assert_cmpuint(output[1], ==, 2);
}

// Linux asks for a power of two first: the answer is how many there are, and nothing changes.
static void test_too_many(Fixture *fixture, gconstpointer data)
{
    static const uint32_t counts[] = { VECTORS + 1, 2048, UINT32_MAX };
    uint32_t output[4];
    enable_msix(fixture);
    for (unsigned i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_assert_cmpint(change_msi(fixture, FUNCTION, 4, counts[i], output), ==, 0);
        g_assert_cmpuint(output[1], ==, VECTORS);
        g_assert_false(is_granted(fixture, 0));
    }
    g_assert_cmpint(change_msi(fixture, FUNCTION, 4, 2, output), ==, 0);
    g_assert_cmpint(change_msi(fixture, FUNCTION, 4, 4, output), ==, 0);
    g_assert_true(is_granted(fixture, 1)); // what was granted stays
    g_assert_false(is_granted(fixture, 2));
}

static void test_msi_wrong(Fixture *fixture, gconstpointer data)
{
    uint32_t output[4];
    g_assert_cmpint(change_msi(fixture, FUNCTION, 3, 1, output), ==, -3); // MSI alone: there is none
    g_assert_cmpint(change_msi(fixture, FUNCTION, 5, 1, output), ==, -3);
    g_assert_cmpint(change_msi(fixture, FUNCTION, 0, 1, output), ==, -3);
    g_assert_cmpint(change_msi(fixture, FUNCTION, UINT32_MAX, 1, output), ==, -3);
    g_assert_cmpint(change_msi(fixture, FUNCTION + 0x800, 4, 1, output), ==, -3);  // has no MSI-X
    g_assert_cmpint(change_msi(fixture, FUNCTION + 0x1000, 4, 1, output), ==, -3); // is not there
    g_assert_cmpint(query(fixture, VECTORS, output), ==, -3);
    g_assert_cmpint(query(fixture, UINT32_MAX, output), ==, -3);
}

static void test_query(Fixture *fixture, gconstpointer data)
{
    uint32_t output[4];
    g_assert_cmpint(change_msi(fixture, FUNCTION, 4, VECTORS, output), ==, 0);
    for (uint32_t vector = 0; vector < VECTORS; vector++) {
        g_assert_cmpint(query(fixture, vector, output), ==, 0);
        g_assert_cmphex(output[1], ==, SOURCE + vector);
        g_assert_cmpuint(output[2], ==, 1); // an edge
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/rtas-pci/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("config", test_config);
    ADD("config-wrong", test_config_wrong);
    ADD("change-msi", test_change_msi);
    ADD("too-many", test_too_many);
    ADD("msi-wrong", test_msi_wrong);
    ADD("query", test_query);
    return g_test_run();
}
