// The processors and the whole device tree that the machine starts with, read back by libfdt: what SLOF and
// Linux need (guest-interface 1.3, 1.8, 2.2, 3).
#include "lparun/device_tree.h"
#include "lparun/error.h"
#include "lparun/papr.h"
#include "lparun/rtas_clock.h"
#include "lparun/rtas_nmi.h"
#include "partition.h"
#include "tree_cells.h"
#include <errno.h>
#include <unistd.h>

#define PLACE 0x40000
#define ROOM 0x40000

typedef struct Fixture {
    Partition partition;
    FakeKvmPower *power;
    InterruptController *interrupts;
    Cpus cpus;
    Mmu *mmu;
    Negotiated negotiated;
    PciHost *pci;
    Vtys *vtys;
    Nvram *nvram;
    RtasClock *clock;
    RtasEvents *events;
    HypercallTable *hypercalls;
    BootImages boot;
    TreeSources sources;
    PartList *list;
    bool is_answer;
    const void *blob;
} Fixture;

static bool put_nothing(void *owner, const uint8_t *bytes, size_t length)
{
    return length;
}

static void ignore(void *owner)
{
}

static void ignore_request(void *owner, RunEvent event, const char *text)
{
}

static void add_page_sizes(struct kvm_ppc_smmu_info *info)
{
    info->flags = KVM_PPC_1T_SEGMENTS;
    info->slb_size = 32;
    info->sps[0].page_shift = 12;
    info->sps[0].enc[0].page_shift = 12;
    info->sps[1].page_shift = 24;
    info->sps[1].slb_enc = 0x100;
    info->sps[1].enc[0].page_shift = 24;
    info->sps[1].enc[0].pte_enc = 0;
}

static void make_rtas(Fixture *fixture)
{
    const RunAsk ask = { .ask = ignore_request };
    RtasTable *rtas = fixture->partition.rtas;
    InterruptLine *line = interrupt_line_new(fixture->interrupts, SOURCE_EPOW, NULL);
    fixture->events = rtas_events_new(fixture->partition.memory, line);
    const NmiParts nmi = { .memory = fixture->partition.memory, .vcpus = fixture->partition.vcpus };
    fixture->partition.nmi = rtas_nmi_new(&nmi, &ask);
    const RtasParts parts = {
        .memory = fixture->partition.memory,
        .vcpus = fixture->partition.vcpus,
        .pci = fixture->pci,
        .nvram = fixture->nvram,
        .vtys = fixture->vtys,
        .clock = fixture->clock,
        .events = fixture->events,
        .nmi = fixture->partition.nmi,
        .ask = ask,
        .uuid = "01234567-89ab-cdef-0123-456789abcdef",
    };
    rtas_register_families(rtas, &parts);
}

// All families of hypercalls, in a table of their own.
static void make_hypercalls(Fixture *fixture, HomeNodeDomains domains)
{
    const HypercallParts parts = {
        .vm = fixture->partition.vm,
        .memory = fixture->partition.memory,
        .vcpus = fixture->partition.vcpus,
        .interrupts = fixture->interrupts,
        .vtys = fixture->vtys,
        .mmu = fixture->mmu,
        .rtas = fixture->partition.rtas,
        .domains = domains,
    };
    hypercall_table_free(fixture->hypercalls);
    fixture->hypercalls = hypercall_table_new(4);
    hypercall_register_families(fixture->hypercalls, &parts);
}

static void describe_hypercalls(const void *part, const Description *what, Tree *tree)
{
    const Fixture *fixture = part;
    hypercall_table_part.describe(fixture->hypercalls, what, tree);
}

static const PartOps borrowed_hypercalls = { .kind = "hypercalls", .describe = describe_hypercalls };

static void describe_rtas(const void *part, const Description *what, Tree *tree)
{
    rtas_table_part.describe(part, what, tree);
}

// The partition frees the table.
static const PartOps borrowed_rtas = { .kind = "RTAS", .describe = describe_rtas };

static void make_list(Fixture *fixture)
{
    fixture->list = part_list_new();
    part_list_add(fixture->list, &interrupt_controller_part, fixture->interrupts);
    part_list_add(fixture->list, &pci_host_part, fixture->pci);
    part_list_add(fixture->list, &vtys_part, fixture->vtys);
    part_list_add(fixture->list, &nvram_part, fixture->nvram);
    part_list_add(fixture->list, &borrowed_hypercalls, fixture);
    part_list_add(fixture->list, &borrowed_rtas, fixture->partition.rtas);
    part_list_add(fixture->list, &rtas_events_part, fixture->events);
}

