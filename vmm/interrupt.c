// The interrupt controller: which of KVM's devices it is, and the lines into it.
#include "interrupt_internal.h"
#include "lparun/error.h"
#include "lparun/trace.h"
#include "lparun/usdt.h"
#include "lparun/vcpu.h"
#include "lparun/xive.h"
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

// --- The device.

static int bind_irqfd(const InterruptLine *line, bool assign)
{
    return kvm_irqfd(line->controller->vm, line->eventfd, line->source, assign);
}

// An edge that comes while the line is not bound waits in its eventfd.
static int bind_lines(InterruptController *controller, bool assign)
{
    int result = 0;
    for (unsigned i = 0; i < controller->lines->len && result == 0; i++)
        result = bind_irqfd(controller->lines->pdata[i], assign);
    return result;
}

static int add_lines(InterruptController *controller)
{
    int result = 0;
    for (unsigned i = 0; i < controller->lines->len && result == 0; i++)
        result = controller->device->add(controller, controller->lines->pdata[i]);
    return result;
}

static int define_rtas(InterruptController *controller)
{
    int result = 0;
    for (unsigned i = 0; i < INTERRUPT_RTAS_CALLS && controller->rtas[i].name && result == 0; i++)
        result = kvm_rtas_define(controller->vm, controller->rtas[i].name,
            controller->device->rtas ? controller->rtas[i].token : 0); // 0: no longer
    return result;
}

static void close_device(InterruptController *controller)
{
    if (controller->fd < 0)
        return;
    bind_lines(controller, false); // KVM finds the device by the VM when an irqfd fires: none may meanwhile
    if (controller->device->close)
        controller->device->close(controller);
    close(controller->fd);
    controller->fd = -1;
}

static int fill_device(InterruptController *controller)
{
    const InterruptDevice *device = controller->device;
    int result = device->open ? device->open(controller) : 0;
    if (result == 0)
        result = add_lines(controller);
    if (result == 0 && device->finish)
        result = device->finish(controller);
    if (result == 0)
        result = define_rtas(controller);
    return result == 0 ? bind_lines(controller, true) : result;
}

// There is none before, and after an error.
static int open_device(InterruptController *controller, const InterruptDevice *device)
{
    controller->device = device;
    controller->fd = kvm_create_device(controller->vm, device->type);
    if (controller->fd < 0)
        return controller->fd;
    int result = fill_device(controller);
    if (result < 0)
        close_device(controller);
    return result;
}

typedef struct Connection {
    const InterruptController *controller;
    int result; // the worst that any vCPU had
} Connection;

static void connect_vcpu(Vcpu *vcpu, void *data)
{
    Connection *connection = data;
    int result = interrupt_controller_connect(connection->controller, vcpu_kvm(vcpu), vcpu_id(vcpu));
    if (result < 0)
        __atomic_store_n(&connection->result, result, __ATOMIC_RELAXED);
}

static void trace_switch(int64_t begun, bool xive, int result)
{
    TraceLine line;
    trace_line_begin(&line);
    line.begun = begun;
    trace_line_add(
        &line, "irq_switch(to=%s) = %s", xive ? "XIVE" : "XICS", result < 0 ? g_strerror(-result) : "done");
    trace_line_took(&line, begun);
    trace_line_end(&line);
}

static int replace_device_now(InterruptController *controller, bool xive, VcpuSet *vcpus, Vcpu *caller)
{
    g_mutex_lock(&controller->lock);
    close_device(controller);
    int result = open_device(controller, xive ? &interrupt_xive : &interrupt_xics);
    g_mutex_unlock(&controller->lock);
    if (result < 0)
        return result;
    Connection connection = { .controller = controller };
    vcpu_set_call(vcpus, caller, connect_vcpu, &connection);
    return connection.result;
}

static int replace_device(InterruptController *controller, bool xive, VcpuSet *vcpus, Vcpu *caller)
{
    int64_t begun = trace_wants(TRACE_BIT(IRQ_SWITCH)) ? trace_now() : 0;
    int result = replace_device_now(controller, xive, vcpus, caller);
    if (trace_wants(TRACE_BIT(IRQ_SWITCH)))
        trace_switch(begun, xive, result);
    return result;
}

