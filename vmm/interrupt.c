// The XICS device in the kernel and the lines into it.
#include "lparun/interrupt.h"
#include "lparun/error.h"
#include <errno.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct InterruptController {
    KvmVm *vm;
    int fd;
    GPtrArray *lines;
};

struct InterruptLine {
    InterruptController *controller;
    uint32_t source;
    InterruptKind kind;
    int eventfd;          // edge lines: bound to the source by irqfd
    atomic_bool asserted; // level lines
};

InterruptController *interrupt_controller_new(KvmVm *vm, GError **error)
{
    int fd = kvm_create_device(vm, KVM_DEV_TYPE_XICS);
    if (fd < 0) {
        g_set_error(
            error, LPARUN_ERROR, LPARUN_ERROR_HOST, "KVM's XICS interrupt controller: %s", g_strerror(-fd));
        return NULL;
    }
    InterruptController *controller = g_new0(InterruptController, 1);
    *controller = (InterruptController){ .vm = vm, .fd = fd, .lines = g_ptr_array_new() };
    return controller;
}

static void line_free(InterruptLine *line)
{
    if (line->eventfd >= 0) {
        kvm_irqfd(line->controller->vm, line->eventfd, line->source, false);
        close(line->eventfd);
    }
    g_free(line);
}

void interrupt_controller_free(InterruptController *controller)
{
    if (!controller)
        return;
    for (unsigned i = 0; i < controller->lines->len; i++)
        line_free(controller->lines->pdata[i]);
    g_ptr_array_unref(controller->lines);
    close(controller->fd);
    g_free(controller);
}

int interrupt_controller_fd(const InterruptController *controller)
{
    return controller->fd;
}

void interrupt_controller_describe(const InterruptController *controller, unsigned servers, Tree *tree)
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

static int source_reset(InterruptLine *line)
{
    uint64_t state = 0xffULL << KVM_XICS_PRIORITY_SHIFT | KVM_XICS_IS_MASKED;
    if (line->kind == INTERRUPT_LEVEL)
        state |= KVM_XICS_LEVEL;
    return kvm_device_set(line->controller->fd, KVM_XICS_SOURCES, line->source, state);
}

void interrupt_controller_reset(InterruptController *controller)
{
    for (unsigned i = 0; i < controller->lines->len; i++) {
        InterruptLine *line = controller->lines->pdata[i];
        atomic_store(&line->asserted, false);
        source_reset(line);
    }
}

// The eventfd that pulses an edge line.
static int connect_irqfd(InterruptLine *line)
{
    line->eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (line->eventfd < 0)
        return -errno;
    return kvm_irqfd(line->controller->vm, line->eventfd, line->source, true);
}

InterruptLine *interrupt_line_new(
    InterruptController *controller, uint32_t source, InterruptKind kind, GError **error)
{
    InterruptLine *line = g_new0(InterruptLine, 1);
    *line = (InterruptLine){ .controller = controller, .source = source, .kind = kind, .eventfd = -1 };
    int result = source_reset(line);
    if (result == 0 && kind == INTERRUPT_EDGE)
        result = connect_irqfd(line);
    if (result < 0) {
        g_set_error(
            error, LPARUN_ERROR, LPARUN_ERROR_HOST, "interrupt source 0x%x: %s", source, g_strerror(-result));
        line_free(line);
        return NULL;
    }
    g_ptr_array_add(controller->lines, line);
    return line;
}

uint32_t interrupt_line_source(const InterruptLine *line)
{
    return line->source;
}

void interrupt_line_pulse(InterruptLine *line)
{
    uint64_t one = 1;
    while (write(line->eventfd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

void interrupt_line_set(InterruptLine *line, bool asserted)
{
    if (atomic_exchange(&line->asserted, asserted) != asserted)
        kvm_irq_line(line->controller->vm, line->source, asserted);
}
