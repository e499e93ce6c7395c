// The ring of lines.
//
// Lines are numbered. A slot's turn says which number is to be written to it next, so that a writer that has
// got a number by the one exchange on `next` owns its slot, and the reader sees by the slot's turn alone
// whether the line is there.
#include "trace_ring.h"
#include <glib.h>
#include <stdatomic.h>
#include <string.h>

struct TraceRing {
    unsigned slots;
    _Atomic uint64_t next; // the number that the next line gets
    uint64_t first;        // that is taken next; the reader's own
    TraceSlot slot[];
};

TraceRing *trace_ring_new(unsigned slots)
{
    g_assert(slots > 0 && (slots & (slots - 1)) == 0);
    TraceRing *ring = g_malloc0(sizeof *ring + slots * sizeof ring->slot[0]);
    ring->slots = slots;
    for (unsigned i = 0; i < slots; i++)
        atomic_init(&ring->slot[i].turn, i);
    return ring;
}

void trace_ring_free(TraceRing *ring)
{
    g_free(ring);
}

// The slot for one more line, and its number; NULL: the reader has not been there yet.
static TraceSlot *claim(TraceRing *ring, uint64_t *number)
{
    *number = atomic_load_explicit(&ring->next, memory_order_relaxed);
    for (;;) {
        TraceSlot *slot = &ring->slot[*number & (ring->slots - 1)];
        uint64_t turn = atomic_load_explicit(&slot->turn, memory_order_acquire);
        if (turn < *number)
            return NULL;
        if (turn > *number) // another was faster
            *number = atomic_load_explicit(&ring->next, memory_order_relaxed);
        else if (atomic_compare_exchange_weak_explicit(
                     &ring->next, number, *number + 1, memory_order_relaxed, memory_order_relaxed))
            return slot;
    }
}

bool trace_ring_put(TraceRing *ring, uint8_t sink, const char *text, unsigned length)
{
    uint64_t number;
    TraceSlot *slot = claim(ring, &number);
    if (!slot)
        return false;
    slot->sink = sink;
    slot->length = (uint16_t)length;
    memcpy(slot->text, text, length);
    atomic_store_explicit(&slot->turn, number + 1, memory_order_release);
    return true;
}

const TraceSlot *trace_ring_take(TraceRing *ring)
{
    TraceSlot *slot = &ring->slot[ring->first & (ring->slots - 1)];
    return atomic_load_explicit(&slot->turn, memory_order_acquire) == ring->first + 1 ? slot : NULL;
}

void trace_ring_taken(TraceRing *ring)
{
    TraceSlot *slot = &ring->slot[ring->first & (ring->slots - 1)];
    atomic_store_explicit(&slot->turn, ring->first + ring->slots, memory_order_release);
    ring->first++;
}