// None is there after a switch that failed both ways.
static bool is_there(const InterruptController *controller, bool xive)
{
    return controller->fd >= 0 && (controller->device == &interrupt_xive) == xive;
}

// --- The controller.

InterruptController *interrupt_controller_new(KvmVm *vm, GError **error)
{
    InterruptController *controller = g_new0(InterruptController, 1);
    *controller = (InterruptController){
        .vm = vm,
        .fd = -1,
        .offer = { .mode = INTERRUPT_XICS },
        .lines = g_ptr_array_new(),
    };
    g_mutex_init(&controller->lock);
    int result = open_device(controller, &interrupt_xics);
    if (result == 0)
        return controller;
    error_host(error, "KVM's XICS interrupt controller: %s", g_strerror(-result));
    interrupt_controller_free(controller);
    return NULL;
}

static void line_free(InterruptLine *line)
{
    if (line->eventfd >= 0)
        close(line->eventfd);
    g_free(line);
}

void interrupt_controller_free(InterruptController *controller)
{
    if (!controller)
        return;
    close_device(controller);
    for (unsigned i = 0; i < controller->lines->len; i++)
        line_free(controller->lines->pdata[i]);
    g_ptr_array_unref(controller->lines);
    g_mutex_clear(&controller->lock);
    g_free(controller);
}

// A queue is a page of the guest's that the hardware writes to, and KVM looks for it in one host page. Huge
// pages would do for that, but the device's own pages are the host's size too, and nobody has tried smaller
// ones.
static const char *why_no_xive(const InterruptController *controller, uint64_t page_size)
{
    if (kvm_check(controller->vm, KVM_CAP_PPC_IRQ_XIVE) <= 0)
        return "this host's KVM has no XIVE";
    return page_size < 1ULL << XIVE_QUEUE_SHIFT ? "KVM's XIVE needs a host kernel with pages of 64 KiB"
                                                : NULL;
}

bool interrupt_controller_offer(InterruptController *controller, const InterruptOffer *offer, GError **error)
{
    controller->offer = *offer;
    const char *why_not = offer->mode == INTERRUPT_XICS ? NULL : why_no_xive(controller, offer->page_size);
    if (why_not && offer->mode == INTERRUPT_DUAL)
        controller->offer.mode = INTERRUPT_XICS;
    if (!why_not || offer->mode == INTERRUPT_DUAL)
        return true;
    return error_host(error, "-machine ic-mode=xive: %s; leave it out", why_not);
}

InterruptMode interrupt_controller_offered(const InterruptController *controller)
{
    return controller->offer.mode;
}

bool interrupt_controller_is_xive(const InterruptController *controller)
{
    return is_there(controller, true);
}

int interrupt_controller_connect(const InterruptController *controller, KvmVcpu *vcpu, uint32_t server)
{
    if (interrupt_controller_is_xive(controller) && server >= controller->offer.servers)
        return -EINVAL; // XIVE's tables end there
    return kvm_vcpu_enable(vcpu, controller->device->capability, (uint64_t)controller->fd, server);
}

int interrupt_controller_switch(InterruptController *controller, bool xive, VcpuSet *vcpus, Vcpu *caller)
{
    if (is_there(controller, xive))
        return 0;
    int result = replace_device(controller, xive, vcpus, caller);
    if (result < 0)
        replace_device(controller, !xive, vcpus, caller);
    return result;
}

// XICS is put back source by source, its vCPUs' part by vcpu_reset(). XIVE's state is in many places, so it
// is made anew.
int interrupt_controller_reset(InterruptController *controller, VcpuSet *vcpus)
{
    const InterruptOffer *offer = &controller->offer;
    bool xive = offer->mode == INTERRUPT_XIVE || (offer->mode == INTERRUPT_DUAL && offer->start_xive);
    g_mutex_lock(&controller->lock);
    bool stays = !xive && is_there(controller, false);
    int result = stays ? add_lines(controller) : 0;
    g_mutex_unlock(&controller->lock);
    if (stays)
        return result;
    return replace_device(controller, xive, vcpus, NULL);
}

void interrupt_controller_describe(const InterruptController *controller, unsigned servers, Tree *tree)
{
    controller->device->describe(controller, servers, tree);
}

