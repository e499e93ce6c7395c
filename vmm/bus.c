// The userspace MMIO bus: a sorted table behind a sequence count.
#include "lparun/bus.h"
#include <stdatomic.h>

// What a lookup needs, stored so that it can be read while it changes: the sequence count tells whether it
// did.
typedef struct Slot {
    _Atomic uint64_t base, end; // [base, end)
    _Atomic uint64_t reach;     // the highest end of this slot and all before it
    _Atomic(BusRange *) range;
} Slot;

typedef struct Table {
    unsigned room;
    Slot slots[]; // sorted by base
} Table;

struct BusRange {
    Bus *bus;
    const BusOps *ops; // ops and owner never change: a range may be called without any lock
    void *owner;
    uint64_t base, end; // under bus->writer; end 0 while it is not mapped
};

struct Bus {
    GMutex writer; // guards ranges and the table against a second writer
    GPtrArray *ranges;
    _Atomic unsigned sequence; // odd while the table changes
    _Atomic unsigned count;    // slots in use
    _Atomic(Table *) table;
    GPtrArray *outgrown; // tables that a lookup may still be in; each has half the room of the next
};

Bus *bus_new(void)
{
    Bus *bus = g_new0(Bus, 1);
    g_mutex_init(&bus->writer);
    bus->ranges = g_ptr_array_new_with_free_func(g_free);
    bus->outgrown = g_ptr_array_new_with_free_func(g_free);
    return bus;
}

void bus_free(Bus *bus)
{
    if (!bus)
        return;
    g_ptr_array_unref(bus->ranges);
    g_ptr_array_unref(bus->outgrown);
    g_mutex_clear(&bus->writer);
    g_free(bus->table);
    g_free(bus);
}

static int by_base(gconstpointer a, gconstpointer b)
{
    const BusRange *first = *(BusRange *const *)a, *second = *(BusRange *const *)b;
    return first->base < second->base ? -1 : first->base > second->base;
}

// Writes the table anew from the ranges. Each store releases, so that a reader who saw one of them sees that
// the sequence had become odd before.
static void publish(Bus *bus, Table *table)
{
    unsigned sequence = atomic_load_explicit(&bus->sequence, memory_order_relaxed);
    atomic_store_explicit(&bus->sequence, sequence + 1, memory_order_relaxed);
    atomic_store_explicit(&bus->table, table, memory_order_release);
    g_ptr_array_sort(bus->ranges, by_base);
    unsigned count = 0;
    uint64_t reach = 0;
    for (unsigned i = 0; i < bus->ranges->len; i++) {
        BusRange *range = bus->ranges->pdata[i];
        if (range->end == 0)
            continue;
        Slot *slot = &table->slots[count++];
        reach = MAX(reach, range->end);
        atomic_store_explicit(&slot->base, range->base, memory_order_release);
        atomic_store_explicit(&slot->end, range->end, memory_order_release);
        atomic_store_explicit(&slot->reach, reach, memory_order_release);
        atomic_store_explicit(&slot->range, range, memory_order_release);
    }
    atomic_store_explicit(&bus->count, count, memory_order_release);
    atomic_store_explicit(&bus->sequence, sequence + 2, memory_order_release);
}

// Under the lock.
static void grow(Bus *bus)
{
    Table *before = bus->table;
    unsigned room = before ? 2 * before->room : 16;
    Table *table = g_malloc0(sizeof *table + room * sizeof table->slots[0]);
    table->room = room;
    if (before)
        g_ptr_array_add(bus->outgrown, before);
    publish(bus, table);
}

BusRange *bus_add_range(Bus *bus, const BusOps *ops, void *owner)
{
    BusRange *range = g_new0(BusRange, 1);
    *range = (BusRange){ .bus = bus, .ops = ops, .owner = owner };
    g_mutex_lock(&bus->writer);
    g_ptr_array_add(bus->ranges, range);
    if (!bus->table || bus->ranges->len > bus->table->room)
        grow(bus);
    g_mutex_unlock(&bus->writer);
    return range;
}

static void place(BusRange *range, uint64_t base, uint64_t end)
{
    g_mutex_lock(&range->bus->writer);
    range->base = base;
    range->end = end;
    publish(range->bus, range->bus->table);
    g_mutex_unlock(&range->bus->writer);
}

void bus_range_map(BusRange *range, uint64_t base, uint64_t size)
{
    g_assert(size > 0 && base + size > base);
    place(range, base, base + size);
}

void bus_range_unmap(BusRange *range)
{
    place(range, 0, 0);
}

void bus_range_free(BusRange *range)
{
    if (!range)
        return;
    Bus *bus = range->bus;
    bus_range_unmap(range);
    g_mutex_lock(&bus->writer);
    g_ptr_array_remove_fast(bus->ranges, range);
    g_mutex_unlock(&bus->writer);
}

// How many slots start at or before `address`. The count may be a larger table's.
static unsigned slots_up_to(const Bus *bus, Table *table, uint64_t address)
{
    unsigned low = 0, high = MIN(table->room, atomic_load_explicit(&bus->count, memory_order_acquire));
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (atomic_load_explicit(&table->slots[middle].base, memory_order_acquire) <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// The last slot that starts at or before `address` and holds the whole access: the first one looked at, but
// where a guest put ranges on top of each other. The table may change under this search; what it then finds
// is thrown away.
static BusRange *search(Bus *bus, uint64_t address, unsigned size, uint64_t *offset)
{
    Table *table = atomic_load_explicit(&bus->table, memory_order_acquire);
    for (unsigned i = table ? slots_up_to(bus, table, address) : 0; i > 0; i--) {
        Slot *slot = &table->slots[i - 1];
        uint64_t base = atomic_load_explicit(&slot->base, memory_order_acquire);
        uint64_t end = atomic_load_explicit(&slot->end, memory_order_acquire);
        BusRange *range = atomic_load_explicit(&slot->range, memory_order_acquire);
        if (address >= base && address < end && end - address >= size) {
            *offset = address - base;
            return range;
        }
        if (atomic_load_explicit(&slot->reach, memory_order_acquire) <= address)
            break;
    }
    return NULL;
}

static BusRange *lookup(Bus *bus, uint64_t address, unsigned size, uint64_t *offset)
{
    for (;;) {
        unsigned before = atomic_load_explicit(&bus->sequence, memory_order_acquire);
        BusRange *range = search(bus, address, size, offset);
        if (!(before & 1) && atomic_load_explicit(&bus->sequence, memory_order_relaxed) == before)
            return range;
    }
}

bool bus_read(Bus *bus, uint64_t address, unsigned size, uint64_t *value)
{
    uint64_t offset;
    BusRange *range = lookup(bus, address, size, &offset);
    if (range)
        *value = range->ops->read(range->owner, offset, size);
    return range;
}

bool bus_write(Bus *bus, uint64_t address, unsigned size, uint64_t value)
{
    uint64_t offset;
    BusRange *range = lookup(bus, address, size, &offset);
    if (range)
        range->ops->write(range->owner, offset, size, value);
    return range;
}

static void free_part(void *part)
{
    bus_free(part);
}

const PartOps bus_part = { .kind = "bus", .free = free_part };
