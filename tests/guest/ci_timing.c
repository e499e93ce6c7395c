// What a store that rings a doorbell costs the guest, and a load of a device register, by the timebase.
#include "console.h"
#include "fdt.h"
#include "hypercall.h"
#include "payload.h"
#include "tap.h"
#include "virtio_pci.h"

#define REPEATS 2000
#define NUM_QUEUES 0x12

static uint64_t timebase(void)
{
    uint64_t now;
    __asm__ volatile("mftb %0" : "=r"(now) : : "memory");
    return now;
}

static void measure(const char *what, const char *name, uint64_t number, uint64_t address)
{
    tap_begin();
    uint64_t start = timebase();
    for (unsigned i = 0; i < REPEATS; i++) {
        Hypercall call = { .r = { number, 2, address } };
        tap_equal("status", address, hypercall(&call), H_SUCCESS);
    }
    uint64_t ticks = timebase() - start;
    tap_end("%s", what);
    print("# ci_timing: %u %s %lu timebase ticks\n", REPEATS, name, ticks);
}

void payload(void)
{
    VirtioPci virtio;
    tap_plan(2);
    virtio_pci_find(&virtio);
    print("# ci_timing: %u timebase ticks a second\n", fdt_number("cpus/PowerPC,", "timebase-frequency", 0));
    measure("2 bytes into a doorbell", "stores", H_LOGICAL_CI_STORE, virtio.notify);
    measure("2 bytes from a device register", "loads", H_LOGICAL_CI_LOAD, virtio.common + NUM_QUEUES);
}
