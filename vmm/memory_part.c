// A part of guest memory: anonymous, or a file's, with the host's own or huge pages.
#include "memory_part.h"
#include "lparun/error.h"
#include "lparun/parallel.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <linux/mempolicy.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define MIB(bytes) ((bytes) >> 20)

// --- All of a part at once.

#define WORTH_A_THREAD (64ULL << 20)

static int populate(void *owner, uint64_t from, uint64_t to)
{
    const MappedPart *part = owner;
    if (madvise(part->host + from, to - from, MADV_POPULATE_WRITE) == 0)
        return 0;
    if (errno != EINVAL)
        return -errno;
    // A kernel from before 5.14.
    for (uint64_t offset = from; offset < to; offset += part->page)
        *(volatile uint8_t *)(part->host + offset) = 0;
    return 0;
}

static int fill_with_zeros(void *owner, uint64_t from, uint64_t to)
{
    memset(((const MappedPart *)owner)->host + from, 0, to - from);
    return 0;
}

static int in_parallel(MappedPart *part, int (*work)(void *owner, uint64_t from, uint64_t to))
{
    return parallel_do(work, part, part->size, part->page, WORTH_A_THREAD);
}

// --- Opening.

static bool wrong(const MemoryPart *part, const char *what, GError **error)
{
    return error_user(error, "%s: %s", part->option, what);
}

static bool wrong_errno(const MemoryPart *part, const char *what, GError **error)
{
    return error_user(error, "%s: %s: %s; give a folder or a file that can be written", part->option, what,
        g_strerror(errno));
}

// A file without a name, or the one that is named; made when there is none.
static int open_path(const char *path, bool *nameless)
{
    *nameless = g_file_test(path, G_FILE_TEST_IS_DIR);
    if (!*nameless)
        return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    g_autofree char *name = g_build_filename(path, "lparun-memory-XXXXXX", NULL);
    int fd = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        unlink(name);
    return fd;
}

// Pages that the file system has not are a SIGBUS later, in the middle of the run.
static bool check_room(const MemoryPart *part, const struct statfs *system, uint64_t page, GError **error)
{
    bool huge = system->f_type == HUGETLBFS_MAGIC;
    g_autofree char *what = NULL;
    uint64_t room = (uint64_t)system->f_bavail * (uint64_t)system->f_bsize;
    if (huge && part->size % page)
        what = g_strdup_printf("its pages are of %" G_GUINT64_FORMAT " MiB, and %" G_GUINT64_FORMAT
                               " MiB of memory are not whole ones; give another size",
            MIB(page), MIB(part->size));
    else if (!huge && system->f_blocks > 0 && room < part->size)
        what = g_strdup_printf("%" G_GUINT64_FORMAT " MiB of memory do not fit in the %" G_GUINT64_FORMAT
                               " MiB that are free there; ask for less",
            MIB(part->size), MIB(room));
    return !what || wrong(part, what, error);
}

static bool check_file(
    const MemoryPart *part, int fd, const struct stat *status, uint64_t *page, GError **error)
{
    struct statfs system;
    if (!S_ISREG(status->st_mode))
        return wrong(part, "neither a folder nor a file; give one of them", error);
    if (status->st_blocks > 0)
        return wrong(part, "there is data in that file; give an empty one, a new name or a folder", error);
    if (fstatfs(fd, &system) < 0)
        return wrong_errno(part, "fstatfs", error);
    *page = system.f_type == HUGETLBFS_MAGIC ? (uint64_t)system.f_bsize : (uint64_t)sysconf(_SC_PAGESIZE);
    if (!check_room(part, &system, *page, error))
        return false;
    return (uint64_t)status->st_size >= part->size || ftruncate(fd, (off_t)part->size) == 0 ||
           wrong_errno(part, "ftruncate", error);
}

// A file that nobody can name. The kernel has a name for what maps show.
static bool open_nameless(MappedPart *mapped, const MemoryPart *part, GError **error)
{
    unsigned size = part->huge_page ? (unsigned)g_bit_storage(part->huge_page) - 1 : 0;
    unsigned flags = MFD_CLOEXEC | (part->sealed ? MFD_ALLOW_SEALING : 0) |
                     (part->huge ? MFD_HUGETLB | size << MFD_HUGE_SHIFT : 0);
    struct statfs system;
    mapped->fd = memfd_create("lparun-memory", flags);
    if (mapped->fd < 0 || fstatfs(mapped->fd, &system) < 0)
        return error_host(error, "%s: memfd_create: %s%s", part->option, g_strerror(errno),
            part->huge ? "; give a hugetlbsize= that the host has, or hugetlb=off" : "");
    if (part->huge)
        mapped->page = (uint64_t)system.f_bsize;
    if (part->size % mapped->page)
        return check_room(part, &system, mapped->page, error);
    if (ftruncate(mapped->fd, (off_t)part->size) < 0 ||
        (part->sealed && fcntl(mapped->fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0))
        return error_host(error, "%s: %s", part->option, g_strerror(errno));
    mapped->shared = part->share;
    return true;
}

static bool open_named(MappedPart *mapped, const MemoryPart *part, GError **error)
{
    bool nameless;
    struct stat status;
    mapped->fd = open_path(part->path, &nameless);
    if (mapped->fd < 0 || fstat(mapped->fd, &status) < 0)
        return wrong_errno(part, "open", error);
    // Nobody else has a nameless file, and a private mapping of it would cost a page cache, too.
    mapped->shared = part->share || nameless;
    return check_file(part, mapped->fd, &status, &mapped->page, error);
}

bool memory_part_open(MappedPart *mapped, const MemoryPart *part, GError **error)
{
    *mapped = (MappedPart){
        .fd = -1, .size = part->size, .page = (uint64_t)sysconf(_SC_PAGESIZE), .prealloc = part->prealloc
    };
    bool done = part->nameless ? open_nameless(mapped, part, error)
                : part->path   ? open_named(mapped, part, error)
                               : true;
    if (!done)
        memory_part_close(mapped);
    return done;
}

void memory_part_close(MappedPart *mapped)
{
    if (mapped->fd >= 0)
        close(mapped->fd);
    mapped->fd = -1;
}

// --- Mapping.

// Bytes that the host can give without ending some process, or UINT64_MAX where it does not say.
static uint64_t available_memory(void)
{
    g_autofree char *text = NULL;
    static const char *const fields[] = { "MemAvailable:", "SwapFree:" };
    uint64_t sum = 0;
    if (!g_file_get_contents("/proc/meminfo", &text, NULL, NULL))
        return UINT64_MAX;
    for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++) {
        const char *field = strstr(text, fields[i]);
        if (!field)
            return UINT64_MAX;
        sum += g_ascii_strtoull(field + strlen(fields[i]), NULL, 10) << 10;
    }
    return sum;
}

