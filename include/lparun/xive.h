// KVM's XIVE device, as the H_INT_* hypercalls see it (Documentation/virt/kvm/devices/xive.rst).
//
// Functions with a source or a queue are for the time that the controller is XIVE; any vCPU's thread, several
// at once. They return 0 or -errno unless they say otherwise.
#pragma once
#include "lparun/interrupt.h"

// Priorities of a guest: 0, the most favoured, to 6. 7 is the hypervisor's.
#define XIVE_PRIORITIES 7
// The hardware's number for a source is 31 bits wide.
#define XIVE_EISN_LAST 0x7fffffff
// log2 of the bytes of a queue: the one size that KVM takes.
#define XIVE_QUEUE_SHIFT 16

// Is there such a source now?
bool xive_has_source(const InterruptController *controller, uint64_t source);

// Where a guest finds a source's two pages: one triggers it, the other ends and masks it.
typedef struct XivePages {
    uint64_t management, trigger; // GPA
    unsigned shift;               // log2 of a page's bytes
} XivePages;
XivePages xive_source_pages(const InterruptController *controller, uint32_t source);

// Where a source's interrupts go, as the guest set it last.
typedef struct XiveRoute {
    uint32_t server;
    uint32_t eisn; // what the queue's entry says
    uint8_t priority;
    bool masked;
} XiveRoute;
XiveRoute xive_source_route(InterruptController *controller, uint32_t source);
// -EBUSY when `server` has no queue of `priority`, or KVM would look for one that is not there; masked needs
// none.
int xive_source_set_route(InterruptController *controller, uint32_t source, const XiveRoute *route);
// Waits until interrupts on their way from the source have arrived in a queue.
int xive_source_sync(InterruptController *controller, uint32_t source);
// Loads from or stores to the source's management page, at a multiple of 8 below the page's size. Values in
// host order.
uint64_t xive_source_load(InterruptController *controller, uint32_t source, uint64_t offset);
void xive_source_store(InterruptController *controller, uint32_t source, uint64_t offset, uint64_t value);

// A queue: KVM_DEV_XIVE_GRP_EQ_CONFIG. `server` is below the offer's `servers`, `priority` below
// XIVE_PRIORITIES.
int xive_queue_set(
    InterruptController *controller, uint32_t server, unsigned priority, const KvmXiveQueue *queue);
int xive_queue_get(InterruptController *controller, uint32_t server, unsigned priority, KvmXiveQueue *queue);

// H_INT_RESET: all sources masked, all queues gone. vCPUs may run.
int xive_reset(InterruptController *controller);
