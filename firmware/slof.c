// SLOF, a flat image that starts with a ROM file system header, or a flat image of anybody's: loaded at
// address 0 and entered at 0x100.
#include "lparun/boot.h"
#include "lparun/bytes.h"
#include "lparun/error.h"
#include <unistd.h>

#define SLOF_LIMIT 0x400000    // where a kernel goes (board-qemu, KERNEL_LOAD_ADDR)
#define OVERHEAD (40ULL << 20) // what SLOF takes below its tree (QEMU's FW_OVERHEAD)
#define TREE_ROOM 0x200000
#define LINUX_ROOM (16ULL << 20) // for RTAS, and for a copy of the tree that grows

// The header's first file: a magic word and the length of the whole image.
#define MAGIC_OFFSET 0x28
#define LENGTH_OFFSET 0x30
static const char magic[8] = "magic123";

// What is wrong with SLOF's header, or NULL.
static const char *check_slof(const uint8_t *head, uint64_t size)
{
    be64 length;
    memcpy(&length, head + LENGTH_OFFSET, sizeof length);
    if (be64_get(length) > size)
        return "the SLOF image is cut short; give a whole slof.bin";
    return size > SLOF_LIMIT ? "too large for a SLOF image (4 MiB); give a whole slof.bin" : NULL;
}

// Programs that are their own firmware, such as kvm-unit-tests' boot_rom.bin, have no header at all.
static const char *check_flat(const uint8_t *head, uint64_t size)
{
    if (memcmp(head, "\177ELF", 4) == 0)
        return "an ELF file, and not a flat image for address 0; give a kernel by -kernel";
    return size >= SLOF_LIMIT ? "neither SLOF nor a flat image of less than 4 MiB; give a whole slof.bin"
                              : NULL;
}

static bool check(const ImageFile *file, GError **error)
{
    uint8_t head[SLOF_ENTRY + sizeof(uint32_t)];
    const char *why = "too short for a firmware that is entered at 0x100; give a whole slof.bin";
    if (pread(file->fd, head, sizeof head, 0) == sizeof head)
        why = memcmp(head + MAGIC_OFFSET, magic, sizeof magic) == 0 ? check_slof(head, file->size)
                                                                    : check_flat(head, file->size);
    if (why)
        error_user(error, "%s %s: %s", file->option, file->path, why);
    return !why;
}

const char *const boot_places[] = { LPARUN_SLOF, NULL };

static const char *find(GError **error)
{
    for (const char *const *place = boot_places; *place; place++)
        if (access(*place, R_OK) == 0)
            return *place;
    g_autofree char *tried = g_strjoinv(", ", (char **)boot_places);
    error_user(error, "-bios: there is no SLOF at %s; give its path", tried);
    return NULL;
}

static ImageFile *open_image(const char *bios, GError **error)
{
    const char *path = bios ? bios : find(error);
    ImageFile *file = path ? image_file_open("-bios", path, error) : NULL;
    if (file && !check(file, error)) {
        image_file_close(file);
        return NULL;
    }
    return file;
}

// Behind the kernel, with what Linux needs above it; or where Linux takes nothing.
static bool place_initrd(
    const ImageFile *initrd, GuestMemory *memory, uint64_t limit, BootImages *boot, GError **error)
{
    const Room rooms[2] = { { MAX(boot->kernel.address + boot->kernel.size, SLOF_LIMIT),
                                MIN(limit, LINUX_LOW_LIMIT - LINUX_ROOM) },
        { LINUX_LOW_LIMIT, limit } };
    return initrd_load(initrd, memory, rooms, boot, error);
}

// The tree is at the end of what SLOF addresses, 2 GiB; right below it SLOF takes memory for itself.
static bool load(
    const BootFiles *files, GuestMemory *memory, uint64_t real_mode_area, BootImages *boot, GError **error)
{
    *boot = (BootImages){ .entry = SLOF_ENTRY, .tree_room = TREE_ROOM };
    boot->tree = MIN(real_mode_area, 0x80000000ULL) - TREE_ROOM;
    if (!image_file_load(files->bios, 0, files->bios->size, memory, 0, error))
        return false;
    uint64_t limit = boot->tree - OVERHEAD;
    if (files->kernel && !kernel_load(files->kernel, memory, SLOF_LIMIT, limit, &boot->kernel, error))
        return false;
    return !files->initrd || place_initrd(files->initrd, memory, limit, boot, error);
}

const BootWay boot_slof = { .open = open_image, .load = load };
