// KVM's XICS device: the kernel serves its hypercalls, and RTAS calls about its sources.
#include "interrupt_internal.h"

static int add(InterruptController *controller, const InterruptLine *line)
{
    uint64_t state = 0xffULL << KVM_XICS_PRIORITY_SHIFT | KVM_XICS_IS_MASKED;
    return kvm_device_set(controller->fd, KVM_XICS_SOURCES, line->source, state);
}

static void remove_line(InterruptController *controller, const InterruptLine *line)
{
    add(controller, line);
}

// The tree's phandle and cells are the same for both devices: what names the controller need not change.
static void describe(const InterruptController *controller, unsigned servers, Tree *tree)
{
    tree_begin(tree, "interrupt-controller");
    tree_string(tree, "device_type", "PowerPC-External-Interrupt-Presentation");
    tree_string(tree, "compatible", "IBM,ppc-xicp");
    tree_empty(tree, "interrupt-controller");
    tree_u32(tree, "#interrupt-cells", 2);
    tree_cells(tree, "ibm,interrupt-server-ranges", 0, servers);
    tree_u32(tree, "phandle", TREE_PHANDLE_INTERRUPTS);
    tree_u32(tree, "linux,phandle", TREE_PHANDLE_INTERRUPTS);
    tree_end(tree);
}

const InterruptDevice interrupt_xics = {
    .type = KVM_DEV_TYPE_XICS,
    .capability = KVM_CAP_IRQ_XICS,
    .rtas = true,
    .add = add,
    .remove = remove_line,
    .describe = describe,
};
