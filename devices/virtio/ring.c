// Split virtqueues (virtio 1.2, 2.7), the device's side.
//
// The driver runs on other CPUs of a weakly ordered host and may be hostile. Each field is read once, by one
// load, and bounded before use; each walk is bounded; every address goes through guest memory's functions.
#include "lparun/virtio.h"
#include "lparun/bytes.h"

#define DESCRIPTOR_NEXT 1
#define DESCRIPTOR_WRITE 2
#define DESCRIPTOR_INDIRECT 4

#define AVAIL_NO_INTERRUPT 1
#define USED_NO_NOTIFY 1

struct VirtioDescriptor {
    le64 address;
    le32 length;
    le16 flags;
    le16 next;
};

typedef struct UsedElement {
    le32 head;
    le32 written;
} UsedElement;

// Both areas begin with flags and index, 16 bits each; the entries follow, and after them one event index.
#define FLAGS 0
#define INDEX 2
#define ENTRIES 4

static uint16_t load16(const uint8_t *area, unsigned offset)
{
    return le16_get((le16){ __atomic_load_n((const uint16_t *)(area + offset), __ATOMIC_RELAXED) });
}

static void store16(uint8_t *area, unsigned offset, uint16_t value)
{
    __atomic_store_n((uint16_t *)(area + offset), le16_make(value).raw, __ATOMIC_RELAXED);
}

// The index at which the driver wants an interrupt, and at which we want a notification (2.7.10).
static unsigned used_event_offset(const VirtioRing *ring)
{
    return ENTRIES + 2u * ring->size;
}

static unsigned avail_event_offset(const VirtioRing *ring)
{
    return ENTRIES + 8u * ring->size;
}

bool virtio_ring_start(VirtioRing *ring, const GuestMemory *memory, unsigned size, uint64_t descriptor_area,
    uint64_t driver_area, uint64_t device_area, uint64_t features)
{
    *ring = (VirtioRing){
        .memory = memory,
        .indirect = features & VIRTIO_F_INDIRECT_DESC,
        .event_index = features & VIRTIO_F_EVENT_IDX,
        .size = (uint16_t)size,
    };
    unsigned event = ring->event_index ? 2 : 0;
    if (descriptor_area % 16 || driver_area % 2 || device_area % 4)
        return false;
    ring->descriptors = guest_memory_read_at(memory, descriptor_area, size * sizeof(VirtioDescriptor));
    ring->driver_area = guest_memory_read_at(memory, driver_area, used_event_offset(ring) + event);
    ring->device_area = guest_memory_write_at(memory, device_area, avail_event_offset(ring) + event);
    return ring->descriptors && ring->driver_area && ring->device_area;
}

// Says why, the first time. False.
static bool broken(VirtioRing *ring, const char *why)
{
    ring->broken = true;
    if (!ring->why)
        ring->why = why;
    return false;
}

// The walk over one chain: where it is, and what it may still do.
typedef struct Walk {
    const VirtioDescriptor *table;
    unsigned count; // entries of the table
    unsigned steps; // that are left, so that a loop ends
    bool indirect;  // inside an indirect table
} Walk;

static VirtioDescriptor read_descriptor(const Walk *walk, unsigned index)
{
    VirtioDescriptor descriptor;
    memcpy(&descriptor, (const uint8_t *)walk->table + index * sizeof descriptor, sizeof descriptor);
    // Keeps the compiler from reading a field again later, when the driver may have changed it.
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    return descriptor;
}

static bool add_buffer(VirtioRing *ring, VirtioChain *chain, uint64_t address, uint32_t length, bool in)
{
    if (!in && chain->in_count)
        return broken(ring, "what the device reads comes behind what it writes"); // 2.7.4.2
    if (!length)
        return true;
    void *bytes = in ? guest_memory_write_at(ring->memory, address, length)
                     : (void *)guest_memory_read_at(ring->memory, address, length);
    unsigned count = chain->out_count + chain->in_count;
    if (!bytes || count == VIRTIO_CHAIN_MAX)
        return broken(ring, bytes ? "a chain of too many buffers" : "a buffer that is not in memory");
    chain->iov[count] = (struct iovec){ .iov_base = bytes, .iov_len = length };
    if (in) {
        chain->in_count++;
        chain->in_bytes += length;
    } else {
        chain->out_count++;
        chain->out_bytes += length;
    }
    return true;
}

