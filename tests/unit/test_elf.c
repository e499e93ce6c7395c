// Loading kernels: ELF files of both byte orders, and broken ones of all kinds. The initrd behind them.
#include "kernel_image.h"
#include "lparun/boot.h"
#include "lparun/error.h"
#include "scratch_file.h"

#define RAM 0x800000ULL
#define ADDRESS 0x400000ULL

typedef struct Loading {
    char *path;
    ImageFile *file;
    GuestMemory *memory;
    Kernel kernel;
    GError *error;
    bool loaded;
} Loading;

static void load_at(Loading *loading, const Image *image, uint64_t address)
{
    *loading = (Loading){ .path = scratch_file(image->bytes, image->size) };
    loading->file = image_file_open("-kernel", loading->path, NULL);
    loading->memory = guest_memory_new(RAM, NULL);
    loading->loaded = elf_load(loading->file, loading->memory, address, &loading->kernel, &loading->error);
    g_assert_true(loading->loaded == !loading->error);
}

static void load_done(Loading *loading)
{
    g_clear_error(&loading->error);
    guest_memory_free(loading->memory);
    image_file_close(loading->file);
    scratch_remove(loading->path);
}

static void assert_bytes(const Loading *loading, uint64_t gpa, uint64_t length, uint8_t byte)
{
    const uint8_t *bytes = guest_memory_write_at(loading->memory, gpa, length);
    for (uint64_t i = 0; i < length; i++)
        g_assert_cmphex(bytes[i], ==, byte);
}

static void test_loads(gconstpointer big_endian)
{
    Image image;
    Loading loading;
    make_kernel(&image, big_endian);
    load_at(&loading, &image, ADDRESS);
    g_assert_no_error(loading.error);
    g_assert_cmphex(loading.kernel.address, ==, ADDRESS);
    g_assert_cmphex(loading.kernel.size, ==, 0x30000); // with bss
    g_assert_cmphex(loading.kernel.entry, ==, ADDRESS + 0x10);
    assert_bytes(&loading, 0, ADDRESS, 0);
    assert_bytes(&loading, ADDRESS, 0x800, 0x11);
    assert_bytes(&loading, ADDRESS + 0x800, 0x10000 - 0x800, 0);
    assert_bytes(&loading, ADDRESS + 0x10000, 0x900, 0x22);
    assert_bytes(&loading, ADDRESS + 0x10900, RAM - ADDRESS - 0x10900, 0);
    load_done(&loading);
}

// Segments in any order; where they overlap the later one wins, as it does when they are loaded one by one.
static void test_order_and_overlap(void)
{
    Image image;
    Loading loading;
    make_kernel(&image, false);
    put_segment(&image, 0, 0x2000, LINK + 0x1000, 0x900, 0x900);
    put_segment(&image, 2, 0x1000, LINK + 0x400, 0x800, 0x1000);
    PUT_HEADER(&image, e_entry, LINK + 0x1000);
    load_at(&loading, &image, 0);
    g_assert_no_error(loading.error);
    g_assert_cmphex(loading.kernel.entry, ==, 0xc00); // counted from the lowest segment
    g_assert_cmphex(loading.kernel.size, ==, 0x1500);
    assert_bytes(&loading, 0, 0x800, 0x11);
    assert_bytes(&loading, 0xc00, 0x900, 0x22);
    load_done(&loading);
    put_segment(&image, 2, 0x1000, LINK + 0xc00, 0x800, 0x800);
    load_at(&loading, &image, 0);
    g_assert_no_error(loading.error);
    assert_bytes(&loading, 0, 0x800, 0x11);
    assert_bytes(&loading, 0x800, 0x1900 - 0x1400, 0x22);
    load_done(&loading);
}

// A kernel that ends with RAM, and one byte more.
static void test_end_of_ram(void)
{
    Image image;
    Loading loading;
    make_kernel(&image, false);
    load_at(&loading, &image, RAM - 0x30000);
    g_assert_no_error(loading.error);
    load_done(&loading);
    load_at(&loading, &image, RAM - 0x30000 + 1);
    g_assert_error(loading.error, LPARUN_ERROR, LPARUN_ERROR_USER);
    g_assert_true(
        g_str_has_suffix(loading.error->message, ": does not fit into guest memory; give more with -m"));
    load_done(&loading);
}

// --- What is no kernel. Each is refused with the user's error that names option and file.