static void set_up(Fixture *fixture, gconstpointer hash)
{
    const VtyHost host = { .put = put_nothing, .has_room = ignore };
    Partition *partition = &fixture->partition;
    partition_open(partition, 4);
    fixture->power = fake_kvm_power(partition->vm);
    add_page_sizes(&fixture->power->hash);
    if (hash)
        fixture->power->missing[0] = KVM_CAP_PPC_MMU_RADIX;
    fixture->interrupts = interrupt_controller_new(partition->vm, NULL);
    const InterruptOffer offer = { .mode = INTERRUPT_XICS, .servers = 12, .page_size = 65536 };
    g_assert_true(interrupt_controller_offer(fixture->interrupts, &offer, NULL));
    fixture->mmu = mmu_new(partition->vm, MMU_AUTO, 0, PARTITION_RAM, NULL);
    fixture->negotiated = negotiated_make(NULL, mmu_is_radix(fixture->mmu), true, false);
    fixture->pci = pci_host_new(NULL);
    fixture->vtys = vtys_new();
    InterruptLine *line = interrupt_line_new(fixture->interrupts, SOURCE_VTY, NULL);
    g_assert_true(vtys_add(fixture->vtys, vty_new(VTY_UNIT, &host, line)));
    fixture->nvram = nvram_new();
    fixture->clock = rtas_clock_new(&(ClockSetup){ 0 });
    make_rtas(fixture);
    make_hypercalls(fixture, NULL);
    g_assert_true(cpus_read(&fixture->cpus, partition->vm, vcpu_set_at(partition->vcpus, 0), NULL));
    make_list(fixture);
    fixture->sources = (TreeSources){ .vm = partition->vm,
        .console = VTY_UNIT,
        .memory = partition->memory,
        .cpus = &fixture->cpus,
        .vcpus = partition->vcpus,
        .mmu = fixture->mmu,
        .interrupts = fixture->interrupts,
        .parts = fixture->list,
        .negotiated = &fixture->negotiated,
        .boot = &fixture->boot,
        .uuid = "01234567-89ab-cdef-0123-456789abcdef" };
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    part_list_free(fixture->list);
    hypercall_table_free(fixture->hypercalls);
    rtas_clock_free(fixture->clock);
    rtas_nmi_free(fixture->partition.nmi);
    mmu_free(fixture->mmu);
    partition_close(&fixture->partition);
}

static void place(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(device_tree_place(
        &fixture->sources, fixture->is_answer, fixture->partition.memory, PLACE, ROOM, &error));
    fixture->blob = guest_memory_write_at(fixture->partition.memory, PLACE, ROOM);
    g_assert_cmpint(fdt_check_full(fixture->blob, ROOM), ==, 0);
}

// --- Reading back.

static int node_at(Fixture *fixture, const char *path)
{
    int node = fdt_path_offset(fixture->blob, path);
    if (node < 0)
        g_error("no node %s", path);
    return node;
}

static const void *property(Fixture *fixture, const char *path, const char *name, int *size)
{
    const void *value = fdt_getprop(fixture->blob, node_at(fixture, path), name, size);
    if (!value)
        g_error("no property %s of %s", name, path);
    return value;
}

static bool has(Fixture *fixture, const char *path, const char *name)
{
    return fdt_getprop(fixture->blob, node_at(fixture, path), name, NULL);
}

static void assert_string(Fixture *fixture, const char *path, const char *name, const char *wanted)
{
    int size;
    const char *value = property(fixture, path, name, &size);
    g_assert_cmpint(size, ==, (int)strlen(wanted) + 1);
    g_assert_cmpstr(value, ==, wanted);
}

static void assert_cell_array(
    Fixture *fixture, const char *path, const char *name, const uint32_t *cells, int count)
{
    assert_node_cells(fixture->blob, node_at(fixture, path), name, cells, count);
}
#define assert_cells(fixture, path, name, ...)                                                               \
    assert_cell_array(fixture, path, name, (const uint32_t[]){ __VA_ARGS__ },                                \
        sizeof((const uint32_t[]){ __VA_ARGS__ }) / 4)

static bool has_hypercalls(Fixture *fixture, const char *set)
{
    return fdt_stringlist_search(fixture->blob, node_at(fixture, "/rtas"), "ibm,hypertas-functions", set) >=
           0;
}

// --- The tests.

static void test_root(Fixture *fixture, gconstpointer data)
{
    place(fixture);
    g_assert_cmpint(fdt_version(fixture->blob), >=, 16);
    g_assert_cmpuint(fdt_boot_cpuid_phys(fixture->blob), ==, 8); // a partition's first vCPU
    g_assert_cmpint(fdt_num_mem_rsv(fixture->blob), ==, 0);
    assert_cells(fixture, "/", "#address-cells", 2);
    assert_cells(fixture, "/", "#size-cells", 2);
    assert_string(fixture, "/", "device_type", "chrp");
    g_assert_true(has(fixture, "/", "model"));
    g_assert_true(has(fixture, "/", "compatible"));
    assert_string(fixture, "/", "vm,uuid", "01234567-89ab-cdef-0123-456789abcdef");
    assert_string(fixture, "/memory@0", "device_type", "memory");
    assert_cells(fixture, "/memory@0", "reg", 0, 0, 0, PARTITION_RAM);
    assert_string(fixture, "/hypervisor", "compatible", "linux,kvm");
    assert_string(fixture, "/chosen", "stdout-path", "/vdevice/vty@71000000");
    assert_string(fixture, "/chosen", "bootargs", "");
    g_assert_false(has(fixture, "/chosen", "qemu,boot-kernel"));
    g_assert_false(has(fixture, "/chosen", "linux,initrd-start"));
    g_assert_false(has(fixture, "/chosen", "qemu,boot-list"));
}

static void test_devices(Fixture *fixture, gconstpointer data)
{
    place(fixture);
    assert_string(fixture, "/vdevice", "device_type", "vdevice");
    assert_string(fixture, "/vdevice", "compatible", "IBM,vdevice");
    assert_cells(fixture, "/vdevice", "#address-cells", 1);
    assert_cells(fixture, "/vdevice", "#size-cells", 0);
    assert_cells(fixture, "/vdevice", "#interrupt-cells", 2);
    g_assert_true(has(fixture, "/vdevice", "interrupt-controller"));
    assert_cells(fixture, "/vdevice/vty@71000000", "interrupts", 0x1100, 0);
    assert_cells(fixture, "/vdevice/nvram@71000001", "#bytes", 0x10000);
    assert_cells(fixture, "/pci@800000020000000", "ibm,pe-total-#msi", 0xd00);
    assert_cells(fixture, "/interrupt-controller", "ibm,interrupt-server-ranges", 0, 12); // beyond vCPU 11
    assert_string(fixture, "/ibm,platform-facilities/ibm,random-v1", "compatible", "ibm,random");
    assert_cells(fixture, "/event-sources", "interrupt-ranges", 0x1000, 1);
    assert_cells(fixture, "/event-sources", "#interrupt-cells", 2);
    assert_cells(fixture, "/event-sources/epow-events", "interrupts", 0x1000, 0);
}