// Linux's xive_spapr_init() wants to know which priorities are not its own: from 7 on.
void interrupt_controller_describe_root(const InterruptController *controller, Tree *tree)
{
    if (interrupt_controller_is_xive(controller))
        tree_cells(tree, "ibm,plat-res-int-priorities", XIVE_PRIORITIES, 0xff - XIVE_PRIORITIES);
}

int interrupt_controller_define_rtas(InterruptController *controller, const char *name, uint32_t token)
{
    for (unsigned i = 0; i < INTERRUPT_RTAS_CALLS; i++) {
        if (controller->rtas[i].name)
            continue;
        controller->rtas[i].name = name;
        controller->rtas[i].token = token;
        return controller->device->rtas ? kvm_rtas_define(controller->vm, name, token) : 0;
    }
    return -ENOSPC;
}

// --- Lines.

// What pulses the line.
static int make_eventfd(InterruptLine *line)
{
    line->eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return line->eventfd < 0 ? -errno : bind_irqfd(line, true);
}

static int add_line(InterruptLine *line)
{
    InterruptController *controller = line->controller;
    g_mutex_lock(&controller->lock);
    int result = controller->device->add(controller, line);
    if (result == 0)
        result = make_eventfd(line);
    if (result == 0)
        g_ptr_array_add(controller->lines, line);
    g_mutex_unlock(&controller->lock);
    return result;
}

InterruptLine *interrupt_line_new(InterruptController *controller, uint32_t source, GError **error)
{
    InterruptLine *line = g_new0(InterruptLine, 1);
    *line = (InterruptLine){ .controller = controller, .source = source, .eventfd = -1 };
    int result = add_line(line);
    if (result < 0) {
        error_host(error, "interrupt source 0x%x: %s", source, g_strerror(-result));
        line_free(line);
        return NULL;
    }
    return line;
}

void interrupt_line_free(InterruptLine *line)
{
    if (!line)
        return;
    InterruptController *controller = line->controller;
    g_mutex_lock(&controller->lock);
    g_ptr_array_remove(controller->lines, line);
    if (controller->fd >= 0) {
        bind_irqfd(line, false);
        controller->device->remove(controller, line);
    }
    g_mutex_unlock(&controller->lock);
    line_free(line);
}

uint32_t interrupt_line_source(const InterruptLine *line)
{
    return line->source;
}

static void trace_pulse(const InterruptLine *line)
{
    TraceLine text;
    trace_line_begin(&text);
    trace_line_add(&text, "irq_pulse(source=0x%x)", line->source);
    trace_line_end(&text);
}

void interrupt_line_pulse(InterruptLine *line)
{
    uint64_t one = 1;
    USDT(irq_pulse, line->source);
    if (trace_wants(TRACE_BIT(IRQ_PULSE)))
        trace_pulse(line);
    atomic_fetch_add_explicit(&line->pulses, 1, memory_order_relaxed);
    while (write(line->eventfd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

void interrupt_controller_counts(const InterruptController *controller,
    void (*each)(uint32_t source, uint64_t pulses, void *data), void *data)
{
    for (unsigned i = 0; i < controller->lines->len; i++) {
        InterruptLine *line = controller->lines->pdata[i];
        uint64_t pulses = atomic_load_explicit(&line->pulses, memory_order_relaxed);
        if (pulses > 0)
            each(line->source, pulses, data);
    }
}

// --- The part.

static void describe_part(const void *part, const Description *what, Tree *tree)
{
    const InterruptController *controller = part;
    if (what->place == TREE_ROOT)
        interrupt_controller_describe_root(controller, tree);
    else if (what->place == TREE_NODES)
        interrupt_controller_describe(controller, controller->offer.servers, tree);
}

static void count_line(uint32_t source, uint64_t pulses, void *data)
{
    counts_row(data);
    counts_value(data, "source", source);
    counts_value(data, "pulses", pulses);
}

static void count_part(const void *part, Counts *counts)
{
    counts_section(counts, "interrupts", COUNTS_ROWS);
    interrupt_controller_counts(part, count_line, counts);
}

static void free_part(void *part)
{
    interrupt_controller_free(part);
}

const PartOps interrupt_controller_part = {
    .kind = "interrupt controller", .describe = describe_part, .count = count_part, .free = free_part
};