static void assert_refused(const Image *image, const char *why)
{
    Loading loading;
    load_at(&loading, image, ADDRESS);
    g_assert_error(loading.error, LPARUN_ERROR, LPARUN_ERROR_USER);
    g_autofree char *message = g_strdup_printf("-kernel %s: %s", loading.path, why);
    g_assert_cmpstr(loading.error->message, ==, message);
    load_done(&loading);
}

#define MEND "; give a POWER kernel (vmlinux, 64-bit ELF)"
#define TOO_LARGE "broken, or larger than guest memory; give more with -m"

static void test_other_files(void)
{
    Image image = { .size = 0 };
    assert_refused(&image, "not an ELF file" MEND);
    image.size = FILE_SIZE;
    assert_refused(&image, "not an ELF file" MEND);
    make_kernel(&image, false);
    image.bytes[0]++;
    assert_refused(&image, "not an ELF file" MEND);
    make_kernel(&image, false);
    image.size = sizeof(Elf64_Ehdr) - 1;
    assert_refused(&image, "not an ELF file" MEND);
    make_kernel(&image, false);
    PUT_HEADER(&image, e_machine, EM_X86_64);
    assert_refused(&image, "a kernel for another machine (ELF machine 62, class 2)" MEND);
    make_kernel(&image, true);
    PUT_HEADER(&image, e_machine, EM_PPC);
    image.bytes[EI_CLASS] = ELFCLASS32;
    assert_refused(&image, "a kernel for another machine (ELF machine 20, class 1)" MEND);
    make_kernel(&image, true);
    image.bytes[EI_CLASS] = ELFCLASS32;
    assert_refused(&image, "a kernel for another machine (ELF machine 21, class 1)" MEND);
}

static void test_types(void)
{
    static const unsigned none[] = { ET_NONE, ET_REL, ET_CORE, 0xffff };
    Image image;
    for (unsigned i = 0; i < G_N_ELEMENTS(none); i++) {
        make_kernel(&image, i % 2);
        PUT_HEADER(&image, e_type, none[i]);
        assert_refused(&image, "an ELF file, but no program" MEND);
    }
    Loading loading;
    PUT_HEADER(&image, e_type, ET_DYN);
    load_at(&loading, &image, ADDRESS);
    g_assert_no_error(loading.error);
    load_done(&loading);
}

static void test_broken_headers(void)
{
    Image image;
    make_kernel(&image, false);
    PUT_HEADER(&image, e_phentsize, sizeof(Elf64_Phdr) + 8);
    assert_refused(&image, "broken program headers" MEND);
    make_kernel(&image, false);
    PUT_HEADER(&image, e_phnum, 0xffff);
    assert_refused(&image, "broken program headers" MEND);
    make_kernel(&image, false);
    PUT_HEADER(&image, e_phnum, 0);
    assert_refused(&image, "nothing to load in it" MEND);
    make_kernel(&image, false);
    PUT_SEGMENT(&image, 0, p_type, PT_NULL);
    PUT_SEGMENT(&image, 2, p_type, PT_NULL);
    assert_refused(&image, "nothing to load in it" MEND);
    static const uint64_t offsets[] = { 0x3000, 0x2fff, 1ULL << 62, 1ULL << 63, UINT64_MAX, UINT64_MAX - 55 };
    for (unsigned i = 0; i < G_N_ELEMENTS(offsets); i++) {
        make_kernel(&image, i % 2);
        PUT_HEADER(&image, e_phoff, offsets[i]);
        assert_refused(&image, "the file is cut short" MEND);
    }
}

static void test_truncated(void)
{
    Image image;
    make_kernel(&image, false);
    image.size = 0x2800; // in the middle of the last segment
    assert_refused(&image, "the file is cut short");
    image.size = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr); // in the headers
    assert_refused(&image, "the file is cut short" MEND);
    static const uint64_t offsets[] = { 0x3000, 1ULL << 62, 1ULL << 63, UINT64_MAX };
    for (unsigned i = 0; i < G_N_ELEMENTS(offsets); i++) {
        Loading loading;
        make_kernel(&image, false);
        PUT_SEGMENT(&image, 2, p_offset, offsets[i]);
        load_at(&loading, &image, ADDRESS);
        g_assert_error(loading.error, LPARUN_ERROR, LPARUN_ERROR_USER);
        load_done(&loading);
    }
}

