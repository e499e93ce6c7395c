// H_INT_*: where a guest of XIVE wants its interrupts (LoPAR, "XIVE interrupt exploitation"; Linux,
// arch/powerpc/sysdev/xive/spapr.c). Interrupts themselves come and end without a hypercall.
//
// Guests pass numbers of sources, vCPUs and priorities; all of them are looked up before KVM sees them.
#include "lparun/xive.h"
#include "lparun/hypercall.h"
#include "lparun/papr.h"
#include <errno.h>

typedef struct Xive {
    InterruptController *controller;
    GuestMemory *memory;
    VcpuSet *vcpus;
} Xive;

// H_INT_SET_SOURCE_CONFIG's flags and the priority that stands for "no longer".
#define FLAG_SET_EISN 2ULL
#define FLAG_MASK 1ULL
#define PRIORITY_NONE 0xff

// H_INT_GET_SOURCE_INFO's answer.
#define NO_PAGE UINT64_MAX

// H_INT_SET_QUEUE_CONFIG and H_INT_GET_QUEUE_CONFIG.
#define FLAG_ALWAYS_NOTIFY 1ULL
#define FLAG_DEBUG 1ULL
#define QUEUE_GENERATION 2ULL

#define FLAG_STORE 1ULL // H_INT_ESB

static bool is_priority(uint64_t priority)
{
    return priority < XIVE_PRIORITIES;
}

static bool is_server(const Xive *xive, uint64_t server)
{
    return vcpu_set_find(xive->vcpus, server);
}

static int64_t answer(int result)
{
    return result == 0 ? H_SUCCESS : H_HARDWARE;
}

// What the calls about one source have in common: r4 flags, r5 the source.
static int64_t check_source(const Xive *xive, const uint64_t arguments[9], uint64_t flags)
{
    if (!interrupt_controller_is_xive(xive->controller))
        return H_FUNCTION;
    if (arguments[0] & ~flags)
        return H_PARAMETER;
    return xive_has_source(xive->controller, arguments[1]) ? H_SUCCESS : H_P2;
}

// And those about one queue: r4 flags, r5 the vCPU, r6 the priority.
static int64_t check_queue(const Xive *xive, const uint64_t arguments[9], uint64_t flags)
{
    if (!interrupt_controller_is_xive(xive->controller))
        return H_FUNCTION;
    if (arguments[0] & ~flags)
        return H_PARAMETER;
    if (!is_server(xive, arguments[1]))
        return H_P2;
    return is_priority(arguments[2]) ? H_SUCCESS : H_P3;
}

// --- Sources.

// To r4 flags, r5 and r6 the pages, r7 log2 of their size.
static int64_t get_source_info(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    const Xive *xive = owner;
    int64_t checked = check_source(xive, arguments, 0);
    if (checked != H_SUCCESS)
        return checked;
    XivePages pages = xive_source_pages(xive->controller, (uint32_t)arguments[1]);
    arguments[0] = 0; // an edge, with pages of its own
    arguments[1] = pages.management;
    arguments[2] = pages.trigger;
    arguments[3] = pages.shift;
    return H_SUCCESS;
}

// r6 the vCPU, r7 the priority, r8 what the queue's entry shall say.
static int64_t set_source_config(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    const Xive *xive = owner;
    uint64_t flags = arguments[0], server = arguments[2], priority = arguments[3], eisn = arguments[4];
    int64_t checked = check_source(xive, arguments, FLAG_SET_EISN | FLAG_MASK);
    if (checked != H_SUCCESS)
        return checked;
    uint32_t source = (uint32_t)arguments[1];
    XiveRoute route = xive_source_route(xive->controller, source);
    route.masked = priority == PRIORITY_NONE || flags & FLAG_MASK;
    if (priority != PRIORITY_NONE) {
        if (!is_server(xive, server))
            return H_P3;
        if (!is_priority(priority))
            return H_P4;
        if (flags & FLAG_SET_EISN && eisn > XIVE_EISN_LAST)
            return H_P5;
        route.server = (uint32_t)server;
        route.priority = (uint8_t)priority;
        if (flags & FLAG_SET_EISN)
            route.eisn = (uint32_t)eisn;
    }
    return answer(xive_source_set_route(xive->controller, source, &route));
}

// To r4 the vCPU, r5 the priority, r6 the entry.
static int64_t get_source_config(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    const Xive *xive = owner;
    int64_t checked = check_source(xive, arguments, 0);
    if (checked != H_SUCCESS)
        return checked;
    XiveRoute route = xive_source_route(xive->controller, (uint32_t)arguments[1]);
    arguments[0] = route.server;
    arguments[1] = route.masked ? PRIORITY_NONE : route.priority;
    arguments[2] = route.eisn;
    return H_SUCCESS;
}

