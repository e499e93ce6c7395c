// Loads and stores that no memory answers: onto the bus.
#include "vcpu_mmio.h"
#include "lparun/bytes.h"
#include "lparun/trace.h"
#include "lparun/usdt.h"

typedef struct Access {
    uint64_t address, value;
    unsigned size;
    bool store;
} Access;

// A load that nothing answers gives all ones, as a PCI master abort does; such a store goes nowhere. False:
// nothing did.
static bool pass(Bus *bus, Access *access)
{
    return access->store ? bus_write(bus, access->address, access->size, access->value)
                         : bus_read(bus, access->address, access->size, &access->value);
}

#define TRACED (TRACE_BIT(MMIO_READ) | TRACE_BIT(MMIO_WRITE) | TRACE_BIT(INVALID_MEM))

// The same, seen from outside.
static void traced_pass(Bus *bus, Access *access)
{
    TraceLine line;
    trace_line_begin(&line);
    bool answered = pass(bus, access);
    trace_line_add(&line, "%s(address=0x%" G_GINT64_MODIFIER "x, size=%u, value=0x%" G_GINT64_MODIFIER "x)%s",
        access->store ? "mmio_write" : "mmio_read", access->address, access->size, access->value,
        answered ? "" : ", where nothing is");
    if (!answered)
        trace_fault(TRACE_FAULT_MEMORY, "%s", line.text);
    if (trace_wants(access->store ? TRACE_BIT(MMIO_WRITE) : TRACE_BIT(MMIO_READ))) {
        trace_line_took(&line, line.begun);
        trace_line_end(&line);
    }
}

// data[] is in guest memory order (kvm-ppc: the bytes that the access moves), which is the bus's
// little-endian value.
void vcpu_mmio(Bus *bus, struct kvm_run *run)
{
    Access access = {
        .address = run->mmio.phys_addr,
        .size = MIN(run->mmio.len, 8),
        .store = run->mmio.is_write,
        .value = UINT64_MAX,
    };
    if (access.store)
        access.value = le_bytes_get(run->mmio.data, access.size);
    if (trace_wants(TRACED))
        traced_pass(bus, &access);
    else
        pass(bus, &access);
    if (access.store)
        USDT3(mmio_write, access.address, access.size, access.value);
    else
        USDT3(mmio_read, access.address, access.size, access.value);
    if (!access.store)
        le_bytes_put(run->mmio.data, access.size, access.value);
}