// Every call that a guest may look for, and what was decided of it (docs/rtas.md). The kernel's four are
// registered elsewhere (test_rtas.c).
typedef enum { SERVED, REFUSED, ABSENT } Decision;
static const struct {
    const char *name;
    Decision decision;
} calls[] = {
    { "display-character", SERVED },
    { "power-off", SERVED },
    { "system-reboot", SERVED },
    { "ibm,os-term", SERVED },
    { "quiesce", SERVED },
    { "start-cpu", SERVED },
    { "stop-self", SERVED },
    { "query-cpu-stopped-state", SERVED },
    { "get-time-of-day", SERVED },
    { "set-time-of-day", SERVED },
    { "nvram-fetch", SERVED },
    { "nvram-store", SERVED },
    { "check-exception", SERVED },
    { "event-scan", SERVED },
    { "ibm,nmi-register", SERVED },
    { "ibm,nmi-interlock", SERVED },
    { "ibm,get-system-parameter", SERVED },
    { "ibm,set-system-parameter", SERVED },
    { "read-pci-config", ABSENT },
    { "write-pci-config", ABSENT },
    { "ibm,read-pci-config", SERVED },
    { "ibm,write-pci-config", SERVED },
    { "ibm,change-msi", SERVED },
    { "ibm,query-interrupt-source-number", SERVED },
    { "set-indicator", REFUSED },
    { "get-sensor-state", REFUSED },
    { "ibm,configure-connector", REFUSED },
    { "set-power-level", REFUSED },
    { "get-power-level", REFUSED },
    { "ibm,set-eeh-option", REFUSED },
    { "ibm,get-config-addr-info2", REFUSED },
    { "ibm,read-slot-reset-state2", REFUSED },
    { "ibm,set-slot-reset", REFUSED },
    { "ibm,configure-pe", REFUSED },
    { "ibm,slot-error-detail", REFUSED },
    { "ibm,query-pe-dma-window", ABSENT },
    { "ibm,create-pe-dma-window", ABSENT },
    { "ibm,remove-pe-dma-window", ABSENT },
    { "ibm,reset-pe-dma-window", ABSENT },
    { "ibm,set-tce-bypass", ABSENT },
    { "ibm,suspend-me", ABSENT },
};

// SLOF and Linux find RTAS calls by name; SLOF wants rtas-size, Linux the two marks.
static void test_rtas(Fixture *fixture, gconstpointer data)
{
    place(fixture);
    for (unsigned i = 0; i < G_N_ELEMENTS(calls); i++) {
        g_assert_true(has(fixture, "/rtas", calls[i].name) == (calls[i].decision != ABSENT));
        if (calls[i].decision == ABSENT)
            continue;
        assert_cells(fixture, "/rtas", calls[i].name, partition_token(&fixture->partition, calls[i].name));
        uint32_t output[1];
        const uint32_t input[4] = { 0 };
        if (calls[i].decision == REFUSED)
            g_assert_cmpint(
                partition_rtas_call(&fixture->partition, calls[i].name, 1, output, input, 4), ==, -3);
    }
    g_assert_true(has(fixture, "/rtas", "ibm,change-msix-capable"));
    g_assert_true(has(fixture, "/rtas", "ibm,extended-os-term"));
    int size;
    g_assert_cmpuint(fdt32_ld(property(fixture, "/rtas", "rtas-size", &size)), >=, 20);
    assert_cells(fixture, "/rtas", "rtas-error-log-max", 2048);
    assert_cells(fixture, "/rtas", "rtas-event-scan-rate", 1);
}

// Vector 5: byte 0 is its length - 1, 18h has radix (40), 1ah GTSE (40). FORM2 (5:20) must stay off.
static void test_radix(Fixture *fixture, gconstpointer data)
{
    static const uint8_t vector[] = { 0x19, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0x40, 0, 0x40 };
    int size;
    place(fixture);
    const uint8_t *value = property(fixture, "/chosen", "ibm,architecture-vec-5", &size);
    g_assert_cmpmem(value, (size_t)size, vector, sizeof vector);
    value = property(fixture, "/chosen", "ibm,arch-vec-5-platform-support", &size);
    static const uint8_t support[] = { 0x17, 0x00, 0x18, 0x80, 0x19, 0x00, 0x1a, 0x40 };
    g_assert_cmpmem(value, (size_t)size, support, sizeof support);
    g_assert_true(has_hypercalls(fixture, "hcall-set-mode")); // Linux hangs without
    g_assert_true(has_hypercalls(fixture, "hcall-term"));
    g_assert_true(has_hypercalls(fixture, "hcall-interrupt"));
    g_assert_true(has_hypercalls(fixture, "hcall-splpar"));
    g_assert_false(has_hypercalls(fixture, "hcall-pft"));
    g_assert_true(has_hypercalls(fixture, "hcall-join"));
    g_assert_true(has_hypercalls(fixture, "hcall-sprg0"));
    g_assert_false(has_hypercalls(fixture, "hcall-vphn")); // no nodes
    g_assert_true(has_hypercalls(fixture, "hcall-multi-tce"));
    g_assert_true(has_hypercalls(fixture, "hcall-rpt-invalidate"));
    assert_cells(fixture, "/cpus/PowerPC,POWER9@8", "ibm,processor-radix-AP-encodings", 0xc);
    g_assert_false(has(fixture, "/cpus/PowerPC,POWER9@8", "ibm,pft-size"));
    const uint8_t *features = property(fixture, "/cpus/PowerPC,POWER9@8", "ibm,pa-features", &size);
    g_assert_cmpint(size, ==, features[0] + 2);
    g_assert_cmphex(features[2 + 40] & 0x80, ==, 0x80);
    g_assert_cmphex(features[2 + 22] & 0x80, ==, 0); // no transactional memory
}

