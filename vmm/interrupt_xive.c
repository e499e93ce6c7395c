// KVM's XIVE device: pages of the hardware that the guest gets to see, and the routing behind them.
//
// A source has two pages (its ESB), a vCPU one (the TIMA, the same address on all: the hardware knows who
// asks). They are in the guest's memory as slots of KVM's: no exit is left on the way of an interrupt.
#include "interrupt_internal.h"
#include "lparun/papr.h"
#include "lparun/bytes.h"
#include "lparun/xive.h"
#include <errno.h>
#include <unistd.h>

// Where the guest finds them; QEMU's addresses, beyond any RAM. Pages are as large as the host's.
#define ESB_BASE 0x6010000000000ULL
#define TIMA_BASE 0x6030203180000ULL
enum { TIMA_OS = 2, TIMA_USER, TIMA_PAGES };

// A source's management page (Power ISA's XIVE; Linux, asm/xive-regs.h): loads at these offsets do more than
// load.
#define ESB_END 0x000
#define ESB_UNMASK 0xc00

typedef struct Source {
    bool present;
    const InterruptLine *line; // NULL: a vCPU's own
    XiveRoute route;           // under the state's lock
} Source;

// Sources with numbers that follow each other: one memory slot.
typedef struct Run {
    uint32_t first, count;
} Run;

// What KVM knows of a vCPU's queue of one priority. It counts every route that was ever set to it, and when
// the count is full it takes another vCPU instead; wherever it looks for a queue that is not there, it warns
// in the host's log (xive_try_pick_queue in arch/powerpc/kvm/book3s_xive.c). So a guest that would lead it
// there is refused here.
#define ROUTES_FULL ((1u << (XIVE_QUEUE_SHIFT - 2)) - 2)
typedef struct Queue {
    bool present;
    uint32_t routes;
} Queue;

typedef struct XiveState {
    unsigned page_shift;
    uint8_t *tima, *esb; // mapped from the device, or NULL
    bool has_tima_slot;
    Source *sources;                  // by number
    uint32_t count;                   // numbers are below: as many as there can be
    GArray *runs;                     // that have a slot
    Queue (*queues)[XIVE_PRIORITIES]; // by vCPU number
    GMutex lock; // guards routes and queues: what a hypercall told KVM, and its copy here
} XiveState;

static Source *source_of(const InterruptController *controller, uint32_t number)
{
    return &controller->xive->sources[number];
}

static uint64_t esb_pages(const XiveState *xive)
{
    return 2ULL * xive->count;
}

// --- Opening.

// Masked until the guest routes it; its entries say its number until the guest says otherwise.
static int make_source(InterruptController *controller, uint32_t number, const InterruptLine *line)
{
    int result = kvm_device_set(controller->fd, KVM_XIVE_SOURCE, number, 0);
    if (result < 0)
        return result;
    XiveState *xive = controller->xive;
    g_assert(number < xive->count);
    g_mutex_lock(&xive->lock);
    xive->sources[number] =
        (Source){ .present = true, .line = line, .route = { .eisn = number, .masked = true } };
    g_mutex_unlock(&xive->lock);
    return 0;
}

// Each vCPU may have one for interrupts from other vCPUs: ibm,xive-lisn-ranges.
static int open_xive(InterruptController *controller)
{
    XiveState *xive = controller->xive = g_new0(XiveState, 1);
    xive->page_shift = (unsigned)g_bit_nth_lsf((gulong)sysconf(_SC_PAGESIZE), -1);
    xive->runs = g_array_new(FALSE, FALSE, sizeof(Run));
    xive->count = MAX(SOURCE_MSI + SOURCE_MSI_COUNT, controller->offer.servers);
    xive->sources = g_new0(Source, xive->count); // what is not used lies untouched
    xive->queues = g_malloc0(controller->offer.servers * sizeof *xive->queues);
    g_mutex_init(&xive->lock);
    kvm_xive_servers(controller->fd, controller->offer.servers); // a KVM without it has room for all
    int result = 0;
    for (uint32_t i = 0; i < controller->offer.servers && result == 0; i++)
        result = make_source(controller, i, NULL);
    return result;
}

// --- The pages.

static uint64_t source_page(const XiveState *xive, uint32_t number)
{
    return ESB_BASE + (2ULL * number << xive->page_shift);
}

static int show_run(InterruptController *controller, Run run)
{
    XiveState *xive = controller->xive;
    uint64_t offset = 2ULL * run.first << xive->page_shift, size = 2ULL * run.count << xive->page_shift;
    int result = kvm_set_memory(
        controller->vm, KVM_SLOT_ESB + xive->runs->len, ESB_BASE + offset, xive->esb + offset, size);
    if (result == 0)
        g_array_append_val(xive->runs, run);
    return result;
}

