// H_LOGICAL_CI_LOAD and H_LOGICAL_CI_STORE: both x sizes x alignments x what lies at the address, in real and
// in virtual mode. The tables say what PAPR wants (LoPAR 14.5.4.4.1 and .2); what it leaves open is said
// where it is decided.
#include "ci.h"
#include "ci_registers.h"
#include "console.h"
#include "fdt.h"
#include "hypercall.h"
#include "mmu.h"
#include "payload.h"
#include "tap.h"
#include "virtio_pci.h"

// By size, what the address must be a multiple of. Other sizes and addresses: H_PARAMETER.
static const uint8_t alignment[17] = { [1] = 1, [2] = 2, [4] = 4, [8] = 8 };

// The sizes of one line of the output.
typedef struct Row {
    const char *name;
    unsigned count;
    uint64_t sizes[16];
} Row;

static const Row rows[] = {
    { "1 byte", 1, { 1 } },
    { "2 bytes", 1, { 2 } },
    { "4 bytes", 1, { 4 } },
    { "8 bytes", 1, { 8 } },
    { "no such size", 16,
        { 0, 3, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 1ULL << 32 | 2, 1ULL << 63 | 2, -2ULL } },
};

#define WINDOW 48 // bytes of a target that are looked at, at most

// What lies at some addresses. Accesses start at each of `offsets` offsets; one that would reach `end` or go
// beyond, to where there is nothing, is H_PARAMETER.
typedef struct Target {
    const char *name;
    uint64_t address;
    unsigned offsets, end;
    unsigned kept;         // sizes, ORed, whose stores change what loads return
    bool memory;           // the payload can look at it without the hypercalls
    bool doorbell;         // a good store rings
    uint8_t bytes[WINDOW]; // what loads return, up to `end`
} Target;

enum { RAM, RAM_END, REGISTERS, BAR_END, DOORBELL, HOLE, TOP, RAM_2_60, RAM_2_63, DOORBELL_2_60, TARGETS };

static uint8_t buffer[128] __attribute__((aligned(64)));

static Target targets[TARGETS] = {
    // LoPAR wants the address mapped cache-inhibited, which no KVM host can tell: lparun serves RAM too.
    [RAM] = { "RAM", .offsets = 16, .end = WINDOW, .kept = 1 | 2 | 4 | 8, .memory = true },
    [RAM_END] = { "the end of RAM", .offsets = 32, .end = 16, .kept = 1 | 2 | 4 | 8 },
    // Addresses of queue 0. virtio 1.2, 4.1.3.1 has drivers use the width of a field; lparun takes what does
    // not fit and ignores it, and takes the 8 bytes of a field at once.
    [REGISTERS] = { "device registers", .offsets = 16, .end = 24, .kept = 4 | 8 },
    // The end of the pending bits of MSI-X: all clear, read-only.
    [BAR_END] = { "the end of a BAR", .offsets = 32, .end = 16 },
    // Four bytes for the one queue, which read as 0 (virtio 1.2, 4.1.4.4 gives them no value).
    [DOORBELL] = { "a doorbell", .offsets = 16, .end = 4, .doorbell = true },
    [HOLE] = { "a hole", .address = 1ULL << 40, .offsets = 16 },
    [TOP] = { "the top of all addresses", .address = -16ULL, .offsets = 16 },
    // Bits that real mode ignores count here: these are no logical addresses of the partition.
    [RAM_2_60] = { "RAM + 2^60", .offsets = 16 },
    [RAM_2_63] = { "RAM + 2^63", .offsets = 16 },
    [DOORBELL_2_60] = { "a doorbell + 2^60", .offsets = 16 },
};

static unsigned rings, kernel_rings; // of these the kernel's doorbell matches: 2 bytes at the first address

static uint64_t end_of_memory(void)
{
    uint64_t end = 0;
    for (FdtNode node = 0; (node = fdt_find("memory@", node));) {
        uint64_t here = fdt_wide(node, "reg", 0) + fdt_wide(node, "reg", 2);
        end = here > end ? here : end;
    }
    return end;
}

static void place_targets(const VirtioPci *virtio)
{
    if (virtio->notify_length != 4)
        payload_bail("this payload wants a device with one queue");
    targets[RAM].address = (uint64_t)buffer + 32;
    targets[RAM_END].address = end_of_memory() - 16;
    targets[REGISTERS].address = virtio->common + 0x20;
    targets[BAR_END].address = virtio->interrupts + virtio->interrupts_size - 16;
    targets[DOORBELL].address = virtio->notify;
    targets[RAM_2_60].address = targets[RAM].address + (1ULL << 60);
    targets[RAM_2_63].address = targets[RAM].address + (1ULL << 63);
    targets[DOORBELL_2_60].address = targets[DOORBELL].address + (1ULL << 60);
}