// What this KVM does not have.
static void test_few_functions(Fixture *fixture, gconstpointer data)
{
    fixture->power->missing[0] = KVM_CAP_SPAPR_MULTITCE;
    fixture->power->missing[1] = KVM_CAP_PPC_RPT_INVALIDATE;
    make_hypercalls(fixture, NULL);
    place(fixture);
    g_assert_true(has_hypercalls(fixture, "hcall-tce"));
    g_assert_false(has_hypercalls(fixture, "hcall-multi-tce"));
    g_assert_false(has_hypercalls(fixture, "hcall-rpt-invalidate"));
}

static unsigned no_domains(void *owner, const Vcpu *vcpu, uint32_t domains[HOME_NODE_DOMAINS])
{
    return false;
}

static void test_hash(Fixture *fixture, gconstpointer data)
{
    int size;
    place(fixture);
    const uint8_t *value = property(fixture, "/chosen", "ibm,architecture-vec-5", &size);
    g_assert_cmpint(size, ==, 27);
    g_assert_cmphex(value[24] & 0xc0, ==, 0);
    value = property(fixture, "/chosen", "ibm,arch-vec-5-platform-support", &size);
    static const uint8_t support[] = { 0x17, 0x00, 0x18, 0x00, 0x19, 0x00, 0x1a, 0x00 };
    g_assert_cmpmem(value, (size_t)size, support, sizeof support);
    g_assert_true(has_hypercalls(fixture, "hcall-pft"));
    g_assert_true(has_hypercalls(fixture, "hcall-hpt-resize"));
    g_assert_true(has_hypercalls(fixture, "hcall-bulk"));
#define CPU "/cpus/PowerPC,POWER9@8"
    assert_cells(fixture, CPU, "ibm,pft-size", 0, mmu_hash_order(fixture->mmu));
    assert_cells(fixture, CPU, "ibm,segment-page-sizes", 12, 0, 1, 12, 0, 24, 0x100, 1, 24, 0);
    assert_cells(fixture, CPU, "ibm,processor-segment-sizes", 0x1c, 0x28, UINT32_MAX, UINT32_MAX);
    assert_cells(fixture, CPU, "ibm,slb-size", 32);
    const uint8_t *features = property(fixture, CPU, "ibm,pa-features", &size);
    g_assert_cmphex(features[2 + 40] & 0x80, ==, 0); // no radix
    make_hypercalls(fixture, no_domains);
    // As many as a guest can have.
    const Numa numa = { .count = 1, .memory = { guest_memory_size(fixture->sources.memory) } };
    fixture->sources.numa = &numa;
    place(fixture);
    g_assert_true(has_hypercalls(fixture, "hcall-vphn"));
}

// KVM_PPC_PAGE_SIZES_REAL: no page larger than what backs memory; then 16 MiB ones must not be offered here.
static void test_hash_real_pages(Fixture *fixture, gconstpointer data)
{
    const uint8_t *features;
    int size;
    fixture->cpus.hash.flags = 0;
    place(fixture);
    features = property(fixture, CPU, "ibm,pa-features", &size);
    g_assert_cmphex(features[2 + 1], ==, 0x3f); // 64K pages for devices
    fixture->cpus.hash.flags = KVM_PPC_PAGE_SIZES_REAL;
    place(fixture);
    features = property(fixture, CPU, "ibm,pa-features", &size);
    g_assert_cmphex(features[2 + 1], ==, sysconf(_SC_PAGESIZE) < 65536 ? 0x1f : 0x3f);
    assert_cells(fixture, CPU, "ibm,segment-page-sizes", 12, 0, 1, 12, 0);
    assert_cells(fixture, CPU, "ibm,processor-segment-sizes", 0x1c, UINT32_MAX, UINT32_MAX, UINT32_MAX);
}

// All the page sizes that KVM can name.
static void test_hash_most_pages(Fixture *fixture, gconstpointer data)
{
    for (unsigned i = 0; i < KVM_PPC_PAGE_SIZES_MAX_SZ; i++) {
        fixture->cpus.hash.sps[i].page_shift = 12 + i;
        for (unsigned j = 0; j < KVM_PPC_PAGE_SIZES_MAX_SZ; j++)
            fixture->cpus.hash.sps[i].enc[j].page_shift = 12 + j;
    }
    place(fixture);
    int size;
    property(fixture, CPU, "ibm,segment-page-sizes", &size);
    g_assert_cmpint(size, ==, 4 * 8 * (3 + 2 * 8));
}

