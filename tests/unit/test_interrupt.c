// The interrupt controller: source states, edges by irqfd, the switch between its two devices, and a
// host that refuses.
#include "fake_kvm.h"
#include "fake_vcpu.h"
#include "lparun/error.h"
#include "lparun/interrupt.h"
#include "lparun/vcpu.h"
#include <errno.h>
#include <libfdt.h>
#include <unistd.h>

#define EDGE_SOURCE 0x1100
#define OTHER_SOURCE 0x1200

// Documentation/virt/kvm/devices/xics.rst: priority in bits 39:32, masked in bit 41.
#define RESET_STATE 0x2ff00000000ULL

static void test_lines(void)
{
    KvmVm *vm = fake_kvm_new();
    InterruptController *controller = interrupt_controller_new(vm, NULL);
    InterruptLine *edge = interrupt_line_new(controller, EDGE_SOURCE, NULL);
    g_assert_nonnull(interrupt_line_new(controller, OTHER_SOURCE, NULL));
    g_assert_cmphex(interrupt_line_source(edge), ==, EDGE_SOURCE);
    g_assert_cmphex(fake_kvm_source_state(vm, EDGE_SOURCE), ==, RESET_STATE);
    g_assert_cmphex(fake_kvm_source_state(vm, OTHER_SOURCE), ==, RESET_STATE);

    g_assert_cmpuint(fake_kvm_edges(vm, EDGE_SOURCE), ==, 0);
    interrupt_line_pulse(edge);
    interrupt_line_pulse(edge);
    g_assert_cmpuint(fake_kvm_edges(vm, EDGE_SOURCE), ==, 2);
    interrupt_controller_free(controller);
    kvm_vm_close(vm);
}

static void test_reset(void)
{
    KvmVm *vm = fake_kvm_new();
    InterruptController *controller = interrupt_controller_new(vm, NULL);
    InterruptLine *edge = interrupt_line_new(controller, EDGE_SOURCE, NULL);
    g_assert_nonnull(interrupt_line_new(controller, OTHER_SOURCE, NULL));
    // The guest unmasked both.
    int fd = 0; // the fake has one of each device
    g_assert_cmpint(kvm_device_set(fd, KVM_XICS_SOURCES, EDGE_SOURCE, 5ULL << 32), ==, 0);
    g_assert_cmpint(kvm_device_set(fd, KVM_XICS_SOURCES, OTHER_SOURCE, 5ULL << 32), ==, 0);
    g_assert_cmpint(interrupt_controller_reset(controller, NULL), ==, 0);
    g_assert_cmphex(fake_kvm_source_state(vm, EDGE_SOURCE), ==, RESET_STATE);
    g_assert_cmphex(fake_kvm_source_state(vm, OTHER_SOURCE), ==, RESET_STATE);
    interrupt_line_pulse(edge);
    g_assert_cmpuint(fake_kvm_edges(vm, EDGE_SOURCE), ==, 1);
    interrupt_controller_free(controller);
    kvm_vm_close(vm);
}