// Only pages that are there: an access to another one would end the vCPU, as KVM finds no page to map.
static int show_sources(InterruptController *controller)
{
    XiveState *xive = controller->xive;
    int result = 0;
    for (uint32_t i = 0; i < xive->count && result == 0; i++) {
        Run run = { .first = i };
        while (i < xive->count && xive->sources[i].present)
            i++;
        run.count = i - run.first;
        if (run.count > 0)
            result = show_run(controller, run);
    }
    return result;
}

// While the guest runs, too: the source has its pages at once.
static int add(InterruptController *controller, const InterruptLine *line)
{
    XiveState *xive = controller->xive;
    bool was_there = line->source < xive->count && source_of(controller, line->source)->present;
    int result = make_source(controller, line->source, line);
    return result < 0 || was_there || !xive->esb ? result : show_run(controller, (Run){ line->source, 1 });
}

static void remove_line(InterruptController *controller, const InterruptLine *line)
{
    make_source(controller, line->source, NULL);
}

// Of the TIMA's views the guest gets the operating system's.
static int show_tima(InterruptController *controller)
{
    XiveState *xive = controller->xive;
    uint64_t offset = (uint64_t)TIMA_OS << xive->page_shift;
    int result = kvm_set_memory(
        controller->vm, KVM_SLOT_TIMA, TIMA_BASE + offset, xive->tima + offset, 1ULL << xive->page_shift);
    xive->has_tima_slot = result == 0;
    return result;
}

static int finish(InterruptController *controller)
{
    XiveState *xive = controller->xive;
    xive->tima = kvm_device_map(controller->fd, KVM_XIVE_TIMA_PAGE, TIMA_PAGES);
    xive->esb = kvm_device_map(controller->fd, KVM_XIVE_ESB_PAGE, esb_pages(xive));
    if (!xive->tima || !xive->esb)
        return -ENXIO;
    int result = show_tima(controller);
    return result == 0 ? show_sources(controller) : result;
}

// The device goes when its last mapping has gone.
static void close_xive(InterruptController *controller)
{
    XiveState *xive = g_steal_pointer(&controller->xive);
    for (unsigned i = 0; i < xive->runs->len; i++)
        kvm_set_memory(controller->vm, KVM_SLOT_ESB + i, 0, NULL, 0);
    if (xive->has_tima_slot)
        kvm_set_memory(controller->vm, KVM_SLOT_TIMA, 0, NULL, 0);
    if (xive->tima)
        kvm_device_unmap(xive->tima, TIMA_PAGES);
    if (xive->esb)
        kvm_device_unmap(xive->esb, esb_pages(xive));
    g_array_unref(xive->runs);
    g_mutex_clear(&xive->lock);
    g_free(xive->sources);
    g_free(xive->queues);
    g_free(xive);
}

// --- The tree (LoPAR, "XIVE interrupt controller"; Linux, xive_spapr_init()).

static void describe(const InterruptController *controller, unsigned servers, Tree *tree)
{
    unsigned shift = controller->xive->page_shift;
    uint64_t user = TIMA_BASE + ((uint64_t)TIMA_USER << shift);
    uint64_t os = TIMA_BASE + ((uint64_t)TIMA_OS << shift);
    tree_begin(tree, "interrupt-controller@%" G_GINT64_MODIFIER "x", user);
    tree_string(tree, "device_type", "power-ivpe");
    tree_string(tree, "compatible", "ibm,power-ivpe");
    tree_cells(tree, "reg", (uint32_t)(user >> 32), (uint32_t)user, 0, 1u << shift, (uint32_t)(os >> 32),
        (uint32_t)os, 0, 1u << shift);
    tree_u32(tree, "ibm,xive-eq-sizes", XIVE_QUEUE_SHIFT);
    tree_cells(tree, "ibm,xive-lisn-ranges", 0, servers);
    tree_empty(tree, "interrupt-controller");
    tree_u32(tree, "#interrupt-cells", 2);
    tree_u32(tree, "phandle", TREE_PHANDLE_INTERRUPTS);
    tree_u32(tree, "linux,phandle", TREE_PHANDLE_INTERRUPTS);
    tree_end(tree);
}

const InterruptDevice interrupt_xive = {
    .type = KVM_DEV_TYPE_XIVE,
    .capability = KVM_CAP_PPC_IRQ_XIVE,
    .open = open_xive,
    .add = add,
    .remove = remove_line,
    .finish = finish,
    .close = close_xive,
    .describe = describe,
};

// --- For hypercalls.

bool xive_has_source(const InterruptController *controller, uint64_t source)
{
    return source < controller->xive->count && source_of(controller, (uint32_t)source)->present;
}

XivePages xive_source_pages(const InterruptController *controller, uint32_t source)
{
    const XiveState *xive = controller->xive;
    uint64_t trigger = source_page(xive, source);
    return (XivePages){
        .trigger = trigger,
        .management = trigger + (1ULL << xive->page_shift),
        .shift = xive->page_shift,
    };
}

XiveRoute xive_source_route(InterruptController *controller, uint32_t source)
{
    XiveState *xive = controller->xive;
    g_mutex_lock(&xive->lock);
    XiveRoute route = source_of(controller, source)->route;
    g_mutex_unlock(&xive->lock);
    return route;
}