static void test_cpus(Fixture *fixture, gconstpointer data)
{
    place(fixture);
    assert_cells(fixture, "/cpus", "#address-cells", 1);
    assert_cells(fixture, "/cpus", "#size-cells", 0);
    for (uint32_t id = 8; id <= 11; id++) {
        g_autofree char *path = g_strdup_printf("/cpus/PowerPC,POWER9@%x", id);
        assert_string(fixture, path, "device_type", "cpu");
        assert_string(fixture, path, "status", "okay");
        assert_cells(fixture, path, "reg", id);
        assert_cells(fixture, path, "ibm,ppc-interrupt-server#s", id);
        assert_cells(fixture, path, "cpu-version", 0x004e1203);
        assert_cells(fixture, path, "ibm,vmx", 2); // else userspace dies of VSX
        assert_cells(fixture, path, "ibm,dfp", 1);
        g_assert_true(has(fixture, path, "64-bit"));
        assert_cells(fixture, path, "timebase-frequency", fixture->cpus.timebase);
        g_assert_true(has(fixture, path, "clock-frequency"));
    }
    int node = fdt_first_subnode(fixture->blob, node_at(fixture, "/cpus")), count = 0;
    for (; node >= 0; node = fdt_next_subnode(fixture->blob, node))
        count++;
    g_assert_cmpint(count, ==, 4);
}

static void test_boot(Fixture *fixture, gconstpointer data)
{
    fixture->boot = (BootImages){ .kernel = { .address = 0x400000, .size = 0x1234567, .entry = 0x400000 },
        .initrd = 0x1650000,
        .initrd_size = 0x123 };
    fixture->sources.command_line = "console=hvc0 quiet";
    fixture->sources.console = 0x30000000; // the lowest, whoever gave it out; or there is none
    place(fixture);
    assert_string(fixture, "/chosen", "stdout-path", "/vdevice/vty@30000000");
    fixture->sources.console = 0;
    place(fixture);
    g_assert_false(has(fixture, "/chosen", "stdout-path"));
    fixture->sources.boot_list = "/pci@800000020000000/scsi@0 /pci@800000020000000/scsi@3";
    place(fixture);
    assert_string(fixture, "/chosen", "bootargs", "console=hvc0 quiet");
    g_assert_false(has(fixture, "/chosen", "qemu,boot-device") || has(fixture, "/chosen", "qemu,boot-menu"));
    assert_string(fixture, "/", "model", "lparun pseries");
    g_assert_false(has(fixture, "/", "host-model") || has(fixture, "/", "host-serial"));
    assert_string(fixture, "/chosen", "qemu,boot-list", fixture->sources.boot_list);
    assert_cells(fixture, "/chosen", "qemu,boot-kernel", 0, 0x400000, 0, 0x1234567);
    assert_cells(fixture, "/chosen", "linux,initrd-start", 0x1650000);
    assert_cells(fixture, "/chosen", "linux,initrd-end", 0x1650123);
    g_assert_true(has_hypercalls(fixture, "hcall-multi-tce"));
    uint64_t address, size;
    g_assert_cmpint(fdt_num_mem_rsv(fixture->blob), ==, 2);
    g_assert_cmpint(fdt_get_mem_rsv(fixture->blob, 0, &address, &size), ==, 0);
    g_assert_cmphex(address, ==, 0x400000);
    g_assert_cmphex(size, ==, 0x1234567);
    g_assert_cmpint(fdt_get_mem_rsv(fixture->blob, 1, &address, &size), ==, 0);
    g_assert_cmphex(address, ==, 0x1650000);
    g_assert_cmphex(size, ==, 0x123);
}

// What QEMU's callers ask for besides.
static void test_qemu(Fixture *fixture, gconstpointer data)
{
    fixture->sources.boot_device = "dn";
    fixture->sources.boot_menu = true;
    fixture->sources.model = "IBM pSeries (emulated by qemu)";
    fixture->sources.host_model = "host";
    fixture->sources.host_serial = "12";
    fixture->cpus.without_vsx = fixture->cpus.without_dfp = true;
    place(fixture);
    assert_string(fixture, "/chosen", "qemu,boot-device", "dn");
    assert_cells(fixture, "/chosen", "qemu,boot-menu", 1);
    assert_string(fixture, "/", "model", "IBM pSeries (emulated by qemu)");
    assert_string(fixture, "/", "host-model", "host");
    assert_string(fixture, "/", "host-serial", "12");
    assert_cells(fixture, CPU, "ibm,vmx", 1);
    g_assert_false(has(fixture, CPU, "ibm,dfp"));
}

// Without firmware: what SLOF and prom_init would have added is there, and what is theirs is not.
static void test_direct(Fixture *fixture, gconstpointer data)
{
    static const PciIdentity identity = { .vendor = 0x1af4, .device = 0x1042, .class_code = 0x010000 };
    static const PciDeviceOps ops = { 0 };
    pci_host_add(fixture->pci, 5, pci_device_new(&identity, &ops, NULL));
    place(fixture);
    g_assert_false(has(fixture, "/rtas", "linux,rtas-base"));
    g_assert_false(has(fixture, "/chosen", "linux,pci-probe-only"));
    g_assert_cmpint(fdt_first_subnode(fixture->blob, node_at(fixture, "/pci@800000020000000")), <, 0);
    fixture->boot = (BootImages){ .entry = 0x10, .rtas = 0x2fff0000, .functions = true };
    place(fixture);
    assert_cells(fixture, "/rtas", "linux,rtas-base", 0x2fff0000);
    assert_cells(fixture, "/rtas", "linux,rtas-entry", 0x2fff0000);
    assert_cells(fixture, "/rtas", "rtas-size", 0x1000);
    assert_cells(fixture, "/chosen", "linux,pci-probe-only", 0);
    g_assert_false(has(fixture, "/chosen", "qemu,boot-kernel"));
    assert_cells(fixture, "/pci@800000020000000/scsi@5", "vendor-id", 0x1af4);
    uint64_t address, size;
    g_assert_cmpint(fdt_num_mem_rsv(fixture->blob), ==, 1); // RTAS; not the kernel, which frees what it can
    g_assert_cmpint(fdt_get_mem_rsv(fixture->blob, 0, &address, &size), ==, 0);
    g_assert_cmphex(address, ==, 0x2fff0000);
    g_assert_cmphex(size, ==, RTAS_ROOM);
}

