// SLOF: a flat image that starts with a ROM file system header, loaded at address 0 and entered at 0x100.
#include "lparun/bytes.h"
#include "lparun/error.h"
#include "lparun/firmware.h"
#include <unistd.h>

#define SLOF_LIMIT 0x400000 // where a kernel goes (board-qemu, KERNEL_LOAD_ADDR)

// The header's first file: a magic word and the length of the whole image.
#define MAGIC_OFFSET 0x28
#define LENGTH_OFFSET 0x30
static const char magic[8] = "magic123";

bool slof_check(const ImageFile *file, GError **error)
{
    uint8_t head[LENGTH_OFFSET + sizeof(be64)];
    const char *why = NULL;
    if (pread(file->fd, head, sizeof head, 0) != sizeof head ||
        memcmp(head + MAGIC_OFFSET, magic, sizeof magic) != 0) {
        why = "not a SLOF image";
    } else {
        be64 length;
        memcpy(&length, head + LENGTH_OFFSET, sizeof length);
        if (be64_get(length) > file->size)
            why = "the SLOF image is cut short";
        else if (file->size > SLOF_LIMIT)
            why = "too large for a SLOF image (4 MiB)";
    }
    if (why)
        g_set_error(error, LPARUN_ERROR, LPARUN_ERROR_USER, "%s %s: %s; give a whole slof.bin", file->option,
            file->path, why);
    return !why;
}

bool slof_load(const ImageFile *file, GuestMemory *memory, GError **error)
{
    return image_file_load(file, 0, file->size, memory, 0, error);
}

// SLOF takes the memory right below its tree for itself and addresses it with 32 bits.
uint64_t slof_tree_address(uint64_t memory_size)
{
    return MIN(memory_size, 0x80000000ULL) - SLOF_TREE_ROOM;
}