static void test_broken_segments(void)
{
    static const struct {
        uint64_t address, file_size, memory_size;
    } segments[] = {
        { LINK + 0x10000, 0x900, RAM + 1 },
        { LINK + 0x10000, 0x900, 1ULL << 63 },
        { LINK + 0x10000, 0x900, UINT64_MAX },
        { LINK + 0x10000, 0x900, 0x8ff }, // more in the file than in memory
        { LINK + 0x10000, UINT64_MAX, 0x900 },
        { LINK + RAM + 1, 0x900, 0x900 },
        { UINT64_MAX, 0x900, 0x900 },         // around the end
        { UINT64_MAX - 0x8ff, 0x900, 0x900 }, // ends at 0
        { 0, 0x900, 0x900 },                  // 12 EiB between the two
        { LINK - RAM - 1, 0x900, 0x900 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(segments); i++) {
        Image image;
        make_kernel(&image, i % 2);
        put_segment(&image, 2, 0x2000, segments[i].address, segments[i].file_size, segments[i].memory_size);
        assert_refused(&image, TOO_LARGE);
    }
}

static void test_entry_outside(void)
{
    static const uint64_t entries[] = { 0, LINK - 4, LINK + 0x30000, LINK + (1ULL << 40), UINT64_MAX };
    for (unsigned i = 0; i < G_N_ELEMENTS(entries); i++) {
        Image image;
        make_kernel(&image, i % 2);
        PUT_HEADER(&image, e_entry, entries[i]);
        assert_refused(&image, TOO_LARGE);
    }
}

// Bytes that anything may have written: no crash, and no write outside of RAM (the sanitizer sees those).
static void test_noise(void)
{
    for (unsigned round = 0; round < 300; round++) {
        Image image;
        Loading loading;
        make_kernel(&image, round % 2);
        for (unsigned i = 0; i < 4; i++)
            image.bytes[g_test_rand_int_range(EI_NIDENT, sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr))] =
                (uint8_t)g_test_rand_int();
        load_at(&loading, &image, ADDRESS);
        load_done(&loading);
    }
}

// --- The initrd: at (kernel end + 0x1ffff) & ~0xffff, below the limit (guest-interface 1.2).

static bool load_below(const ImageFile *file, GuestMemory *memory, uint64_t start, uint64_t limit,
    BootImages *boot, GError **error)
{
    const Room rooms[2] = { { start, limit }, { 0 } };
    return initrd_load(file, memory, rooms, boot, error);
}

static void test_initrd(void)
{
    Image image;
    make_kernel(&image, false);
    g_autoptr(GError) error = NULL;
    g_autoptr(GuestMemory) memory = guest_memory_new(RAM, NULL);
    char *path = scratch_file(image.bytes, 0x2345);
    ImageFile *file = image_file_open("-initrd", path, NULL);
    BootImages boot = { 0 };
    const uint64_t end = 0x523456; // the kernel's
    g_assert_true(load_below(file, memory, end, RAM, &boot, &error));
    g_assert_cmphex(boot.initrd, ==, 0x540000);
    g_assert_cmphex(boot.initrd_size, ==, 0x2345);
    g_assert_cmpmem(guest_memory_write_at(memory, 0x540000, 0x2345), 0x2345, image.bytes, 0x2345);
    g_assert_true(load_below(file, memory, end, 0x540000 + 0x2345, &boot, &error));
    g_assert_false(load_below(file, memory, end, 0x540000 + 0x2344, &boot, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
    g_assert_true(g_str_has_suffix(error->message,
        ": no room for its 9029 bytes: at most 9028 fit; give a smaller one, or more memory with -m"));
    static const uint64_t limits[] = { 0, 0x53ffff, 0x540000, UINT64_MAX };
    for (unsigned i = 0; i < G_N_ELEMENTS(limits); i++) {
        g_clear_error(&error);
        uint64_t start = limits[i] == UINT64_MAX ? RAM : end; // or no RAM there
        g_assert_false(load_below(file, memory, start, limits[i], &boot, &error));
        g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
    }
    image_file_close(file);
    scratch_remove(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/elf/loads/little-endian", NULL, test_loads);
    g_test_add_data_func("/elf/loads/big-endian", "big", test_loads);
    g_test_add_func("/elf/order-and-overlap", test_order_and_overlap);
    g_test_add_func("/elf/end-of-ram", test_end_of_ram);
    g_test_add_func("/elf/other-files", test_other_files);
    g_test_add_func("/elf/types", test_types);
    g_test_add_func("/elf/broken-headers", test_broken_headers);
    g_test_add_func("/elf/truncated", test_truncated);
    g_test_add_func("/elf/broken-segments", test_broken_segments);
    g_test_add_func("/elf/entry-outside", test_entry_outside);
    g_test_add_func("/elf/noise", test_noise);
    g_test_add_func("/elf/initrd", test_initrd);
    return g_test_run();
}
