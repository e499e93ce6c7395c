// Direct boot: no firmware. The kernel lies at address 0, where it would move itself, and runs first; what
// firmware would have left for it (RTAS, the initrd, the final device tree) is in memory already.
//
//   0 kernel | initrd ... | device tree | RTAS | ... (an initrd too large for the gap)
#include "lparun/boot.h"
#include "lparun/bytes.h"
#include "lparun/error.h"
#include "lparun/papr.h"

#define TREE_ROOM 0x200000
#define CELL_LIMIT 0xffff0000ULL // linux,initrd-end is one cell

// All of RTAS: the call's block, whose address is in r3, goes to KVMPPC_H_RTAS.
static const uint32_t rtas_stub[] = {
    0x7c641b78,                 // mr r4, r3
    0x38600000,                 // li r3, 0
    0x60630000 | KVMPPC_H_RTAS, // ori r3, r3, KVMPPC_H_RTAS
    0x44000022,                 // sc 1
    0x4e800020,                 // blr
};

// RTAS is entered big-endian whatever the kernel is.
static void write_rtas(GuestMemory *memory, uint64_t address)
{
    be32 words[G_N_ELEMENTS(rtas_stub)];
    for (unsigned i = 0; i < G_N_ELEMENTS(rtas_stub); i++)
        words[i] = be32_make(rtas_stub[i]);
    bool written = guest_memory_write(memory, address, words, sizeof words);
    g_assert(written); // the options ask for more memory than this
}

// Behind the kernel, or above RTAS where that gap is too small.
static bool place_initrd(
    const ImageFile *initrd, GuestMemory *memory, uint64_t kernel_end, BootImages *boot, GError **error)
{
    const Room rooms[2] = { { kernel_end, boot->tree },
        { boot->rtas + RTAS_ROOM, MIN(guest_memory_size(memory), CELL_LIMIT) } };
    return initrd_load(initrd, memory, rooms, boot, error);
}

static bool load(
    const BootFiles *files, GuestMemory *memory, uint64_t real_mode_area, BootImages *boot, GError **error)
{
    Kernel kernel;
    *boot = (BootImages){ .tree_room = TREE_ROOM, .functions = true };
    boot->rtas = MIN(real_mode_area, LINUX_LOW_LIMIT) - RTAS_ROOM;
    boot->tree = boot->rtas - TREE_ROOM;
    if (!kernel_load(files->kernel, memory, 0, boot->tree, &kernel, error))
        return false;
    boot->entry = kernel.entry;
    write_rtas(memory, boot->rtas);
    return !files->initrd || place_initrd(files->initrd, memory, kernel.size, boot, error);
}

const BootWay boot_direct = { .load = load };