// -machine mmu=radix, or a KVM that has nothing else.
static void test_radix_only(Fixture *fixture, gconstpointer data)
{
    static const uint8_t support[] = { 0x17, 0x00, 0x18, 0x40, 0x19, 0x00, 0x1a, 0x40 };
    mmu_free(fixture->mmu);
    fixture->sources.mmu = fixture->mmu = mmu_new(fixture->partition.vm, MMU_RADIX, 0, PARTITION_RAM, NULL);
    make_hypercalls(fixture, NULL);
    place(fixture);
    int size;
    const uint8_t *value = property(fixture, "/chosen", "ibm,arch-vec-5-platform-support", &size);
    g_assert_cmpmem(value, (size_t)size, support, sizeof support);
}

// Memory is a node of the tree for each of NUMA's, the first of them what firmware may use.
static void test_numa(Fixture *fixture, gconstpointer data)
{
    Numa numa = { .count = 3,
        .memory = { 0, PARTITION_RAM / 4, PARTITION_RAM / 4 * 3 },
        .distance = { { 10, 20, 20 }, { 20, 10, 20 }, { 20, 20, 10 } },
        .cpu_node = { 0, 2, 1 } };
    fixture->sources.numa = &numa;
    g_assert_cmphex(machine_real_mode_area(&fixture->sources), ==, PARTITION_RAM / 4);
    place(fixture);
    assert_cells(fixture, "/memory@0", "reg", 0, 0, 0, PARTITION_RAM / 4);
    assert_cells(fixture, "/memory@0", "ibm,associativity", 4, 0, 0, 0, 1);
    // Powers of two, at multiples of them.
    assert_cells(fixture, "/memory@40000", "reg", 0, PARTITION_RAM / 4, 0, PARTITION_RAM / 4);
    assert_cells(fixture, "/memory@40000", "ibm,associativity", 4, 0, 0, 0, 2);
    assert_string(fixture, "/memory@40000", "device_type", "memory");
    assert_cells(fixture, "/memory@80000", "reg", 0, PARTITION_RAM / 2, 0, PARTITION_RAM / 2);
    assert_cells(fixture, "/memory@80000", "ibm,associativity", 4, 0, 0, 0, 2);
    g_assert_cmpint(fdt_path_offset(fixture->blob, "/memory@100000"), <, 0);
    assert_cells(fixture, CPU, "ibm,associativity", 5, 0, 0, 0, 0, 8);
    assert_cells(fixture, "/cpus/PowerPC,POWER9@9", "ibm,associativity", 5, 0, 0, 0, 2, 9);
    assert_cells(fixture, "/rtas", "ibm,numa-lookup-index-table", 3, 0, 1, 2);
    assert_cells(fixture, "/rtas", "ibm,associativity-reference-points", 4, 3, 2, 1);
}

// What is offered is in the tree that firmware gets, and what is there in each.
static void test_interrupts(Fixture *fixture, gconstpointer data)
{
    static const uint8_t offers[] = {
        [INTERRUPT_DUAL] = 0x80, [INTERRUPT_XICS] = 0x00, [INTERRUPT_XIVE] = 0x40
    };
    for (InterruptMode mode = INTERRUPT_DUAL; mode <= INTERRUPT_XIVE; mode++) {
        const InterruptOffer offer = { .mode = mode, .servers = 16, .page_size = 0x10000 };
        VcpuSet *vcpus = fixture->partition.vcpus;
        g_assert_true(interrupt_controller_offer(fixture->interrupts, &offer, NULL));
        g_assert_cmpint(interrupt_controller_reset(fixture->interrupts, vcpus), ==, 0);
        place(fixture);
        int size;
        const uint8_t *value = property(fixture, "/chosen", "ibm,arch-vec-5-platform-support", &size);
        g_assert_cmphex(value[0], ==, 0x17);
        g_assert_cmphex(value[1], ==, offers[mode]);
        g_assert_cmpint(has(fixture, "/", "ibm,plat-res-int-priorities"), ==, mode == INTERRUPT_XIVE);
    }
}

// In a compatibility mode the processor is the older one to the guest, under its own name.
static void test_compat(Fixture *fixture, gconstpointer data)
{
    int size;
    fixture->negotiated = negotiated_make(compat_find("power9"), true, true, false);
    place(fixture);
    assert_cells(fixture, CPU, "cpu-version", 0x0f000005);
    property(fixture, CPU, "ibm,pa-features", &size);
    g_assert_cmpint(size, ==, 68);
    g_assert_true(has(fixture, CPU, "ibm,processor-radix-AP-encodings"));
    g_assert_cmpint(mmu_switch(fixture->mmu, false), ==, 0);
    fixture->negotiated = negotiated_make(compat_find("power8"), false, false, false);
    place(fixture);
    assert_cells(fixture, CPU, "cpu-version", 0x0f000004);
    property(fixture, CPU, "ibm,pa-features", &size);
    g_assert_cmpint(size, ==, 26);
    g_assert_false(has(fixture, CPU, "ibm,processor-radix-AP-encodings"));
}

// --- The answer to CAS: SLOF removes the nodes that are not in it, and takes all properties from it.

// Of /chosen: what firmware or a boot loader may have changed by then.
static const char *const boot_only[] = { "stdout-path", "bootargs", "qemu,boot-list", "qemu,boot-device",
    "qemu,boot-menu", "qemu,boot-kernel", "ibm,arch-vec-5-platform-support", "linux,initrd-start",
    "linux,initrd-end", NULL };

