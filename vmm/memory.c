// Guest memory: one private mapping at GPA 0.
#include "lparun/memory.h"
#include "lparun/error.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

struct GuestMemory {
    uint8_t *host;
    uint64_t size;
};

GuestMemory *guest_memory_new(uint64_t size, GError **error)
{
    void *host = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (host == MAP_FAILED) {
        g_set_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST,
            "-m: %" G_GUINT64_FORMAT " MiB of guest memory: %s; ask for less", size >> 20, g_strerror(errno));
        return NULL;
    }
    madvise(host, size, MADV_HUGEPAGE); // fewer faults and shorter walks where the host has huge pages
    madvise(host, size, MADV_DONTDUMP);
    GuestMemory *memory = g_new0(GuestMemory, 1);
    *memory = (GuestMemory){ .host = host, .size = size };
    return memory;
}

void guest_memory_free(GuestMemory *memory)
{
    if (!memory)
        return;
    munmap(memory->host, memory->size);
    g_free(memory);
}

uint64_t guest_memory_size(const GuestMemory *memory)
{
    return memory->size;
}

void *guest_memory_at(const GuestMemory *memory, uint64_t gpa, uint64_t length)
{
    if (gpa >= memory->size || length > memory->size - gpa)
        return NULL;
    return memory->host + gpa;
}

bool guest_memory_read(const GuestMemory *memory, uint64_t gpa, void *bytes, uint64_t length)
{
    const void *from = guest_memory_at(memory, gpa, length);
    if (from)
        memcpy(bytes, from, length);
    return from;
}

bool guest_memory_write(const GuestMemory *memory, uint64_t gpa, const void *bytes, uint64_t length)
{
    void *to = guest_memory_at(memory, gpa, length);
    if (to)
        memcpy(to, bytes, length);
    return to;
}

void guest_memory_clear(GuestMemory *memory)
{
    if (madvise(memory->host, memory->size, MADV_DONTNEED) != 0)
        memset(memory->host, 0, memory->size); // locked memory cannot be given back
}