// 2.7.5.3: a table that holds the rest of the chain, from its entry 0 on; there is none inside another.
static bool enter_table(VirtioRing *ring, Walk *walk, uint64_t address, uint32_t length, unsigned flags)
{
    if (!ring->indirect || walk->indirect || flags & DESCRIPTOR_NEXT)
        return broken(ring, "an indirect table where none may be");
    if (!length || length % sizeof(VirtioDescriptor) || length / sizeof(VirtioDescriptor) > 65536)
        return broken(ring, "an indirect table of a wrong size");
    walk->table = guest_memory_read_at(ring->memory, address, length);
    walk->count = length / sizeof(VirtioDescriptor);
    walk->steps = VIRTIO_CHAIN_MAX;
    walk->indirect = true;
    return walk->table || broken(ring, "an indirect table that is not in memory");
}

static bool walk_chain(VirtioRing *ring, VirtioChain *chain)
{
    Walk walk = { .table = ring->descriptors, .count = ring->size, .steps = ring->size };
    unsigned index = chain->head;
    while (index < walk.count && walk.steps--) {
        VirtioDescriptor descriptor = read_descriptor(&walk, index);
        uint64_t address = le64_get(descriptor.address);
        uint32_t length = le32_get(descriptor.length);
        unsigned flags = le16_get(descriptor.flags);
        if (flags & DESCRIPTOR_INDIRECT) {
            if (!enter_table(ring, &walk, address, length, flags))
                return false;
            index = 0;
            continue;
        }
        if (!add_buffer(ring, chain, address, length, flags & DESCRIPTOR_WRITE))
            return false;
        if (!(flags & DESCRIPTOR_NEXT))
            return true;
        index = le16_get(descriptor.next);
    }
    return broken(ring, "a chain that leaves its table, or does not end");
}

VirtioPop virtio_ring_pop(VirtioRing *ring, VirtioChain *chain)
{
    if (ring->broken)
        return VIRTIO_POP_BROKEN;
    if (ring->next == ring->seen) {
        // Acquire: the entries and descriptors behind the index are read after it.
        const uint16_t *index = (const uint16_t *)(ring->driver_area + INDEX);
        ring->seen = le16_get((le16){ __atomic_load_n(index, __ATOMIC_ACQUIRE) });
        if (ring->next == ring->seen)
            return VIRTIO_POP_EMPTY;
        if ((uint16_t)(ring->seen - ring->next) > ring->size)
            broken(ring, "more chains than the queue has room for");
    }
    chain->in_count = chain->out_count = 0;
    chain->in_bytes = chain->out_bytes = 0;
    chain->head = load16(ring->driver_area, ENTRIES + 2u * (ring->next & (ring->size - 1u)));
    if (ring->broken || !walk_chain(ring, chain))
        return VIRTIO_POP_BROKEN;
    ring->next++;
    return VIRTIO_POP_CHAIN;
}

void virtio_ring_push(VirtioRing *ring, uint16_t head, uint32_t written)
{
    if (ring->broken)
        return;
    UsedElement *elements = (UsedElement *)(ring->device_area + ENTRIES);
    elements[ring->used & (ring->size - 1u)] =
        (UsedElement){ .head = le32_make(head), .written = le32_make(written) };
    ring->used++;
}

bool virtio_ring_publish(VirtioRing *ring)
{
    uint16_t before = ring->published;
    if (ring->broken || ring->used == before)
        return false;
    ring->published = ring->used;
    // Release: what was written to the buffers and the elements is there before the index says so.
    uint16_t *index = (uint16_t *)(ring->device_area + INDEX);
    __atomic_store_n(index, le16_make(ring->used).raw, __ATOMIC_RELEASE);
    // Orders the index against the driver's wish: it writes its wish and then looks at the index again, so
    // one of us sees the other.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!ring->event_index)
        return !(load16(ring->driver_area, FLAGS) & AVAIL_NO_INTERRUPT);
    uint16_t event = load16(ring->driver_area, used_event_offset(ring));
    // 2.7.7.2: did the index pass the event since it was published last?
    return (uint16_t)(ring->used - event - 1) < (uint16_t)(ring->used - before);
}

void virtio_ring_pause_bell(VirtioRing *ring)
{
    // With event indices an old index is as good: the driver rings only when it passes it.
    if (!ring->broken && !ring->event_index)
        store16(ring->device_area, FLAGS, USED_NO_NOTIFY);
}

bool virtio_ring_resume_bell(VirtioRing *ring)
{
    if (ring->broken)
        return false;
    if (ring->event_index)
        store16(ring->device_area, avail_event_offset(ring), ring->next);
    else
        store16(ring->device_area, FLAGS, 0);
    // The driver writes its index and then looks whether to ring; we the other way round.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return load16(ring->driver_area, INDEX) != ring->next;
}
