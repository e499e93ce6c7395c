// Devices that go while vCPUs are in their registers.
#include "device_kinds.h"
#include "devices.h"
#include "fake_vcpu.h"
#include "lparun/error.h"
#include "lparun/papr.h"
#include "partition.h"
#include "scratch_file.h"
#include "storage_options.h"
#include <stdatomic.h>

#define BAR4 0x210000000000ULL

typedef struct Fixture {
    Partition partition;
    InterruptController *interrupts;
    Options options;
    VirtioContext context;
    PciHost *host;
    Devices *devices;
    char *path;
} Fixture;

static void add_options(Fixture *fixture)
{
    static const char bytes[4096];
    fixture->path = scratch_file(bytes, sizeof bytes);
    g_autofree char *drive = g_strdup_printf("file=%s,if=none,id=d0", fixture->path);
    g_assert_true(options_parse_drive(&fixture->options, "-drive", drive, NULL));
    g_assert_true(
        options_parse_device(&fixture->options, "-device", "virtio-blk-pci,drive=d0,id=disk", NULL));
    g_assert_true(options_parse_device(&fixture->options, "-device", "virtio-rng-pci,id=rng", NULL));
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    Partition *partition = &fixture->partition;
    g_autoptr(GError) error = NULL;
    partition_open(partition, 2);
    fixture->interrupts = interrupt_controller_new(partition->vm, NULL);
    storage_options_init(&fixture->options);
    kinds_init(&fixture->options);
    add_options(fixture);
    fixture->host = pci_host_new(NULL);
    fixture->context = (VirtioContext){ .vm = partition->vm,
        .bus = partition->bus,
        .doorbell_bus = partition->bus,
        .memory = partition->memory,
        .interrupts = fixture->interrupts };
    fixture->devices = devices_new(&fixture->options, &fixture->context, fixture->host, &error);
    g_assert_no_error(error);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    vcpu_set_park_all(fixture->partition.vcpus);
    devices_free(fixture->devices);
    pci_host_free(fixture->host);
    interrupt_controller_free(fixture->interrupts);
    kinds_clear(&fixture->options);
    storage_options_clear(&fixture->options);
    partition_close(&fixture->partition);
    scratch_remove(fixture->path);
}

static PciDevice *function(const Fixture *fixture, unsigned slot)
{
    return pci_host_find(fixture->host, PHB_BUID, slot << 11);
}

static void place_bar(PciDevice *device)
{
    pci_device_write(device, 0x20, 4, (uint32_t)BAR4);
    pci_device_write(device, 0x24, 4, (uint32_t)(BAR4 >> 32));
    pci_device_write(device, 0x04, 2, 6);
}

static bool is_there(Fixture *fixture, uint64_t address)
{
    uint64_t value;
    return bus_read(fixture->partition.bus, address, 4, &value);
}

static void test_remove(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    VcpuSet *vcpus = fixture->partition.vcpus;
    uint32_t source = msix_source(pci_device_msix(function(fixture, 0)), 0);
    place_bar(function(fixture, 0));
    g_assert_true(is_there(fixture, BAR4));
    g_assert_true(is_there(fixture, BAR4 + 0x3000)); // the doorbell
    g_assert_false(devices_remove(fixture->devices, "none", vcpus, &error));
    g_assert_true(devices_remove(fixture->devices, "disk", vcpus, NULL));
    g_assert_null(function(fixture, 0));
    g_assert_false(is_there(fixture, BAR4));
    g_assert_false(is_there(fixture, BAR4 + 0x3000));
    g_assert_nonnull(function(fixture, 1));
    g_assert_null(devices_at(fixture->devices, 1));
    g_assert_false(fake_kvm_is_bound(fixture->partition.vm, source));
    // What it had is free again: its source, its image's lock.
    InterruptLine *line = interrupt_line_new(fixture->interrupts, source, NULL);
    g_assert_nonnull(line);
    interrupt_line_pulse(line);
    g_assert_cmpuint(fake_kvm_edges(fixture->partition.vm, source), ==, 1);
    const BlockOptions again = { .path = fixture->path };
    Block *block = block_open(&again, NULL);
    g_assert_nonnull(block);
    block_close(block);
    g_assert_true(devices_remove(fixture->devices, "rng", vcpus, NULL));
}

// Both vCPUs read registers, ring and look at configuration space all the time.
static void test_remove_while_running(Fixture *fixture, gconstpointer data)
{
    enum { EXITS = 2000 };
    VcpuSet *vcpus = fixture->partition.vcpus;
    rtas_pci_register(fixture->partition.rtas, &(RtasParts){ .pci = fixture->host });
    place_bar(function(fixture, 0));
    for (unsigned i = 0; i < 2; i++) {
        KvmVcpu *vcpu = vcpu_kvm(vcpu_set_at(vcpus, i));
        for (unsigned j = 0; j < EXITS; j++) {
            const FakeExit exit = { .reason = KVM_EXIT_MMIO,
                .address = j % 2 ? BAR4 + 0x14 : BAR4 + 0x3000,
                .length = j % 2 ? 1 : 2,
                .is_write = j % 2 == 0 };
            fake_vcpu_exit(vcpu, &exit);
        }
        g_assert_true(vcpu_start(vcpu_set_at(vcpus, i), &(VcpuEntry){ .pc = 0x100 }));
    }
    g_assert_true(fake_vcpu_wait(vcpu_kvm(vcpu_set_at(vcpus, 0)), 10));
    g_assert_true(devices_remove(fixture->devices, "disk", vcpus, NULL));
    for (unsigned i = 0; i < 2; i++)
        g_assert_true(fake_vcpu_wait(vcpu_kvm(vcpu_set_at(vcpus, i)), EXITS));
    g_assert_cmpuint(fixture->partition.failures, ==, 0);
}

// A vCPU that has found the function, and is slow.
typedef struct Slow {
    Fixture *fixture;
    atomic_bool found;
    uint32_t vendor;
} Slow;

static int64_t read_slowly(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    Slow *slow = owner;
    PciDevice *device = function(slow->fixture, 0);
    slow->found = true;
    while (function(slow->fixture, 0))
        g_thread_yield();
    g_usleep(20 * 1000);
    slow->vendor = pci_device_read(device, 0, 2);
    return 0;
}

// What a vCPU has in hand is freed when it has let go of it.
static void test_remove_waits(Fixture *fixture, gconstpointer data)
{
    Slow slow = { .fixture = fixture };
    VcpuSet *vcpus = fixture->partition.vcpus;
    KvmVcpu *vcpu = vcpu_kvm(vcpu_set_at(vcpus, 0));
    hypercall_register(fixture->partition.hypercalls, 4, "READ_SLOWLY", read_slowly, &slow);
    const FakeExit exit = { .reason = KVM_EXIT_PAPR_HCALL, .number = 4 };
    fake_vcpu_exit(vcpu, &exit);
    g_assert_true(vcpu_start(vcpu_set_at(vcpus, 0), &(VcpuEntry){ .pc = 0x100 }));
    while (!slow.found)
        g_thread_yield();
    g_assert_true(devices_remove(fixture->devices, "disk", vcpus, NULL));
    g_assert_true(fake_vcpu_wait(vcpu, 1));
    g_assert_cmphex(slow.vendor, ==, 0x1af4);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/devices/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("remove", test_remove);
    ADD("remove-waits", test_remove_waits);
    ADD("remove-while-running", test_remove_while_running);
    return g_test_run();
}
