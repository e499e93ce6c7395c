// RAM as the device tree has it: both ends of each range, and what 32 and 40 bits of address end at, each
// hold a value of their own, for the guest and for the VMM. In real mode: radix guests alone reach all of it
// there.
#include "console.h"
#include "fdt.h"
#include "hypercall.h"
#include "payload.h"
#include "tap.h"

#define WORD 8
#define PAYLOAD_END 0x1000000 // payload and tree lie below; the first range is tried from here on
#define PLACES_MAX 64

static uint64_t places[PLACES_MAX];
static unsigned count;

static void add(uint64_t place)
{
    if (count == PLACES_MAX)
        payload_bail("more than %u places", PLACES_MAX);
    places[count++] = place;
}

// The words at both sides of `border`, where it is inside the range.
static void add_border(uint64_t start, uint64_t end, uint64_t border)
{
    if (border <= start || border >= end)
        return;
    add(border - WORD);
    add(border);
}

static uint64_t read_ranges(void)
{
    uint64_t size = 0;
    for (FdtNode node = fdt_find("memory@", 0); node; node = fdt_find("memory@", node)) {
        uint64_t start = fdt_wide(node, "reg", 0), end = start + fdt_wide(node, "reg", 2);
        size += end - start;
        add(start ? start : PAYLOAD_END);
        add(end - WORD);
        add_border(start, end, 1ULL << 31);
        add_border(start, end, 1ULL << 32);
        add_border(start, end, 1ULL << 40);
    }
    return size;
}

static uint64_t value_of(unsigned place)
{
    return 0x0123456789abcdefULL * (place + 1);
}

// Cleared first: what is the same memory at two places does not keep two values.
static void by_guest(void)
{
    tap_begin();
    for (unsigned i = 0; i < count; i++)
        tap_equal("zero at first", places[i], (int64_t) * (volatile uint64_t *)places[i], 0);
    for (unsigned i = 0; i < count; i++)
        *(volatile uint64_t *)places[i] = value_of(i);
    for (unsigned i = 0; i < count; i++)
        tap_equal("word", places[i], (int64_t) * (volatile uint64_t *)places[i], (int64_t)value_of(i));
    tap_end("loads and stores");
}

// The VMM moves each place's word to the next one, the last first.
static void by_vmm(void)
{
    tap_begin();
    for (unsigned i = count - 1; i > 0; i--) {
        Hypercall call = { .r = { KVMPPC_H_LOGICAL_MEMOP, places[i], places[i - 1], 3, 1, 0 } };
        tap_equal("status", places[i], hypercall(&call), H_SUCCESS);
    }
    for (unsigned i = 1; i < count; i++)
        tap_equal("word", places[i], (int64_t) * (volatile uint64_t *)places[i], (int64_t)value_of(i - 1));
    tap_end("hypercalls");
}

void payload(void)
{
    tap_plan(2);
    uint64_t size = read_ranges();
    by_guest();
    by_vmm();
    print("# RAM %lu MiB, places %u\n", size >> 20, count);
}
