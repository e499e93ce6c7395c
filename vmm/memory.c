// Guest memory: one range of this process's addresses, GPA 0 at its start, with one part or several mapped
// into it.
#include "lparun/memory.h"
#include "lparun/error.h"
#include "memory_part.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

struct GuestMemory {
    uint8_t *host;
    uint64_t size; // bytes
    MappedPart *parts;
    unsigned count;
};

#define THP_SIZE_FILE "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"
#define THP_SIZE (2ULL << 20) // a radix host's; harmless elsewhere

// A huge page of the host's is one of the guest's only where both addresses are multiples of its size.
static uint64_t alignment(const GuestMemory *memory)
{
    g_autofree char *text = NULL;
    uint64_t size =
        g_file_get_contents(THP_SIZE_FILE, &text, NULL, NULL) ? g_ascii_strtoull(text, NULL, 10) : 0;
    if (size < THP_SIZE || (size & (size - 1)) != 0)
        size = THP_SIZE;
    for (unsigned i = 0; i < memory->count; i++)
        size = MAX(size, memory->parts[i].page);
    return size;
}

// On a host with a hashed page table a TiB of addresses has pages of one size (slice_get_unmapped_area() in
// arch/powerpc/mm/book3s64/slice.c), and ours are in most of them already: huge pages find room only where
// their own file is mapped first. Elsewhere any place is right. The file, or -1.
static int file_to_reserve_with(const GuestMemory *memory)
{
    const MappedPart *parts = memory->parts;
    for (unsigned i = 1; i < memory->count; i++)
        if (parts[i].page != parts[0].page)
            return -1;
    return memory_part_is_huge(&parts[0]) ? parts[0].fd : -1;
}

// Addresses for all parts, none of them mapped yet.
static bool reserve(GuestMemory *memory, const char *option, GError **error)
{
    uint64_t align = alignment(memory), room;
    int fd = file_to_reserve_with(memory);
    int flags = MAP_PRIVATE | MAP_NORESERVE | (fd < 0 ? MAP_ANONYMOUS : 0);
    uint8_t *start = MAP_FAILED;
    errno = ENOMEM;
    if (!__builtin_add_overflow(memory->size, align, &room))
        start = mmap(NULL, room, PROT_NONE, flags, fd, 0);
    if (start == MAP_FAILED)
        return error_host(error, "%s: %" G_GUINT64_FORMAT " MiB of guest memory: %s; ask for less", option,
            memory->size >> 20, g_strerror(errno));
    memory->host = (uint8_t *)(((uintptr_t)start + align - 1) / align * align);
    size_t before = (size_t)(memory->host - start);
    if (before > 0)
        munmap(start, before);
    if (before < align)
        munmap(memory->host + memory->size, align - before);
    return true;
}

static bool map(GuestMemory *memory, const MemoryPart *parts, GError **error)
{
    uint64_t gpa = 0;
    for (unsigned i = 0; i < memory->count; gpa += parts[i++].size) {
        MappedPart *part = &memory->parts[i];
        if (gpa % part->page)
            return error_user(error,
                "%s: its pages are of %" G_GUINT64_FORMAT
                " MiB, and the memory before it is not whole ones; give "
                "that another size",
                parts[i].option, part->page >> 20);
        if (!memory_part_map(part, &parts[i], memory->host + gpa, error))
            return false;
    }
    return true;
}

GuestMemory *guest_memory_new_of(const MemoryPart *parts, unsigned count, GError **error)
{
    g_autoptr(GuestMemory) memory = g_new0(GuestMemory, 1);
    memory->parts = g_new0(MappedPart, count);
    for (unsigned i = 0; i < count; i++) {
        if (!memory_part_open(&memory->parts[i], &parts[i], error))
            return NULL;
        memory->count++;
        memory->size += parts[i].size;
    }
    return reserve(memory, parts[0].option, error) && map(memory, parts, error) ? g_steal_pointer(&memory)
                                                                                : NULL;
}

GuestMemory *guest_memory_new(uint64_t size, GError **error)
{
    const MemoryPart part = { .option = "-m", .size = size };
    return guest_memory_new_of(&part, 1, error);
}

void guest_memory_free(GuestMemory *memory)
{
    if (!memory)
        return;
    if (memory->host)
        munmap(memory->host, memory->size);
    for (unsigned i = 0; i < memory->count; i++)
        memory_part_close(&memory->parts[i]);
    g_free(memory->parts);
    g_free(memory);
}

uint64_t guest_memory_size(const GuestMemory *memory)
{
    return memory->size;
}

bool guest_memory_has(const GuestMemory *memory, uint64_t gpa, uint64_t length)
{
    return gpa < memory->size && length <= memory->size - gpa;
}

const void *guest_memory_read_at(const GuestMemory *memory, uint64_t gpa, uint64_t length)
{
    return guest_memory_has(memory, gpa, length) ? memory->host + gpa : NULL;
}

void *guest_memory_write_at(const GuestMemory *memory, uint64_t gpa, uint64_t length)
{
    return guest_memory_has(memory, gpa, length) ? memory->host + gpa : NULL;
}

void *guest_memory_for_kvm(const GuestMemory *memory, uint64_t gpa, uint64_t length)
{
    return guest_memory_has(memory, gpa, length) ? memory->host + gpa : NULL;
}

bool guest_memory_read(const GuestMemory *memory, uint64_t gpa, void *bytes, uint64_t length)
{
    const void *from = guest_memory_read_at(memory, gpa, length);
    if (from)
        memcpy(bytes, from, length);
    return from;
}

bool guest_memory_write(const GuestMemory *memory, uint64_t gpa, const void *bytes, uint64_t length)
{
    void *to = guest_memory_write_at(memory, gpa, length);
    if (to)
        memcpy(to, bytes, length);
    return to;
}

uint64_t guest_memory_hole(const GuestMemory *memory, uint64_t gpa)
{
    for (unsigned i = 0; i < memory->count; gpa -= memory->parts[i++].size)
        if (gpa < memory->parts[i].size)
            return memory_part_hole(&memory->parts[i], gpa);
    return 0;
}

void guest_memory_clear(GuestMemory *memory)
{
    for (unsigned i = 0; i < memory->count; i++)
        memory_part_clear(&memory->parts[i]);
}

static bool reset_part(void *part, GError **error)
{
    guest_memory_clear(part);
    return true;
}

static void free_part(void *part)
{
    guest_memory_free(part);
}

const PartOps guest_memory_part = { .kind = "guest memory", .reset = reset_part, .free = free_part };