static uint64_t big_endian(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

// Gives all bytes of a target that can be written different values.
static void fill(Target *target)
{
    for (unsigned i = 0; target->kept && i < target->end; i++)
        target->bytes[i] = (uint8_t)(0x81 + 7 * i);
    for (unsigned i = 0; target->kept && i < target->end; i += 4) {
        if (target->memory)
            for (unsigned j = i; j < i + 4; j++)
                ((volatile uint8_t *)target->address)[j] = target->bytes[j];
        else
            ci_store(4, target->address + i, big_endian(target->bytes + i, 4));
    }
}

static void look_at_word(uint64_t address, const uint8_t *bytes)
{
    Hypercall call = { .r = { H_LOGICAL_CI_LOAD, 4, address } };
    tap_equal("status of a look", address, hypercall(&call), H_SUCCESS);
    tap_equal("word", address, (int64_t)call.r[1], (int64_t)big_endian(bytes, 4));
}

// Is there what should be there, in the whole target?
static void look(const Target *target)
{
    for (unsigned i = 0; i < target->end; i += target->memory ? 1 : 4) {
        uint64_t at = target->address + i;
        if (target->memory)
            tap_equal("byte", at, *(volatile uint8_t *)at, target->bytes[i]);
        else
            look_at_word(at, target->bytes + i);
    }
}

// RAM beside the target, which nothing may ever change.
static void look_at_neighbours(void)
{
    const Target *ram = &targets[RAM];
    for (unsigned i = 0; i < sizeof buffer; i++) {
        uint64_t at = (uint64_t)(buffer + i);
        if (at < ram->address || at >= ram->address + ram->end)
            tap_equal("byte beside RAM", at, *(volatile uint8_t *)at, 0);
    }
}

static int64_t expected_status(const Target *target, uint64_t size, unsigned offset)
{
    if (size >= sizeof alignment || alignment[size] == 0 || (target->address + offset) % alignment[size] != 0)
        return H_PARAMETER;
    return offset + size <= target->end ? H_SUCCESS : H_PARAMETER;
}

static void try_load(const Target *target, uint64_t size, unsigned offset)
{
    uint64_t address = target->address + offset;
    int64_t expected = expected_status(target, size, offset);
    Hypercall call = { .r = { H_LOGICAL_CI_LOAD, size, address, -1ULL, -1ULL } };
    tap_equal("status", address, hypercall(&call), expected);
    tap_equal("registers that must not change", address, (int64_t)call.changed, 0);
    if (expected == H_SUCCESS)
        tap_equal("value", address, (int64_t)call.r[1],
            (int64_t)big_endian(target->bytes + offset, (unsigned)size));
}

static void store_into(uint8_t *bytes, unsigned size, uint64_t value)
{
    for (unsigned i = size; i > 0; i--, value >>= 8)
        bytes[i - 1] = (uint8_t)value;
}

static void try_store(Target *target, uint64_t size, unsigned offset)
{
    static uint64_t value = 0x0123456789abcdef;
    uint64_t address = target->address + offset;
    int64_t expected = expected_status(target, size, offset);
    value = value * 0x5851f42d4c957f2d + 1; // all 64 bits, whatever the size
    Hypercall call = { .r = { H_LOGICAL_CI_STORE, size, address, value } };
    tap_equal("status", address, hypercall(&call), expected);
    tap_equal("registers that must not change", address, (int64_t)call.changed, 0);
    if (expected != H_SUCCESS)
        return;
    if (target->kept & size)
        store_into(target->bytes + offset, (unsigned)size, value);
    rings += target->doorbell;
    kernel_rings += target->doorbell && size == 2 && offset == 0;
    look(target);
}

static void run_row(const char *mode, Target *target, const Row *row, bool store)
{
    tap_begin();
    fill(target);
    for (unsigned i = 0; i < row->count; i++)
        for (unsigned offset = 0; offset < target->offsets; offset++)
            if (store)
                try_store(target, row->sizes[i], offset);
            else
                try_load(target, row->sizes[i], offset);
    look(target);
    look(&targets[RAM]);
    look_at_neighbours();
    tap_end("%s, %s, %s, %s", mode, store ? "store" : "load", row->name, target->name);
}

#define ROWS (sizeof rows / sizeof rows[0])

static void run_mode(const char *mode, const VirtioPci *virtio)
{
    fill(&targets[RAM]);
    ci_registers(mode, virtio);
    for (unsigned i = 0; i < TARGETS; i++)
        for (unsigned row = 0; row < ROWS; row++) {
            run_row(mode, &targets[i], &rows[row], false);
            run_row(mode, &targets[i], &rows[row], true);
        }
}

void payload(void)
{
    VirtioPci virtio;
    tap_plan(2 * (CI_REGISTERS_LINES + TARGETS * ROWS * 2));
    virtio_pci_find(&virtio);
    place_targets(&virtio);
    run_mode("real mode", &virtio);
    mmu_on();
    run_mode("virtual mode", &virtio);
    // For whoever compares with the host's counters.
    print("# %s, rings %u, of these by the kernel's rule %u\n", mmu_name(), rings, kernel_rings);
}
