// Seeing inside: a line for what a guest asks for and what it gets (-trace), and for what it does wrong (-d).
//
// Off, each point costs a test of one global. On, the thread that comes to a point makes the line and puts it
// into a bounded ring, without a lock and without a wait; a thread of its own writes it. Where that one does
// not keep up lines are left out, and counted.
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

// All that can be traced: a number, the name, and what -trace help says.
// clang-format off
#define TRACE_EVENTS(event) \
    event(HCALL, "hcall", "a hypercall that came to lparun: arguments, result, how long it took") \
    event(RTAS, "rtas", "an RTAS call, likewise") \
    event(MMIO_READ, "mmio_read", "a load from an address that is no memory") \
    event(MMIO_WRITE, "mmio_write", "a store to one") \
    event(IRQ_PULSE, "irq_pulse", "an interrupt for the guest") \
    event(IRQ_SWITCH, "irq_switch", "the other interrupt controller, or the same made anew") \
    event(VIRTIO_READ, "virtio_read", "a load from a virtio function's registers") \
    event(VIRTIO_WRITE, "virtio_write", "a store to them") \
    event(VIRTIO_QUEUE, "virtio_queue", "a queue that a driver has made ready") \
    event(VIRTIO_REQUEST, "virtio_request", "a request that was taken from a queue") \
    event(VIRTIO_ANSWER, "virtio_answer", "its answer, and how long it took")
// clang-format on

#define TRACE_NUMBER(number, name, help) TRACE_##number,
typedef enum {
    TRACE_EVENTS(TRACE_NUMBER) TRACE_EVENT_COUNT,
    // QEMU's log items (-d).
    TRACE_GUEST_ERRORS = TRACE_EVENT_COUNT,
    TRACE_UNIMP,
    TRACE_INVALID_MEM,
} TracePoint;
#undef TRACE_NUMBER

#define TRACE_BIT(point) (1u << TRACE_##point)

// What is on. Written only while no other thread runs.
extern uint32_t trace_points;

// Is any of these bits on?
static inline bool trace_wants(uint32_t bits)
{
    return G_UNLIKELY(trace_points & bits);
}

// --- Lines.

#define TRACE_LINE 400 // bytes; the rest of a longer one is cut off

typedef struct TraceLine {
    int64_t begun; // nanoseconds of the monotonic clock
    unsigned length;
    char text[TRACE_LINE];
} TraceLine;

// Nanoseconds of the monotonic clock. Any thread, as all that follow.
int64_t trace_now(void);
// Begins a line, now.
void trace_line_begin(TraceLine *line);
void trace_line_add(TraceLine *line, const char *format, ...) G_GNUC_PRINTF(2, 3);
// "<0.000012>": the seconds since `begun`, as strace has them.
void trace_line_took(TraceLine *line, int64_t begun);
// Hands it over; it stays as it is.
void trace_line_end(const TraceLine *line);

// --- What a guest does wrong: the item or items of -d that tell of it, and what they are, in plural.

// clang-format off
#define TRACE_FAULTS(fault) \
    fault(HCALL_UNKNOWN, TRACE_BIT(GUEST_ERRORS) | TRACE_BIT(UNIMP), "hypercalls that nobody serves") \
    fault(HCALL_REFUSED, TRACE_BIT(GUEST_ERRORS), "hypercalls that were refused") \
    fault(RTAS_UNKNOWN, TRACE_BIT(GUEST_ERRORS) | TRACE_BIT(UNIMP), "RTAS calls that nobody serves") \
    fault(RTAS_REFUSED, TRACE_BIT(GUEST_ERRORS), "RTAS calls that were refused") \
    fault(VIRTIO, TRACE_BIT(GUEST_ERRORS), "broken rules of virtio") \
    fault(MEMORY, TRACE_BIT(INVALID_MEM), "accesses to where nothing is")
// clang-format on

#define TRACE_NUMBER(number, items, plural) TRACE_FAULT_##number,
typedef enum { TRACE_FAULTS(TRACE_NUMBER) TRACE_FAULT_COUNT } TraceFault;
#undef TRACE_NUMBER

// Tells of one, where -d asks for it. A guest that does it again and again gets 32 lines of a kind, then one
// each time that their number doubles, which says how many were left out.
void trace_fault(TraceFault fault, const char *format, ...) G_GNUC_PRINTF(2, 3);

// --- Beginning and end, on the main thread.

typedef struct TraceSetup {
    uint32_t points;
    int events, log; // descriptors that lines of -trace and of -d go to; they may be the same
} TraceSetup;

// Before any thread that comes to a point; the descriptors are the caller's, until trace_stop(). False and
// `error` (the host's): no thread, no descriptor, no memory.
bool trace_start(const TraceSetup *setup, GError **error);
// Nobody comes to a point any more: has the rest written, and waits 1.5 s for that at most. Nothing if it was
// not started. True: the descriptors may be closed.
bool trace_stop(void);