bool memory_part_is_huge(const MappedPart *mapped)
{
    return mapped->page > (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool no_room(const MemoryPart *part, const char *why, GError **error)
{
    return error_host(
        error, "%s: %" G_GUINT64_FORMAT " MiB of guest memory: %s", part->option, MIB(part->size), why);
}

// Huge pages were reserved by mmap(). Of others the kernel promises more than it has.
static bool preallocate(MappedPart *mapped, const MemoryPart *part, GError **error)
{
    uint64_t available = memory_part_is_huge(mapped) ? UINT64_MAX : available_memory();
    g_autofree char *why = NULL;
    int result = 0;
    if (available < mapped->size)
        why = g_strdup_printf("the host has %" G_GUINT64_FORMAT " MiB available, which is too little to "
                              "preallocate it (-mem-prealloc, prealloc=on); ask for less",
            MIB(available));
    else if ((result = in_parallel(mapped, populate)) < 0)
        why = g_strdup_printf(
            "preallocating it (-mem-prealloc, prealloc=on): %s; ask for less", g_strerror(-result));
    return !why || no_room(part, why, error);
}

// Pages come from there when they are first touched.
static bool place(const MappedPart *mapped, const MemoryPart *part, GError **error)
{
    static const int modes[] = {
        [PLACE_PREFERRED] = MPOL_PREFERRED, [PLACE_BOUND] = MPOL_BIND, [PLACE_INTERLEAVED] = MPOL_INTERLEAVE
    };
    if (part->place == PLACE_ANYWHERE ||
        syscall(SYS_mbind, mapped->host, mapped->size, modes[part->place], part->host_nodes,
            MEMORY_HOST_NODES + 1, 0) == 0) // the kernel takes one bit less
        return true;
    return error_host(error, "%s: policy=, host-nodes=: mbind: %s; give nodes that the host has memory in",
        part->option, g_strerror(errno));
}

bool memory_part_map(MappedPart *mapped, const MemoryPart *part, uint8_t *host, GError **error)
{
    bool huge = memory_part_is_huge(mapped);
    int flags = MAP_FIXED | (mapped->shared ? MAP_SHARED : MAP_PRIVATE) |
                (mapped->fd < 0 ? MAP_ANONYMOUS : 0) |
                (huge || part->reserve
                        ? 0
                        : MAP_NORESERVE); // huge pages that are short are an error now rather than a SIGBUS
    if (mmap(host, mapped->size, PROT_READ | PROT_WRITE, flags, mapped->fd, 0) == MAP_FAILED) {
        bool mixed = huge && errno == EBUSY;
        g_autofree char *why = g_strdup_printf("%s; %s", g_strerror(errno),
            mixed  ? "this host cannot mix sizes of pages: give all memory the same"
            : huge ? "make more huge pages (/proc/sys/vm/nr_hugepages) or ask for less"
                   : "ask for less");
        return no_room(part, why, error);
    }
    mapped->host = host;
    if (!huge)
        madvise(host, mapped->size, MADV_HUGEPAGE); // fewer faults and shorter walks where the host has them
    if (!part->dump)
        madvise(host, mapped->size, MADV_DONTDUMP);
    if (part->merge)
        madvise(host, mapped->size, MADV_MERGEABLE);
    if (!place(mapped, part, error))
        return false;
    return !mapped->prealloc || preallocate(mapped, part, error);
}

// Gives the pages back. False where that cannot be.
static bool discard(const MappedPart *part)
{
    if (part->shared)
        return fallocate(part->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)part->size) == 0;
    return madvise(part->host, part->size, MADV_DONTNEED) == 0;
}

uint64_t memory_part_hole(const MappedPart *part, uint64_t offset)
{
    if (!part->shared)
        return 0;
    off_t data = lseek(part->fd, (off_t)offset, SEEK_DATA);
    if (data < 0)
        return errno == ENXIO ? part->size - offset : 0;
    return MIN((uint64_t)data, part->size) - offset;
}

void memory_part_clear(MappedPart *part)
{
    if (part->prealloc || !discard(part))
        in_parallel(part, fill_with_zeros);
}