// r6 the offset in the management page, r7 what is stored; to r4 what was loaded.
static int64_t esb(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    const Xive *xive = owner;
    uint64_t flags = arguments[0], offset = arguments[2], data = arguments[3];
    int64_t checked = check_source(xive, arguments, FLAG_STORE);
    if (checked != H_SUCCESS)
        return checked;
    uint32_t source = (uint32_t)arguments[1];
    uint64_t size = 1ULL << xive_source_pages(xive->controller, source).shift;
    if (offset >= size || offset % sizeof(uint64_t) != 0)
        return H_P3;
    if (flags & FLAG_STORE) {
        xive_source_store(xive->controller, source, offset, data);
        arguments[0] = UINT64_MAX;
    } else {
        arguments[0] = xive_source_load(xive->controller, source, offset);
    }
    return H_SUCCESS;
}

static int64_t sync_source(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    const Xive *xive = owner;
    int64_t checked = check_source(xive, arguments, 0);
    if (checked != H_SUCCESS)
        return checked;
    return answer(xive_source_sync(xive->controller, (uint32_t)arguments[1]));
}

// --- Queues.

// To r4 the notification page and r5 log2 of its size: KVM notifies always, so there is none.
static int64_t get_queue_info(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    int64_t checked = check_queue(owner, arguments, 0);
    if (checked != H_SUCCESS)
        return checked;
    arguments[0] = NO_PAGE;
    arguments[1] = 0;
    return H_SUCCESS;
}

// r7 the queue's address, r8 log2 of its size or 0 for no queue. KVM refuses a queue that it shall not always
// notify of; a guest that has not asked for that gets more interrupts than it needs.
static int64_t set_queue_config(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    const Xive *xive = owner;
    uint64_t address = arguments[3], shift = arguments[4];
    int64_t checked = check_queue(xive, arguments, FLAG_ALWAYS_NOTIFY);
    if (checked != H_SUCCESS)
        return checked;
    if (shift != 0 && shift != XIVE_QUEUE_SHIFT)
        return H_P5;
    uint64_t size = 1ULL << XIVE_QUEUE_SHIFT;
    if (shift != 0 && (address % size != 0 || !guest_memory_has(xive->memory, address, size)))
        return H_P4;
    KvmXiveQueue queue = { .address = shift ? address : 0, .shift = (uint32_t)shift };
    return answer(xive_queue_set(xive->controller, (uint32_t)arguments[1], (unsigned)arguments[2], &queue));
}

// To r4 flags, r5 the address, r6 log2 of the size, r7 the entry that is next.
static int64_t get_queue_config(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    const Xive *xive = owner;
    bool debug = arguments[0] & FLAG_DEBUG;
    int64_t checked = check_queue(xive, arguments, FLAG_DEBUG);
    if (checked != H_SUCCESS)
        return checked;
    KvmXiveQueue queue;
    if (xive_queue_get(xive->controller, (uint32_t)arguments[1], (unsigned)arguments[2], &queue) < 0)
        return H_HARDWARE;
    arguments[0] = queue.always_notify ? FLAG_ALWAYS_NOTIFY : 0;
    if (debug && queue.generation)
        arguments[0] |= QUEUE_GENERATION;
    arguments[1] = queue.address;
    arguments[2] = queue.shift;
    arguments[3] = debug ? queue.index : 0;
    return H_SUCCESS;
}

// H_INT_SET_OS_REPORTING_LINE and H_INT_GET_OS_REPORTING_LINE: KVM keeps no such line.
static int64_t reporting_line(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    return H_FUNCTION;
}

// --- All of it.

static int64_t reset(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    const Xive *xive = owner;
    if (!interrupt_controller_is_xive(xive->controller))
        return H_FUNCTION;
    return arguments[0] != 0 ? H_PARAMETER : answer(xive_reset(xive->controller));
}

void hypercall_xive_register(HypercallTable *table, const HypercallParts *parts)
{
    static const struct {
        uint64_t number;
        const char *name;
        Hypercall call;
    } calls[] = {
        { H_INT_GET_SOURCE_INFO, "H_INT_GET_SOURCE_INFO", get_source_info },
        { H_INT_SET_SOURCE_CONFIG, "H_INT_SET_SOURCE_CONFIG", set_source_config },
        { H_INT_GET_SOURCE_CONFIG, "H_INT_GET_SOURCE_CONFIG", get_source_config },
        { H_INT_GET_QUEUE_INFO, "H_INT_GET_QUEUE_INFO", get_queue_info },
        { H_INT_SET_QUEUE_CONFIG, "H_INT_SET_QUEUE_CONFIG", set_queue_config },
        { H_INT_GET_QUEUE_CONFIG, "H_INT_GET_QUEUE_CONFIG", get_queue_config },
        { H_INT_SET_OS_REPORTING_LINE, "H_INT_SET_OS_REPORTING_LINE", reporting_line },
        { H_INT_GET_OS_REPORTING_LINE, "H_INT_GET_OS_REPORTING_LINE", reporting_line },
        { H_INT_ESB, "H_INT_ESB", esb },
        { H_INT_SYNC, "H_INT_SYNC", sync_source },
        { H_INT_RESET, "H_INT_RESET", reset },
    };
    Xive *xive = hypercall_own(table, g_new0(Xive, 1));
    *xive = (Xive){ .controller = parts->interrupts, .memory = parts->memory, .vcpus = parts->vcpus };
    for (unsigned i = 0; i < G_N_ELEMENTS(calls); i++)
        hypercall_register(table, calls[i].number, calls[i].name, calls[i].call, xive);
}
