// Guest memory: what is RAM and what is not, down to the last byte and around the end of the address space;
// and where it comes from.
#include "lparun/error.h"
#include "lparun/memory.h"
#include "scratch_file.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE 0x20000ULL

static void test_ranges(void)
{
    g_autoptr(GuestMemory) memory = guest_memory_new(SIZE, NULL);
    static const struct {
        uint64_t gpa, length;
        bool is_ram;
    } ranges[] = {
        { 0, 1, true },
        { 0, SIZE, true },
        { SIZE - 1, 1, true },
        { 0x1000, SIZE - 0x1000, true },
        { 0, SIZE + 1, false },
        { SIZE, 1, false },
        { SIZE - 1, 2, false },
        { 0x1000, UINT64_MAX, false },         // wraps
        { 0x1000, UINT64_MAX - 0xfff, false }, // ends at 0
        { UINT64_MAX, 1, false },
        { UINT64_MAX, 2, false },
        { UINT64_MAX - 7, 8, false },
        { 1ULL << 60, 8, false },
        { 0, UINT64_MAX, false },
        // Nothing is answered as if it were a byte.
        { 0, 0, true },
        { SIZE - 1, 0, true },
        { SIZE, 0, false },
    };
    const uint8_t *host = guest_memory_write_at(memory, 0, SIZE);
    g_assert_nonnull(host);
    g_assert_cmpuint(guest_memory_size(memory), ==, SIZE);
    for (unsigned i = 0; i < G_N_ELEMENTS(ranges); i++) {
        const uint8_t *at = guest_memory_write_at(memory, ranges[i].gpa, ranges[i].length);
        g_assert_true(at == (ranges[i].is_ram ? host + ranges[i].gpa : NULL));
    }
}

static void test_all_or_nothing(void)
{
    g_autoptr(GuestMemory) memory = guest_memory_new(SIZE, NULL);
    char bytes[16] = "fifteen letters", back[16] = "untouched";
    g_assert_true(guest_memory_write(memory, SIZE - 16, bytes, 16));
    g_assert_false(guest_memory_write(memory, SIZE - 15, "XXXXXXXXXXXXXXX", 16));
    g_assert_false(guest_memory_read(memory, SIZE - 15, back, 16));
    g_assert_cmpstr(back, ==, "untouched");
    g_assert_true(guest_memory_read(memory, SIZE - 16, back, 16));
    g_assert_cmpstr(back, ==, "fifteen letters");
}

static void test_clear(void)
{
    g_autoptr(GuestMemory) memory = guest_memory_new(SIZE, NULL);
    uint8_t *host = guest_memory_write_at(memory, 0, SIZE);
    for (uint64_t i = 0; i < SIZE; i++)
        g_assert_cmpuint(host[i], ==, 0);
    memset(host, 0xa5, SIZE);
    guest_memory_clear(memory);
    g_assert_true(guest_memory_write_at(memory, 0, SIZE) == host);
    for (uint64_t i = 0; i < SIZE; i++)
        g_assert_cmpuint(host[i], ==, 0);
}

