// Loading of kernels: 64-bit POWER ELF executables, and the initrd behind them.
#include "lparun/boot.h"
#include "lparun/bytes.h"
#include "lparun/error.h"
#include <elf.h>
#include <inttypes.h>
#include <errno.h>
#include <unistd.h>

typedef struct Elf {
    const ImageFile *file;
    bool big_endian;
    uint64_t entry;
    uint64_t headers; // file offset of the program headers
    unsigned count;
} Elf;

typedef struct Segment {
    uint64_t offset, address, file_size, memory_size;
} Segment;

// A kernel has a handful; more is a broken file.
#define SEGMENTS 64

static uint64_t get(const Elf *elf, const uint8_t *field, unsigned size)
{
    uint64_t value = le_bytes_get(field, size);
    return elf->big_endian ? bytes_reversed(value, size) : value;
}

#define FIELD(elf, bytes, type, member)                                                                      \
    get(elf, (bytes) + G_STRUCT_OFFSET(type, member), sizeof(((type *)NULL)->member))

static bool refuse(const ImageFile *file, const char *why, GError **error)
{
    return error_user(
        error, "%s %s: %s; give a POWER kernel (vmlinux, 64-bit ELF)", file->option, file->path, why);
}

static bool read_at(const ImageFile *file, uint64_t offset, void *bytes, size_t length)
{
    return pread(file->fd, bytes, length, (off_t)offset) == (ssize_t)length;
}

static bool read_header(const ImageFile *file, Elf *elf, GError **error)
{
    uint8_t header[sizeof(Elf64_Ehdr)];
    if (!read_at(file, 0, header, sizeof header) || memcmp(header, ELFMAG, SELFMAG) != 0)
        return refuse(file, "not an ELF file", error);
    *elf = (Elf){ .file = file, .big_endian = header[EI_DATA] == ELFDATA2MSB };
    unsigned machine = (unsigned)FIELD(elf, header, Elf64_Ehdr, e_machine);
    if (machine != EM_PPC64 || header[EI_CLASS] != ELFCLASS64) {
        g_autofree char *why = g_strdup_printf(
            "a kernel for another machine (ELF machine %u, class %u)", machine, header[EI_CLASS]);
        return refuse(file, why, error);
    }
    unsigned type = (unsigned)FIELD(elf, header, Elf64_Ehdr, e_type);
    if (type != ET_EXEC && type != ET_DYN) // a kernel that can be moved is the second
        return refuse(file, "an ELF file, but no program", error);
    elf->entry = FIELD(elf, header, Elf64_Ehdr, e_entry);
    elf->headers = FIELD(elf, header, Elf64_Ehdr, e_phoff);
    elf->count = (unsigned)FIELD(elf, header, Elf64_Ehdr, e_phnum);
    if (FIELD(elf, header, Elf64_Ehdr, e_phentsize) != sizeof(Elf64_Phdr) || elf->count > SEGMENTS)
        return refuse(file, "broken program headers", error);
    return true;
}

// The segments to load, and their count; 0 and `error` when the file is broken.
static unsigned read_segments(const Elf *elf, Segment segments[SEGMENTS], GError **error)
{
    unsigned found = 0;
    for (unsigned i = 0; i < elf->count; i++) {
        uint8_t bytes[sizeof(Elf64_Phdr)];
        if (!read_at(elf->file, elf->headers + i * sizeof bytes, bytes, sizeof bytes)) {
            refuse(elf->file, "the file is cut short", error);
            return 0;
        }
        if (FIELD(elf, bytes, Elf64_Phdr, p_type) != PT_LOAD)
            continue;
        segments[found++] = (Segment){
            .offset = FIELD(elf, bytes, Elf64_Phdr, p_offset),
            .address = FIELD(elf, bytes, Elf64_Phdr, p_vaddr),
            .file_size = FIELD(elf, bytes, Elf64_Phdr, p_filesz),
            .memory_size = FIELD(elf, bytes, Elf64_Phdr, p_memsz),
        };
    }
    if (found == 0)
        refuse(elf->file, "nothing to load in it", error);
    return found;
}

// Bytes from the lowest to the highest address, or 0 when that makes no sense for `limit` bytes of memory.
static uint64_t extent(const Segment *segments, unsigned count, uint64_t limit, uint64_t *lowest)
{
    uint64_t end = 0;
    *lowest = UINT64_MAX;
    for (unsigned i = 0; i < count; i++)
        *lowest = MIN(*lowest, segments[i].address);
    for (unsigned i = 0; i < count; i++) {
        uint64_t start = segments[i].address - *lowest;
        if (start > limit || segments[i].memory_size > limit ||
            segments[i].file_size > segments[i].memory_size)
            return 0;
        end = MAX(end, start + segments[i].memory_size);
    }
    return end;
}

bool elf_load(const ImageFile *file, GuestMemory *memory, uint64_t address, Kernel *kernel, GError **error)
{
    Elf elf;
    Segment segments[SEGMENTS];
    if (!read_header(file, &elf, error))
        return false;
    unsigned count = read_segments(&elf, segments, error);
    if (count == 0)
        return false;
    uint64_t lowest, size = extent(segments, count, guest_memory_size(memory), &lowest);
    if (size == 0 || elf.entry - lowest >= size)
        return error_user(
            error, "%s %s: broken, or larger than guest memory; give more with -m", file->option, file->path);
    for (unsigned i = 0; i < count; i++) {
        uint64_t to = address + segments[i].address - lowest;
        if (!image_file_load(file, segments[i].offset, segments[i].file_size, memory, to, error))
            return false;
    }
    *kernel = (Kernel){ .address = address, .size = size, .entry = address + (elf.entry - lowest) };
    if (guest_memory_has(memory, address, size)) // room for .bss; it is zero already
        return true;
    return error_user(
        error, "%s %s: does not fit into guest memory; give more with -m", file->option, file->path);
}

bool kernel_load(const ImageFile *file, GuestMemory *memory, uint64_t address, uint64_t limit, Kernel *kernel,
    GError **error)
{
    if (!elf_load(file, memory, address, kernel, error))
        return false;
    if (kernel->size <= limit - address)
        return true;
    return error_user(error, "%s %s: no room for it below the device tree; give more memory with -m",
        file->option, file->path);
}

#define INITRD_ALIGN 0x10000ULL

// GPA of the first byte for an initrd, and how many fit.
static uint64_t initrd_place(const Room *room, uint64_t *most)
{
    uint64_t address = (room->start + 2 * INITRD_ALIGN - 1) & ~(INITRD_ALIGN - 1);
    *most = room->end > address ? room->end - address : 0;
    return address;
}

bool initrd_load(
    const ImageFile *file, GuestMemory *memory, const Room rooms[2], BootImages *boot, GError **error)
{
    uint64_t most[2];
    for (unsigned i = 0; i < 2; i++) {
        uint64_t address = initrd_place(&rooms[i], &most[i]);
        if (file->size > most[i])
            continue;
        boot->initrd = address;
        boot->initrd_size = file->size;
        return image_file_load(file, 0, file->size, memory, address, error);
    }
    return error_user(error,
        "%s %s: no room for its %" PRIu64 " bytes: at most %" PRIu64
        " fit; give a smaller one, or more memory with -m",
        file->option, file->path, file->size, MAX(most[0], most[1]));
}
