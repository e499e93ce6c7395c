// The interrupt controller: source states, edges by irqfd, levels, and a host that refuses.
#include "fake_kvm.h"
#include "lparun/error.h"
#include "lparun/interrupt.h"
#include <errno.h>
#include <libfdt.h>

#define EDGE_SOURCE 0x1100
#define LEVEL_SOURCE 0x1200

// Documentation/virt/kvm/devices/xics.rst: priority in bits 39:32, level in bit 40, masked in bit 41.
#define RESET_STATE 0x2ff00000000ULL
#define LEVEL_STATE 0x10000000000ULL

static void test_lines(void)
{
    KvmVm *vm = fake_kvm_new();
    InterruptController *controller = interrupt_controller_new(vm, NULL);
    g_assert_cmpint(interrupt_controller_fd(controller), >=, 0);
    InterruptLine *edge = interrupt_line_new(controller, EDGE_SOURCE, INTERRUPT_EDGE, NULL);
    InterruptLine *level = interrupt_line_new(controller, LEVEL_SOURCE, INTERRUPT_LEVEL, NULL);
    g_assert_cmphex(interrupt_line_source(edge), ==, EDGE_SOURCE);
    g_assert_cmphex(fake_kvm_source_state(vm, EDGE_SOURCE), ==, RESET_STATE);
    g_assert_cmphex(fake_kvm_source_state(vm, LEVEL_SOURCE), ==, RESET_STATE | LEVEL_STATE);

    g_assert_cmpuint(fake_kvm_edges(vm, EDGE_SOURCE), ==, 0);
    interrupt_line_pulse(edge);
    interrupt_line_pulse(edge);
    g_assert_cmpuint(fake_kvm_edges(vm, EDGE_SOURCE), ==, 2);

    interrupt_line_set(level, false); // no change
    g_assert_cmpuint(fake_kvm_line_changes(vm), ==, 0);
    interrupt_line_set(level, true);
    interrupt_line_set(level, true);
    g_assert_cmpuint(fake_kvm_line_changes(vm), ==, 1);
    g_assert_true(fake_kvm_level(vm, LEVEL_SOURCE));
    interrupt_line_set(level, false);
    g_assert_cmpuint(fake_kvm_line_changes(vm), ==, 2);
    g_assert_false(fake_kvm_level(vm, LEVEL_SOURCE));
    interrupt_controller_free(controller);
    kvm_vm_close(vm);
}

static void test_reset(void)
{
    KvmVm *vm = fake_kvm_new();
    InterruptController *controller = interrupt_controller_new(vm, NULL);
    InterruptLine *edge = interrupt_line_new(controller, EDGE_SOURCE, INTERRUPT_EDGE, NULL);
    InterruptLine *level = interrupt_line_new(controller, LEVEL_SOURCE, INTERRUPT_LEVEL, NULL);
    interrupt_line_set(level, true);
    // The guest unmasked both.
    int fd = interrupt_controller_fd(controller);
    g_assert_cmpint(kvm_device_set(fd, KVM_XICS_SOURCES, EDGE_SOURCE, 5ULL << 32), ==, 0);
    g_assert_cmpint(kvm_device_set(fd, KVM_XICS_SOURCES, LEVEL_SOURCE, 5ULL << 32), ==, 0);
    interrupt_controller_reset(controller);
    g_assert_cmphex(fake_kvm_source_state(vm, EDGE_SOURCE), ==, RESET_STATE);
    g_assert_cmphex(fake_kvm_source_state(vm, LEVEL_SOURCE), ==, RESET_STATE | LEVEL_STATE);
    // The line is down after a reset: raising it reaches KVM again.
    unsigned changes = fake_kvm_line_changes(vm);
    interrupt_line_set(level, true);
    g_assert_cmpuint(fake_kvm_line_changes(vm), ==, changes + 1);
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
    g_assert_null(interrupt_line_new(controller, 5, INTERRUPT_EDGE, &error)); // IPIs' numbers
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    g_assert_cmpstr(error->message, ==, "interrupt source 0x5: No such file or directory");
    g_clear_error(&error);
    fake_kvm_power(vm)->irqfd = -EAGAIN;
    g_assert_null(interrupt_line_new(controller, EDGE_SOURCE, INTERRUPT_EDGE, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    // A level line has no irqfd to refuse.
    g_assert_nonnull(interrupt_line_new(controller, LEVEL_SOURCE, INTERRUPT_LEVEL, NULL));
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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/interrupt/lines", test_lines);
    g_test_add_func("/interrupt/reset", test_reset);
    g_test_add_func("/interrupt/refused", test_refused);
    g_test_add_func("/interrupt/node", test_node);
    return g_test_run();
}