static bool all_have_queue(const InterruptController *controller, unsigned priority)
{
    for (uint32_t i = 0; i < controller->offer.servers; i++)
        if (!controller->xive->queues[i][priority].present)
            return false;
    return true;
}

static bool can_route(const InterruptController *controller, const XiveRoute *route)
{
    const Queue *queue = &controller->xive->queues[route->server][route->priority];
    return queue->present && (queue->routes < ROUTES_FULL || all_have_queue(controller, route->priority));
}

// KVM does nothing when server, priority and EISN are what it knows, masked or not
// (kvmppc_xive_native_update_source_config in arch/powerpc/kvm/book3s_xive_native.c): to be masked, an EISN
// that it does not know.
static uint64_t route_value(const XiveRoute *route, const XiveRoute *before)
{
    uint64_t eisn = route->masked ? before->eisn ^ 1 : route->eisn;
    return eisn << KVM_XIVE_EISN_SHIFT | (route->masked ? KVM_XIVE_MASKED : 0) |
           (uint64_t)route->server << KVM_XIVE_SERVER_SHIFT | route->priority;
}

// Under the lock.
static int set_route(InterruptController *controller, uint32_t source, const XiveRoute *route)
{
    XiveState *xive = controller->xive;
    XiveRoute *now = &source_of(controller, source)->route;
    if (!route->masked && !can_route(controller, route))
        return -EBUSY;
    int result = kvm_device_set(controller->fd, KVM_XIVE_SOURCE_ROUTE, source, route_value(route, now));
    if (result < 0)
        return result;
    *now = *route;
    if (!route->masked)
        xive->queues[route->server][route->priority].routes++;
    return 0;
}

int xive_source_set_route(InterruptController *controller, uint32_t source, const XiveRoute *route)
{
    g_mutex_lock(&controller->xive->lock);
    int result = set_route(controller, source, route);
    g_mutex_unlock(&controller->xive->lock);
    return result;
}

int xive_source_sync(InterruptController *controller, uint32_t source)
{
    return kvm_device_set(controller->fd, KVM_XIVE_SOURCE_FLUSH, source, 0);
}

// The pages are registers of the hardware: eight bytes at once, big-endian, in order.
static volatile uint64_t *esb_at(const XiveState *xive, uint32_t source, unsigned page, uint64_t offset)
{
    return (volatile uint64_t *)(xive->esb + ((2ULL * source + page) << xive->page_shift) + offset);
}

enum { TRIGGER, MANAGEMENT };

static uint64_t esb_load(const XiveState *xive, uint32_t source, uint64_t offset)
{
    atomic_thread_fence(memory_order_seq_cst);
    uint64_t value = GUINT64_FROM_BE(*esb_at(xive, source, MANAGEMENT, offset));
    atomic_thread_fence(memory_order_seq_cst);
    return value;
}

static void esb_store(const XiveState *xive, uint32_t source, unsigned page, uint64_t offset, uint64_t value)
{
    atomic_thread_fence(memory_order_seq_cst);
    *esb_at(xive, source, page, offset) = GUINT64_TO_BE(value);
    atomic_thread_fence(memory_order_seq_cst);
}

uint64_t xive_source_load(InterruptController *controller, uint32_t source, uint64_t offset)
{
    return esb_load(controller->xive, source, offset);
}

void xive_source_store(InterruptController *controller, uint32_t source, uint64_t offset, uint64_t value)
{
    esb_store(controller->xive, source, MANAGEMENT, offset, value);
}

int xive_queue_set(
    InterruptController *controller, uint32_t server, unsigned priority, const KvmXiveQueue *queue)
{
    XiveState *xive = controller->xive;
    g_mutex_lock(&xive->lock);
    int result = kvm_xive_queue_set(controller->fd, server, priority, queue);
    if (result == 0)
        xive->queues[server][priority].present = queue->shift != 0;
    g_mutex_unlock(&xive->lock);
    return result;
}

int xive_queue_get(InterruptController *controller, uint32_t server, unsigned priority, KvmXiveQueue *queue)
{
    return kvm_xive_queue_get(controller->fd, server, priority, queue);
}

int xive_reset(InterruptController *controller)
{
    XiveState *xive = controller->xive;
    g_mutex_lock(&xive->lock);
    int result = kvm_device_set(controller->fd, KVM_XIVE_CONTROL, KVM_XIVE_RESET, 0);
    for (uint32_t i = 0; i < xive->count && result == 0; i++)
        xive->sources[i].route = (XiveRoute){ .eisn = i, .masked = true };
    for (uint32_t i = 0; i < controller->offer.servers && result == 0; i++)
        for (unsigned priority = 0; priority < XIVE_PRIORITIES; priority++)
            xive->queues[i][priority].present = false;
    g_mutex_unlock(&xive->lock);
    return result;
}