static void test_refused(void)
{
    KvmVm *vm = fake_kvm_new();
    g_autoptr(GError) error = NULL;
    fake_kvm_power(vm)->device = -ENODEV;
    g_assert_null(interrupt_controller_new(vm, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    g_assert_cmpstr(error->message, ==, "KVM's XICS interrupt controller: No such device");
    g_clear_error(&error);
    fake_kvm_power(vm)->device = 0;
    InterruptController *controller = interrupt_controller_new(vm, NULL);
    g_assert_null(interrupt_line_new(controller, 5, &error)); // IPIs' numbers
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    g_assert_cmpstr(error->message, ==, "interrupt source 0x5: No such file or directory");
    g_clear_error(&error);
    fake_kvm_power(vm)->irqfd = -EAGAIN;
    g_assert_null(interrupt_line_new(controller, EDGE_SOURCE, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    interrupt_controller_free(controller);
    kvm_vm_close(vm);
}

// PAPR+ C.6 and Linux's xics_init() find it by these.
static void test_node(void)
{
    KvmVm *vm = fake_kvm_new();
    InterruptController *controller = interrupt_controller_new(vm, NULL);
    g_autoptr(Tree) tree = tree_new(0x1000);
    tree_begin(tree, "%s", "");
    interrupt_controller_describe(controller, 3, tree);
    tree_end(tree);
    size_t length;
    const void *blob = tree_finish(tree, 0, &length);
    int node = fdt_path_offset(blob, "/interrupt-controller"), size;
    g_assert_cmpint(node, >, 0);
    g_assert_cmpstr(
        fdt_getprop(blob, node, "device_type", NULL), ==, "PowerPC-External-Interrupt-Presentation");
    g_assert_cmpstr(fdt_getprop(blob, node, "compatible", NULL), ==, "IBM,ppc-xicp");
    g_assert_nonnull(fdt_getprop(blob, node, "interrupt-controller", NULL));
    g_assert_cmpuint(fdt32_ld(fdt_getprop(blob, node, "#interrupt-cells", NULL)), ==, 2);
    const fdt32_t *servers = fdt_getprop(blob, node, "ibm,interrupt-server-ranges", &size);
    g_assert_cmpint(size, ==, 8);
    g_assert_cmpuint(fdt32_ld(servers), ==, 0);
    g_assert_cmpuint(fdt32_ld(servers + 1), ==, 3);
    g_assert_cmpint(fdt_node_offset_by_phandle(blob, TREE_PHANDLE_INTERRUPTS), ==, node);
    interrupt_controller_free(controller);
    kvm_vm_close(vm);
}

// --- Both devices.

typedef struct Fixture {
    KvmVm *vm;
    FakeKvmPower *power;
    FakeXive *xive;
    Bus *bus;
    VcpuSet *vcpus;
    InterruptController *controller;
    InterruptLine *edge, *other;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    static const VcpuOps ops = { 0 };
    fixture->vm = fake_kvm_new();
    fixture->power = fake_kvm_power(fixture->vm);
    fixture->xive = fake_kvm_xive();
    fixture->bus = bus_new();
    fixture->vcpus = vcpu_set_new(fixture->vm, fixture->bus, &ops, NULL);
    fixture->controller = interrupt_controller_new(fixture->vm, NULL);
    for (uint32_t id = 0; id < 2; id++)
        g_assert_true(vcpu_set_add(fixture->vcpus, id, fixture->controller, NULL));
    fixture->edge = interrupt_line_new(fixture->controller, EDGE_SOURCE, NULL);
    fixture->other = interrupt_line_new(fixture->controller, OTHER_SOURCE, NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    vcpu_set_free(fixture->vcpus);
    interrupt_controller_free(fixture->controller);
    g_assert_cmpint(fixture->xive->mappings, ==, 0);
    bus_free(fixture->bus);
    kvm_vm_close(fixture->vm);
}

static bool offer(Fixture *fixture, InterruptMode mode, bool start_xive, GError **error)
{
    const InterruptOffer made = {
        .mode = mode, .start_xive = start_xive, .servers = 2, .page_size = 0x10000
    };
    return interrupt_controller_offer(fixture->controller, &made, error);
}

static int turn(Fixture *fixture, bool xive)
{
    return interrupt_controller_switch(fixture->controller, xive, fixture->vcpus, NULL);
}

static void assert_connected(Fixture *fixture, uint32_t capability)
{
    for (unsigned i = 0; i < 2; i++) {
        uint64_t arguments[2];
        KvmVcpu *vcpu = vcpu_kvm(vcpu_set_at(fixture->vcpus, i));
        g_assert_true(fake_vcpu_enabled(vcpu, capability, arguments));
        g_assert_cmpint((int)arguments[0], ==, fixture->power->device_fd);
        g_assert_cmpuint(arguments[1], ==, i);
    }
}

// XIVE's sources are there, all lines and vCPUs are connected; and back. No edge is lost on the way.
static void test_switch(Fixture *fixture, gconstpointer data)
{
    g_assert_true(offer(fixture, INTERRUPT_DUAL, false, NULL));
    g_assert_cmpint(interrupt_controller_reset(fixture->controller, fixture->vcpus), ==, 0);
    g_assert_false(interrupt_controller_is_xive(fixture->controller));
    g_assert_cmpint(interrupt_controller_define_rtas(fixture->controller, "ibm,set-xive", 0x2007), ==, 0);
    g_assert_cmphex(fixture->power->rtas_token, ==, 0x2007);
    g_assert_cmpint(turn(fixture, true), ==, 0);
    g_assert_true(interrupt_controller_is_xive(fixture->controller));
    assert_connected(fixture, KVM_CAP_PPC_IRQ_XIVE);
    g_assert_cmphex(fixture->power->rtas_token, ==, 0); // no longer KVM's
    g_assert_cmphex(fixture->xive->sources[0], ==, FAKE_XIVE_SOURCE);
    g_assert_cmphex(fixture->xive->sources[EDGE_SOURCE], ==, FAKE_XIVE_SOURCE);
    g_assert_cmphex(fixture->xive->sources[OTHER_SOURCE], ==, FAKE_XIVE_SOURCE);
    interrupt_line_pulse(fixture->edge);
    g_assert_cmpint(turn(fixture, true), ==, 0); // nothing to do
    g_assert_cmpint(turn(fixture, false), ==, 0);
    g_assert_false(interrupt_controller_is_xive(fixture->controller));
    g_assert_cmpuint(fake_kvm_edges(fixture->vm, EDGE_SOURCE), ==, 1);
    assert_connected(fixture, KVM_CAP_IRQ_XICS);
    g_assert_cmphex(fixture->power->rtas_token, ==, 0x2007);
    g_assert_cmphex(fake_kvm_source_state(fixture->vm, EDGE_SOURCE), ==, RESET_STATE);
    g_assert_cmpint(fixture->xive->mappings, ==, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(fixture->xive->slots); i++)
        g_assert_cmpuint(fixture->xive->slots[i].size, ==, 0);
}

// XIVE's tables are as long as was offered: a vCPU beyond them is none of its.
static void test_beyond(Fixture *fixture, gconstpointer data)
{
    const InterruptOffer one = { .mode = INTERRUPT_DUAL, .servers = 1, .page_size = 0x10000 };
    g_assert_true(interrupt_controller_offer(fixture->controller, &one, NULL));
    g_assert_cmpint(turn(fixture, true), ==, -EINVAL);
    g_assert_false(interrupt_controller_is_xive(fixture->controller));
}

// Wherever KVM refuses, the device before is there again.
static void test_switch_refused(Fixture *fixture, gconstpointer data)
{
    int *const answers[] = { &fixture->xive->create, &fixture->xive->result, &fixture->xive->slot_result };
    g_assert_true(offer(fixture, INTERRUPT_DUAL, false, NULL));
    for (unsigned i = 0; i < G_N_ELEMENTS(answers); i++) {
        *answers[i] = -ENOMEM;
        g_assert_cmpint(turn(fixture, true), ==, -ENOMEM);
        *answers[i] = 0;
        g_assert_false(interrupt_controller_is_xive(fixture->controller));
        g_assert_cmpuint(fixture->power->device_type, ==, KVM_DEV_TYPE_XICS);
        g_assert_cmpint(fixture->xive->mappings, ==, 0);
        interrupt_line_pulse(fixture->edge);
        g_assert_cmpuint(fake_kvm_edges(fixture->vm, EDGE_SOURCE), ==, 1);
    }
    g_assert_cmpint(turn(fixture, true), ==, 0);
}

// Where the way back is closed as well there is no device, and no call for one, until the next switch or
// reset.
static void test_switch_lost(Fixture *fixture, gconstpointer data)
{
    g_assert_true(offer(fixture, INTERRUPT_DUAL, false, NULL));
    for (unsigned xive = 0; xive < 2; xive++) {
        g_assert_cmpint(turn(fixture, xive), ==, 0);
        fixture->power->device = -EMFILE;
        g_assert_cmpint(turn(fixture, !xive), ==, -EMFILE);
        g_assert_false(interrupt_controller_is_xive(fixture->controller));
        interrupt_line_pulse(fixture->edge);
        g_assert_cmpint(interrupt_controller_reset(fixture->controller, fixture->vcpus), ==, -EMFILE);
        fixture->power->device = 0;
        g_assert_cmpint(
            xive ? turn(fixture, true) : interrupt_controller_reset(fixture->controller, fixture->vcpus), ==,
            0);
        g_assert_cmpint(interrupt_controller_is_xive(fixture->controller), ==, xive);
        assert_connected(fixture, xive ? KVM_CAP_PPC_IRQ_XIVE : KVM_CAP_IRQ_XICS);
    }
}

// After a reset there is what the offer starts with; XIVE is made anew.
static void test_reset_both(Fixture *fixture, gconstpointer data)
{
    static const struct {
        InterruptMode mode;
        bool start_xive, xive;
    } cases[] = {
        { INTERRUPT_DUAL, false, false },
        { INTERRUPT_DUAL, true, true },
        { INTERRUPT_XICS, true, false },
        { INTERRUPT_XIVE, false, true },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_true(offer(fixture, cases[i].mode, cases[i].start_xive, NULL));
        g_assert_cmpint(interrupt_controller_offered(fixture->controller), ==, cases[i].mode);
        for (unsigned again = 0; again < 2; again++) {
            fixture->xive->sources[EDGE_SOURCE] = 0;
            g_assert_cmpint(interrupt_controller_reset(fixture->controller, fixture->vcpus), ==, 0);
            g_assert_cmpint(interrupt_controller_is_xive(fixture->controller), ==, cases[i].xive);
            g_assert_cmphex(fixture->xive->sources[EDGE_SOURCE], ==, cases[i].xive ? FAKE_XIVE_SOURCE : 0);
        }
    }
}

// DUAL is what there is; XIVE is wanted, and an error where it cannot be.
static void test_offer(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->power->missing[0] = KVM_CAP_PPC_IRQ_XIVE;
    g_assert_true(offer(fixture, INTERRUPT_DUAL, true, NULL));
    g_assert_cmpint(interrupt_controller_offered(fixture->controller), ==, INTERRUPT_XICS);
    g_assert_true(offer(fixture, INTERRUPT_XICS, true, NULL));
    g_assert_false(offer(fixture, INTERRUPT_XIVE, true, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    g_assert_cmpstr(error->message, ==, "-machine ic-mode=xive: this host's KVM has no XIVE; leave it out");
    g_clear_error(&error);
    fixture->power->missing[0] = 0;
    const InterruptOffer small = { .mode = INTERRUPT_XIVE, .servers = 2, .page_size = 0x1000 };
    g_assert_false(interrupt_controller_offer(fixture->controller, &small, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    g_assert_nonnull(strstr(error->message, "pages of 64 KiB"));
    const InterruptOffer either = { .mode = INTERRUPT_DUAL, .servers = 2, .page_size = 0x1000 };
    g_assert_true(interrupt_controller_offer(fixture->controller, &either, NULL));
    g_assert_cmpint(interrupt_controller_offered(fixture->controller), ==, INTERRUPT_XICS);
}

// LoPAR's node, and what Linux's xive_spapr_init() reads: the TIMA's views, queue sizes, the vCPUs' sources,
// the hypervisor's priorities.
static void test_xive_node(Fixture *fixture, gconstpointer data)
{
    g_assert_true(offer(fixture, INTERRUPT_XIVE, false, NULL));
    g_assert_cmpint(turn(fixture, true), ==, 0);
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), user = 0x6030203180000 + 3 * page;
    g_autoptr(Tree) tree = tree_new(0x1000);
    tree_begin(tree, "%s", "");
    interrupt_controller_describe_root(fixture->controller, tree);
    interrupt_controller_describe(fixture->controller, 2, tree);
    tree_end(tree);
    size_t length;
    const void *blob = tree_finish(tree, 0, &length);
    g_autofree char *path = g_strdup_printf("/interrupt-controller@%" G_GINT64_MODIFIER "x", user);
    int node = fdt_path_offset(blob, path), size;
    g_assert_cmpint(node, >, 0);
    g_assert_cmpstr(fdt_getprop(blob, node, "device_type", NULL), ==, "power-ivpe");
    g_assert_cmpstr(fdt_getprop(blob, node, "compatible", NULL), ==, "ibm,power-ivpe");
    g_assert_nonnull(fdt_getprop(blob, node, "interrupt-controller", NULL));
    g_assert_cmpuint(fdt32_ld(fdt_getprop(blob, node, "#interrupt-cells", NULL)), ==, 2);
    const fdt64_t *views = fdt_getprop(blob, node, "reg", &size);
    g_assert_cmpint(size, ==, 4 * 8);
    g_assert_cmphex(fdt64_ld(views), ==, user);
    g_assert_cmphex(fdt64_ld(views + 1), ==, page);
    g_assert_cmphex(fdt64_ld(views + 2), ==, fixture->xive->slots[0].gpa); // the operating system's
    g_assert_cmphex(fdt64_ld(views + 2), ==, user - page);
    g_assert_cmphex(fdt64_ld(views + 3), ==, page);
    g_assert_cmpuint(fdt32_ld(fdt_getprop(blob, node, "ibm,xive-eq-sizes", &size)), ==, 16);
    g_assert_cmpint(size, ==, 4);
    const fdt32_t *sources = fdt_getprop(blob, node, "ibm,xive-lisn-ranges", &size);
    g_assert_cmpint(size, ==, 8);
    g_assert_cmpuint(fdt32_ld(sources), ==, 0);
    g_assert_cmpuint(fdt32_ld(sources + 1), ==, 2);
    g_assert_cmpint(fdt_node_offset_by_phandle(blob, TREE_PHANDLE_INTERRUPTS), ==, node);
    const fdt32_t *reserved = fdt_getprop(blob, 0, "ibm,plat-res-int-priorities", &size);
    g_assert_cmpint(size, ==, 8);
    g_assert_cmpuint(fdt32_ld(reserved), ==, 7);
    g_assert_cmpuint(fdt32_ld(reserved + 1), ==, 0xf8);
}

static void add_pulses(uint32_t source, uint64_t pulses, void *data)
{
    uint64_t *seen = data;
    g_assert_cmphex(source, ==, EDGE_SOURCE);
    *seen += pulses;
}

static void test_counts(Fixture *fixture, gconstpointer data)
{
    uint64_t seen = 0;
    interrupt_controller_counts(fixture->controller, add_pulses, &seen);
    g_assert_cmpuint(seen, ==, 0);
    interrupt_line_pulse(fixture->edge);
    interrupt_line_pulse(fixture->edge);
    interrupt_controller_counts(fixture->controller, add_pulses, &seen);
    g_assert_cmpuint(seen, ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/interrupt/lines", test_lines);
    g_test_add_func("/interrupt/reset", test_reset);
    g_test_add_func("/interrupt/refused", test_refused);
    g_test_add_func("/interrupt/node", test_node);
#define ADD(name, test) g_test_add("/interrupt/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("switch", test_switch);
    ADD("switch-refused", test_switch_refused);
    ADD("switch-lost", test_switch_lost);
    ADD("beyond", test_beyond);
    ADD("reset-both", test_reset_both);
    ADD("offer", test_offer);
    ADD("xive-node", test_xive_node);
    ADD("counts", test_counts);
    return g_test_run();
}
