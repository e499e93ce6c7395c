// A bounded ring of lines: any thread puts them in, one takes them out, none waits for another.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define TRACE_SLOT 472 // bytes of a line, with its end

typedef struct TraceSlot {
    _Atomic uint64_t turn; // the number of the line that may be put here, or one more: that it is there
    uint16_t length;
    uint8_t sink; // the caller's
    char text[TRACE_SLOT];
} TraceSlot;

typedef struct TraceRing TraceRing;

// `slots` is a power of two.
TraceRing *trace_ring_new(unsigned slots);
void trace_ring_free(TraceRing *ring);
// False: it is full. `length` is at most TRACE_SLOT.
bool trace_ring_put(TraceRing *ring, uint8_t sink, const char *text, unsigned length);
// The next line, or NULL; it is the caller's until trace_ring_taken().
const TraceSlot *trace_ring_take(TraceRing *ring);
void trace_ring_taken(TraceRing *ring);