static void test_no_room(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(guest_memory_new(1ULL << 62, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    g_assert_true(g_str_has_prefix(error->message, "-m: 4398046511104 MiB of guest memory: "));
    g_assert_true(g_str_has_suffix(error->message, "; ask for less"));
}

// --- Parts.

#define MIB (1ULL << 20)

// Does the host have a page for every byte of it?
static bool is_backed(const GuestMemory *memory)
{
    uint64_t size = guest_memory_size(memory), pages = size / (uint64_t)sysconf(_SC_PAGESIZE);
    g_autofree unsigned char *there = g_malloc(pages);
    g_assert_cmpint(mincore(guest_memory_write_at(memory, 0, size), size, there), ==, 0);
    for (uint64_t i = 0; i < pages; i++)
        if (!(there[i] & 1))
            return false;
    return true;
}

// qemu-user takes MADV_POPULATE_WRITE, says that it is done, and does nothing.
static bool can_populate(void)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char there = 0;
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert_true(page != MAP_FAILED);
    if (madvise(page, size, MADV_POPULATE_WRITE) == 0)
        g_assert_cmpint(mincore(page, size, &there), ==, 0);
    munmap(page, size);
    return there & 1;
}

static void assert_zeros(const GuestMemory *memory)
{
    uint64_t size = guest_memory_size(memory);
    const uint8_t *host = guest_memory_write_at(memory, 0, size);
    g_assert_true(host[0] == 0 && memcmp(host, host + 1, size - 1) == 0);
}

// Writes to both ends, and clears.
static void check_clear(GuestMemory *memory)
{
    uint64_t size = guest_memory_size(memory);
    assert_zeros(memory);
    g_assert_true(guest_memory_write(memory, 0, "first", 5));
    g_assert_true(guest_memory_write(memory, size - 4, "last", 4));
    guest_memory_clear(memory);
    assert_zeros(memory);
}

// A huge page of the host's can be one of the guest's.
static void test_aligned(void)
{
    for (unsigned i = 0; i < 8; i++) {
        g_autoptr(GuestMemory) memory = guest_memory_new((i + 1) * 3 * MIB, NULL);
        g_assert_cmphex((uintptr_t)guest_memory_write_at(memory, 0, 1) % (2 * MIB), ==, 0);
        check_clear(memory);
    }
}

static void test_prealloc(void)
{
    MemoryPart part = { .option = "-m", .size = 130 * MIB };
    g_autoptr(GuestMemory) lazy = guest_memory_new_of(&part, 1, NULL);
    g_assert_false(is_backed(lazy));
    part.prealloc = true;
    g_autoptr(GuestMemory) memory = guest_memory_new_of(&part, 1, NULL);
    if (!can_populate()) {
        g_test_skip("MADV_POPULATE_WRITE does nothing here, as under qemu-user");
        return;
    }
    g_assert_true(is_backed(memory));
    g_assert_true(guest_memory_write(memory, 0, "first", 5));
    guest_memory_clear(memory);
    g_assert_true(is_backed(memory)); // as was promised, after a reset too; reading would back it anyway
    assert_zeros(memory);
}

static void test_prealloc_too_much(void)
{
#ifdef __SANITIZE_THREAD__
    g_test_skip("ThreadSanitizer leaves no room for so many addresses");
    return;
#endif
    const MemoryPart part = { .option = "-m", .size = 1ULL << 44, .prealloc = true };
    g_autoptr(GError) error = NULL;
    g_assert_null(guest_memory_new_of(&part, 1, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    g_assert_true(g_str_has_prefix(error->message, "-m: 16777216 MiB of guest memory: the host has "));
    g_assert_true(g_str_has_suffix(error->message,
        " MiB available, which is too little to preallocate it (-mem-prealloc, prealloc=on); ask for less"));
}

static unsigned entries(const char *folder)
{
    g_autoptr(GDir) directory = g_dir_open(folder, 0, NULL);
    unsigned count = 0;
    while (g_dir_read_name(directory))
        count++;
    return count;
}

static void test_folder(void)
{
    g_autofree char *folder = g_dir_make_tmp("lparun-test-XXXXXX", NULL);
    MemoryPart part = { .option = "-mem-path", .size = 4 * MIB, .path = folder };
    for (unsigned i = 0; i < 2; i++, part.prealloc = true) {
        g_autoptr(GuestMemory) memory = guest_memory_new_of(&part, 1, NULL);
        g_assert_nonnull(memory);
        g_assert_cmpuint(entries(folder), ==, 0); // nothing is left behind, whatever ends lparun
        g_assert_true(is_backed(memory) == part.prealloc || i == 0 || !can_populate());
        check_clear(memory);
    }
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

// A file by its name: made when there is none; others see the guest's memory in it with share=on, and only
// then.
static void test_file(void)
{
    g_autofree char *folder = g_dir_make_tmp("lparun-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "ram", NULL);
    MemoryPart part = { .option = "-mem-path", .size = 4 * MIB, .path = path };
    for (unsigned i = 0; i < 2; i++, part.share = true) {
        g_autoptr(GuestMemory) memory = guest_memory_new_of(&part, 1, NULL);
        g_assert_nonnull(memory);
        check_clear(memory);
        g_assert_true(guest_memory_write(memory, 4 * MIB - 5, "hello", 5));
        g_autofree char *bytes = NULL;
        gsize length;
        g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
        g_assert_cmpuint(length, ==, 4 * MIB);
        g_assert_cmpmem(bytes + length - 5, 5, part.share ? "hello" : "\0\0\0\0\0", 5);
        guest_memory_clear(memory);
        g_clear_pointer(&bytes, g_free);
        g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
        g_assert_true(bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0);
    }
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

// What the kernel says of the mapping that has `address`: a field of its part of /proc/self/smaps (g_free).
static char *mapping_says(const void *address, const char *field)
{
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents("/proc/self/smaps", &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
    bool inside = false;
    for (char **line = lines; *line; line++) {
        unsigned long long start, end;
        if (sscanf(*line, "%llx-%llx ", &start, &end) == 2)
            inside = start <= (uintptr_t)address && (uintptr_t)address < end;
        if (inside && (field ? g_str_has_prefix(*line, field) : true))
            return g_strdup(*line);
    }
    return NULL;
}

// -object memory-backend-memfd, and a shared memory-backend-ram: a file that nobody can name.
static void test_nameless(void)
{
    for (unsigned i = 0; i < 2; i++) {
        const MemoryPart part = { .option = "o", .size = 4 * MIB, .nameless = true, .share = i, .sealed = i };
        g_autoptr(GError) error = NULL;
        g_autoptr(GuestMemory) memory = guest_memory_new_of(&part, 1, &error);
        g_assert_no_error(error);
        check_clear(memory);
        g_autofree char *mapping = mapping_says(guest_memory_read_at(memory, 0, 1), NULL);
        g_assert_nonnull(strstr(mapping, "/memfd:lparun-memory"));
        g_assert_nonnull(strstr(mapping, i ? " rw-s " : " rw-p "));
    }
}

static bool can_advise(void)
{
    void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(page, 4096, MADV_DONTDUMP);
    g_autofree char *flags = mapping_says(page, "VmFlags:");
    munmap(page, 4096);
    return strstr(flags, " dd ");
}

// In a core dump, or one of pages that are the same, only where that was asked for. Of a host's node if it
// says so.
static void test_advice(void)
{
    for (unsigned i = 0; i < 2; i++) {
        const MemoryPart part = { .option = "o",
            .size = 4 * MIB,
            .dump = i,
            .merge = i,
            .reserve = i,
            .place = i ? PLACE_PREFERRED : PLACE_ANYWHERE,
            .host_nodes = { 1 } };
        g_autoptr(GError) error = NULL;
        g_autoptr(GuestMemory) memory = guest_memory_new_of(&part, 1, &error);
        if (g_error_matches(error, LPARUN_ERROR, LPARUN_ERROR_HOST) &&
            strstr(error->message, "mbind: Function not")) {
            g_test_skip("a kernel without nodes");
            return;
        }
        g_assert_no_error(error);
        if (!can_advise()) {
            g_test_skip("MADV_DONTDUMP does nothing here, as under qemu-user");
            return;
        }
        g_autofree char *flags = mapping_says(guest_memory_read_at(memory, 0, 1), "VmFlags:");
        g_assert_cmpint(strstr(flags, " dd ") == NULL, ==, i);
    }
    const MemoryPart nowhere = {
        .option = "o", .size = MIB, .place = PLACE_BOUND, .host_nodes = { 0, 1ULL << 63 }
    };
    g_autoptr(GError) error = NULL;
    g_assert_null(guest_memory_new_of(&nowhere, 1, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    g_assert_true(g_str_has_prefix(error->message, "o: policy=, host-nodes=: mbind: "));
}

static void assert_wrong(const char *path, uint64_t size, const char *message)
{
    const MemoryPart part = { .option = "-mem-path", .size = size, .path = path };
    g_autoptr(GError) error = NULL;
    g_assert_null(guest_memory_new_of(&part, 1, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
    if (!g_pattern_match_simple(message, error->message))
        g_error("%s", error->message);
}

// What is the user's stays as it is.
static void test_wrong_path(void)
{
    char *path = scratch_file("my data", 7);
    g_autofree char *bytes = NULL;
    gsize length;
    assert_wrong(
        path, MIB, "-mem-path: there is data in that file; give an empty one, a new name or a folder");
    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    g_assert_cmpuint(length, ==, 7);
    g_assert_cmpstr(bytes, ==, "my data");
    scratch_remove(path);
    assert_wrong("/dev/null", MIB, "-mem-path: neither a folder nor a file; give one of them");
    assert_wrong("/no/such/folder", MIB,
        "-mem-path: open: No such file or directory; give a folder or a file that can be written");
    assert_wrong(g_get_tmp_dir(), 1ULL << 62,
        "-mem-path: 4398046511104 MiB of memory do not fit in the * MiB that are free there; ask for less");
}

// Parts lie one behind the other; each keeps its own ways.
static void test_parts(void)
{
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "lparun-test-part", NULL);
    const MemoryPart parts[] = {
        { .option = "a", .size = 3 * MIB },
        { .option = "b", .size = MIB, .path = path, .share = true },
        { .option = "c", .size = 2 * MIB, .prealloc = true },
    };
    g_unlink(path);
    g_autoptr(GuestMemory) memory = guest_memory_new_of(parts, 3, NULL);
    g_assert_cmpuint(guest_memory_size(memory), ==, 6 * MIB);
    g_assert_true(guest_memory_write(memory, 3 * MIB - 2, "1234", 4)); // across the first border
    g_assert_true(guest_memory_write(memory, 4 * MIB - 2, "5678", 4));
    g_autofree char *bytes = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    g_assert_cmpuint(length, ==, MIB);
    g_assert_cmpmem(bytes, 2, "34", 2);
    g_assert_cmpmem(bytes + MIB - 2, 2, "56", 2);
    guest_memory_clear(memory);
    assert_zeros(memory);
    g_assert_cmpint(g_unlink(path), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory/ranges", test_ranges);
    g_test_add_func("/memory/all-or-nothing", test_all_or_nothing);
    g_test_add_func("/memory/clear", test_clear);
    g_test_add_func("/memory/no-room", test_no_room);
    g_test_add_func("/memory/aligned", test_aligned);
    g_test_add_func("/memory/prealloc", test_prealloc);
    g_test_add_func("/memory/prealloc-too-much", test_prealloc_too_much);
    g_test_add_func("/memory/folder", test_folder);
    g_test_add_func("/memory/file", test_file);
    g_test_add_func("/memory/nameless", test_nameless);
    g_test_add_func("/memory/advice", test_advice);
    g_test_add_func("/memory/wrong-path", test_wrong_path);
    g_test_add_func("/memory/parts", test_parts);
    return g_test_run();
}
