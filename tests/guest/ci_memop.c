// KVMPPC_H_LOGICAL_MEMOP: SLOF's copy and inversion of blocks (board-qemu's and KVM's own, in no
// specification; r4 destination, r5 source, r6 log2 of the element's bytes, r7 count, r8 0 to copy and 1 to
// invert).
#include "ci.h"
#include "hypercall.h"
#include "mmu.h"
#include "payload.h"
#include "tap.h"
#include "virtio_pci.h"

#define LENGTH 256

static uint8_t buffer[LENGTH] __attribute__((aligned(64)));
static uint8_t model[LENGTH];

static void fill(void)
{
    for (unsigned i = 0; i < LENGTH; i++)
        buffer[i] = model[i] = (uint8_t)(3 * i + 1);
}

static void look(void)
{
    for (unsigned i = 0; i < LENGTH; i++)
        tap_equal("byte", (uint64_t)(buffer + i), ((volatile uint8_t *)buffer)[i], model[i]);
}

static void memop(
    uint64_t to, uint64_t from, uint64_t shift, uint64_t count, uint64_t operation, int64_t expected)
{
    Hypercall call = { .r = { KVMPPC_H_LOGICAL_MEMOP, to, from, shift, count, operation } };
    tap_equal("status", to, hypercall(&call), expected);
    tap_equal("registers that must not change", to, (int64_t)call.changed, 0);
}

// What the call shall do: as if all were read before anything is written.
static void move_model(unsigned to, unsigned from, unsigned bytes, uint8_t inversion)
{
    uint8_t copy[LENGTH];
    for (unsigned i = 0; i < bytes; i++)
        copy[i] = model[from + i] ^ inversion;
    for (unsigned i = 0; i < bytes; i++)
        model[to + i] = copy[i];
}

// Offsets of destination and source in the buffer, all multiples of 8.
static const struct {
    const char *name;
    unsigned to, from, bytes;
} moves[] = {
    { "apart", 128, 16, 64 },
    { "the destination reaches over the source's end", 40, 32, 64 },
    { "the source reaches over the destination's end", 32, 40, 64 },
    { "in place", 64, 64, 64 },
    { "nothing", 64, 128, 0 },
};

#define MOVES (sizeof moves / sizeof moves[0])

static void run_moves(const char *mode)
{
    for (unsigned i = 0; i < MOVES; i++)
        for (unsigned operation = 0; operation < 2; operation++) {
            tap_begin();
            for (unsigned shift = 0; shift < 4; shift++) {
                fill();
                memop((uint64_t)(buffer + moves[i].to), (uint64_t)(buffer + moves[i].from), shift,
                    moves[i].bytes >> shift, operation, H_SUCCESS);
                move_model(moves[i].to, moves[i].from, moves[i].bytes, operation ? 0xff : 0);
                look();
            }
            tap_end("%s, %s, %s", mode, operation ? "invert" : "copy", moves[i].name);
        }
}

extern volatile uint64_t low_memory[]; // three words at address 0, where addresses that wrap lead

#define HOLE (1ULL << 40)
#define HERE ((uint64_t)buffer)

// Refused, and nothing in the buffer changes.
static void run_refusals(const char *mode)
{
    const struct {
        const char *name;
        uint64_t to, from, shift, count, operation;
    } refusals[] = {
        { "elements of 16 bytes", HERE, HERE + 64, 4, 1, 0 },
        { "elements of 2^64 bytes", HERE, HERE + 64, 64, 1, 0 },
        { "an unknown operation", HERE, HERE + 64, 3, 1, 2 },
        { "a destination that is not aligned", HERE + 4, HERE + 64, 3, 1, 0 },
        { "a source that is not aligned", HERE, HERE + 65, 1, 1, 0 },
        { "a source in a hole", HERE, HOLE, 3, 1, 0 }, { "a destination in a hole", HOLE, HERE, 3, 1, 0 },
        { "a source beyond 2^60", HERE, HERE + (1ULL << 60), 3, 1, 0 },
        { "more elements than there is memory", HERE, HERE, 3, 1ULL << 61, 0 },
        { "a source that wraps", HERE, -8ULL, 3, 2, 0 }, { "a destination that wraps", -8ULL, HERE, 3, 2, 0 },
        { "both wrap and overlap", -8ULL, -16ULL, 3, 4, 0 }, // from its end on it would be low memory
    };
    volatile uint64_t *low = low_memory;
    for (unsigned i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        tap_begin();
        fill();
        for (unsigned j = 0; j < 3; j++)
            low[j] = j + 1;
        memop(refusals[i].to, refusals[i].from, refusals[i].shift, refusals[i].count, refusals[i].operation,
            H_PARAMETER);
        look();
        for (unsigned j = 0; j < 3; j++)
            tap_equal("low memory", 8 * j, (int64_t)low[j], j + 1);
        tap_end("%s, refused: %s", mode, refusals[i].name);
    }
}

// Bytes keep their order between a device and memory, whatever the element's size.
static void run_device(const char *mode, const VirtioPci *virtio)
{
    uint64_t queue = virtio->common + 0x20; // queue_desc
    for (unsigned shift = 2; shift < 4; shift++) {
        tap_begin();
        fill();
        memop(queue, HERE + 32, shift, 8 >> shift, 0, H_SUCCESS);
        for (unsigned i = 0; i < 8; i++)
            tap_equal("register byte", queue + i, (int64_t)ci_load(1, queue + i), model[32 + i]);
        memop(HERE + 64, queue, shift, 8 >> shift, 1, H_SUCCESS);
        move_model(64, 32, 8, 0xff);
        look();
        tap_end("%s, to a device and back in elements of %u bytes", mode, 1u << shift);
    }
}

static void run_mode(const char *mode, const VirtioPci *virtio)
{
    run_moves(mode);
    run_refusals(mode);
    run_device(mode, virtio);
}

void payload(void)
{
    VirtioPci virtio;
    tap_plan(2 * (2 * MOVES + 12 + 2));
    virtio_pci_find(&virtio);
    run_mode("real mode", &virtio);
    mmu_on();
    run_mode("virtual mode", &virtio);
}