static void assert_same_node(const void *before, int node, const void *after, int node_after)
{
    int property_at;
    fdt_for_each_property_offset(property_at, before, node)
    {
        const char *name;
        int size, size_after;
        const void *value = fdt_getprop_by_offset(before, property_at, &name, &size);
        const void *value_after = fdt_getprop(after, node_after, name, &size_after);
        if (g_strv_contains(boot_only, name)) {
            g_assert_null(value_after);
            continue;
        }
        g_assert_nonnull(value_after);
        g_assert_cmpmem(value, (size_t)size, value_after, (size_t)size_after);
    }
}

static void test_answer(Fixture *fixture, gconstpointer data)
{
    fixture->boot = (BootImages){ .kernel = { .address = 0x400000, .size = 0x1000, .entry = 0x400000 },
        .initrd = 0x650000,
        .initrd_size = 0x123 };
    fixture->sources.command_line = "console=hvc0";
    fixture->sources.boot_list = "/pci@800000020000000/scsi@0";
    fixture->sources.boot_device = "c";
    fixture->sources.boot_menu = true;
    place(fixture);
    size_t size = fdt_totalsize(fixture->blob);
    g_autofree void *before = g_memdup2(fixture->blob, size);
    fixture->is_answer = true;
    place(fixture);
    unsigned nodes = 0;
    for (int node = 0; node >= 0; node = fdt_next_node(before, node, NULL), nodes++) {
        char path[200];
        g_assert_cmpint(fdt_get_path(before, node, path, sizeof path), ==, 0);
        g_test_message("%s", path);
        assert_same_node(before, node, fixture->blob, node_at(fixture, path));
    }
    g_assert_cmpuint(nodes, >, 10);
    g_assert_cmpint(fdt_num_mem_rsv(fixture->blob), ==, 0);
}

// A guest that chose a hashed page table in CAS gets all that one which started with it has.
static void test_answer_hash(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpint(mmu_switch(fixture->mmu, false), ==, 0);
    fixture->negotiated = negotiated_make(NULL, false, false, false);
    fixture->is_answer = true;
    place(fixture);
    g_autofree void *chosen = g_memdup2(fixture->blob, fdt_totalsize(fixture->blob));
    mmu_free(fixture->mmu);
    fixture->sources.mmu = fixture->mmu = mmu_new(fixture->partition.vm, MMU_HASH, 0, PARTITION_RAM, NULL);
    make_hypercalls(fixture, NULL);
    place(fixture);
    g_assert_cmpmem(chosen, fdt_totalsize(chosen), fixture->blob, fdt_totalsize(fixture->blob));
    g_assert_true(has(fixture, CPU, "ibm,pft-size"));
}

// PR traps `sc 1` elsewhere: its own instructions, and none of the calls that it does not serve
// (kvm-ppc-abi 2.2).
static void test_pr(Fixture *fixture, gconstpointer data)
{
    fixture->power->pr = true;
    make_hypercalls(fixture, NULL);
    place(fixture);
    assert_cells(
        fixture, "/hypervisor", "hcall-instructions", 0x44000022, 0x44000023, 0x44000024, 0x44000025);
    g_assert_false(has_hypercalls(fixture, "hcall-splpar"));
    g_assert_true(has_hypercalls(fixture, "hcall-set-mode"));
}

// A tree that does not fit, at every size from nothing on: the user's error, and nothing written.
static void test_no_room(Fixture *fixture, gconstpointer data)
{
    place(fixture);
    unsigned length = fdt_totalsize(fixture->blob);
    uint8_t *memory = guest_memory_write_at(fixture->partition.memory, PLACE, ROOM);
    for (uint64_t room = 0; room < length; room += room < 64 ? 1 : 61) {
        g_autoptr(GError) error = NULL;
        memset(memory, 0xee, ROOM);
        g_assert_false(device_tree_place(
            &fixture->sources, fixture->is_answer, fixture->partition.memory, PLACE, room, &error));
        g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
        for (unsigned i = 0; i < length; i++)
            g_assert_cmphex(memory[i], ==, 0xee);
    }
    g_autoptr(GError) error = NULL;
    g_autofree char *long_text = g_strnfill(ROOM, 'x');
    fixture->sources.command_line = long_text;
    g_assert_false(device_tree_place(
        &fixture->sources, fixture->is_answer, fixture->partition.memory, PLACE, ROOM, &error));
    g_assert_cmpstr(error->message, ==, "-append, -smp: the device tree is larger than 256 KiB");
    g_clear_error(&error);
    fixture->sources.command_line = NULL;
    g_assert_false(device_tree_place(
        &fixture->sources, false, fixture->partition.memory, PARTITION_RAM - 64, ROOM, &error)); // no RAM
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
}

// --- cpus_read().

