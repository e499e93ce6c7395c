// Ways into the guest: SLOF or nothing at all, and what lies in memory then.
#pragma once
#include "lparun/kernel.h"

// Files that a way into the guest starts from; NULL where none is given.
typedef struct BootFiles {
    ImageFile *bios, *kernel, *initrd;
} BootFiles;
void boot_files_close(BootFiles *files);

// What was placed in memory, and what the device tree has to say of it.
typedef struct BootImages {
    uint64_t entry;               // GPA of the guest's first instruction; r3 is `tree` there
    uint64_t tree, tree_room;     // GPA of the device tree and the bytes that are free for it
    Kernel kernel;                // for firmware to start; size 0: there is none
    uint64_t initrd, initrd_size; // size 0: there is none
    uint64_t rtas;                // GPA of RTAS_ROOM bytes for RTAS; 0: firmware brings it
    bool functions;               // the tree lists PCI functions, because no firmware will
} BootImages;
#define RTAS_ROOM 0x10000 // a page of any guest's
// Linux takes memory for itself below this GPA, before it knows better (prom_init.c: alloc_top, and
// RTAS_INSTANTIATE_MAX): of an initrd that begins above it does not care.
#define LINUX_LOW_LIMIT 0x30000000ULL
typedef struct Room {
    uint64_t start, end; // GPA
} Room;
// Places the initrd at the start of a room, or a little above: the first of the two that takes it. False and
// `error` when neither does, which says how many bytes would fit.
bool initrd_load(
    const ImageFile *file, GuestMemory *memory, const Room rooms[2], BootImages *boot, GError **error);

// A way into the guest, chosen once for a machine. Everything that differs is here and in BootImages.
typedef struct BootWay {
    // Opens the firmware; `bios` is -bios's value or NULL. NULL: this way has none.
    ImageFile *(*open)(const char *bios, GError **error);
    // Fills memory that is all zeros, but for the tree. `real_mode_area`: bytes of memory that the guest
    // reaches in real mode. False and `error` when something does not fit or cannot be read.
    bool (*load)(const BootFiles *files, GuestMemory *memory, uint64_t real_mode_area, BootImages *boot,
        GError **error);
} BootWay;
// firmware/slof.c: SLOF, which finds a kernel itself or starts the one in memory, or another flat image of
// less than 4 MiB: at address 0, entered at 0x100 with the tree's address in r3. -kernel's ELF file is at 4
// MiB, and /chosen/qemu,boot-kernel says so.
extern const BootWay boot_slof;
// Where its image is looked for without -bios, up to a NULL.
extern const char *const boot_places[];
#define SLOF_ENTRY 0x100
// firmware/direct.c: the kernel is the first that runs.
extern const BootWay boot_direct;