static void test_processors(Fixture *fixture, gconstpointer data)
{
    static const struct {
        uint32_t pvr;
        const char *name;
        unsigned isa;
    } processors[] = {
        { 0x004b0201, "PowerPC,POWER8", 207 },
        { 0x004c0100, "PowerPC,POWER8", 207 },
        { 0x004d0200, "PowerPC,POWER8", 207 },
        { 0x004e1203, "PowerPC,POWER9", 300 },
        { 0x00801200, "PowerPC,POWER10", 310 },
        { 0x00821200, "PowerPC,POWER11", 310 },
    };
    Vcpu *boot = vcpu_set_at(fixture->partition.vcpus, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(processors); i++) {
        Cpus cpus;
        fixture->power->pvr = processors[i].pvr;
        g_assert_true(cpus_read(&cpus, fixture->partition.vm, boot, NULL));
        g_assert_cmpstr(cpus.name, ==, processors[i].name);
        g_assert_cmpuint(cpus.isa, ==, processors[i].isa);
        g_assert_cmphex(cpus.pvr, ==, processors[i].pvr);
        g_assert_cmpuint(cpus.timebase, >, 0);
    }
    // Features of ISA 2.07 are 24 bytes.
    int size;
    fixture->power->pvr = 0x004d0200;
    g_assert_true(cpus_read(&fixture->cpus, fixture->partition.vm, boot, NULL));
    place(fixture);
    const uint8_t *features = property(fixture, "/cpus/PowerPC,POWER8@8", "ibm,pa-features", &size);
    g_assert_cmpint(size, ==, 26);
    g_assert_cmpuint(features[0], ==, 24);
    g_assert_cmpuint(features[1], ==, 0);
}

static void test_processors_wrong(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Cpus cpus;
    Vcpu *boot = vcpu_set_at(fixture->partition.vcpus, 0);
    fixture->power->pvr = 0x003f0201; // POWER7
    g_assert_false(cpus_read(&cpus, fixture->partition.vm, boot, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    g_assert_cmpstr(error->message, ==,
        "-cpu host: the host's processor (PVR 0x003f0201) is not one that lparun knows (POWER8 to POWER11)");
    g_clear_error(&error);
    fixture->power->pvr_result = -EIO;
    g_assert_false(cpus_read(&cpus, fixture->partition.vm, boot, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    // A KVM that has one MMU only.
    fixture->power->pvr_result = 0;
    fixture->power->pvr = 0;
    fixture->power->no_hash = -EINVAL;
    fixture->power->no_radix = -EINVAL;
    g_assert_true(cpus_read(&cpus, fixture->partition.vm, boot, NULL));
    g_assert_cmpint(cpus.radix_encoding_count, ==, 0);
    g_assert_cmpuint(cpus.hash.slb_size, ==, 0);
}

// The large decrementer is ISA 3.0's. PR counts no PURR.
static void test_decrementer_and_purr(Fixture *fixture, gconstpointer data)
{
    const CompatLevel *power8 = compat_find("power8"), *power9 = compat_find("power9");
    place(fixture);
    g_assert_false(has(fixture, CPU, "ibm,dec-bits"));
    assert_cells(fixture, CPU, "ibm,purr", 1);
    assert_cells(fixture, CPU, "ibm,spurr", 1);
    g_assert_false(has(fixture, CPU, "d-cache-sets"));
    fixture->cpus.decrementer_bits = 56;
    fixture->cpus.data_sets = 8;
    fixture->cpus.has_purr = false;
    place(fixture);
    assert_cells(fixture, CPU, "ibm,dec-bits", 56);
    assert_cells(fixture, CPU, "d-cache-sets", 8);
    g_assert_false(has(fixture, CPU, "ibm,purr") || has(fixture, CPU, "ibm,spurr"));
    fixture->negotiated.compat = power9;
    place(fixture);
    assert_cells(fixture, CPU, "ibm,dec-bits", 56);
    fixture->negotiated.compat = power8;
    place(fixture);
    g_assert_false(has(fixture, CPU, "ibm,dec-bits"));
}

// A node is a core; Linux takes its threads from the list of interrupt servers.
static void test_threads(Fixture *fixture, gconstpointer data)
{
    fixture->cpus.threads = 2;
    place(fixture);
    assert_cells(fixture, "/cpus/PowerPC,POWER9@8", "reg", 8);
    assert_cells(fixture, "/cpus/PowerPC,POWER9@8", "ibm,ppc-interrupt-server#s", 8, 9);
    assert_cells(fixture, "/cpus/PowerPC,POWER9@8", "ibm,ppc-interrupt-gserver#s", 8, 0, 9, 0);
    assert_cells(fixture, "/cpus/PowerPC,POWER9@a", "ibm,ppc-interrupt-server#s", 10, 11);
    g_assert_cmpint(fdt_path_offset(fixture->blob, "/cpus/PowerPC,POWER9@9"), ==, -FDT_ERR_NOTFOUND);
    assert_cells(fixture, "/interrupt-controller", "ibm,interrupt-server-ranges", 0, 12);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, hash, test) g_test_add("/device-tree/" name, Fixture, hash, set_up, test, tear_down)
    ADD("root", NULL, test_root);
    ADD("devices", NULL, test_devices);
    ADD("rtas", NULL, test_rtas);
    ADD("radix", NULL, test_radix);
    ADD("few-functions", NULL, test_few_functions);
    ADD("hash", "hash", test_hash);
    ADD("hash-real-pages", "hash", test_hash_real_pages);
    ADD("hash-most-pages", "hash", test_hash_most_pages);
    ADD("radix-only", NULL, test_radix_only);
    ADD("interrupts", NULL, test_interrupts);
    ADD("compat", NULL, test_compat);
    ADD("numa", NULL, test_numa);
    ADD("answer", NULL, test_answer);
    ADD("answer-hash", NULL, test_answer_hash);
    ADD("cpus", NULL, test_cpus);
    ADD("threads", NULL, test_threads);
    ADD("decrementer-and-purr", NULL, test_decrementer_and_purr);
    ADD("boot", NULL, test_boot);
    ADD("qemu", NULL, test_qemu);
    ADD("direct", NULL, test_direct);
    ADD("pr", "hash", test_pr);
    ADD("no-room", NULL, test_no_room);
    ADD("processors", NULL, test_processors);
    ADD("processors-wrong", NULL, test_processors_wrong);
    return g_test_run();
}
