// Files that are loaded into guest memory, and SLOF's image among them.
#include "lparun/bytes.h"
#include "lparun/error.h"
#include "lparun/firmware.h"
#include "scratch_file.h"
#include <sys/stat.h>

#define RAM 0x800000ULL

static void test_loads(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GuestMemory) memory = guest_memory_new(RAM, NULL);
    char *path = scratch_file("0123456789", 10);
    ImageFile *file = image_file_open("-kernel", path, NULL);
    g_assert_cmpuint(file->size, ==, 10);
    g_assert_cmpstr(file->option, ==, "-kernel");
    g_assert_cmpstr(file->path, ==, path);
    g_assert_true(image_file_load(file, 3, 4, memory, RAM - 4, &error));
    g_assert_cmpmem(guest_memory_at(memory, RAM - 4, 4), 4, "3456", 4);
    g_assert_true(image_file_load(file, 0, 10, memory, 0, &error));
    g_assert_true(image_file_load(file, 10, 0, memory, 0, &error));
    // It does not fit, or there is not as much.
    g_assert_false(image_file_load(file, 0, 10, memory, RAM - 9, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
    g_clear_error(&error);
    g_assert_false(image_file_load(file, 0, UINT64_MAX, memory, 0x1000, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
    g_clear_error(&error);
    g_assert_false(image_file_load(file, 1, 10, memory, 0, &error));
    g_autofree char *message = g_strdup_printf("-kernel %s: the file is cut short", path);
    g_assert_cmpstr(error->message, ==, message);
    g_clear_error(&error);
    g_assert_false(image_file_load(file, UINT64_MAX, 1, memory, 0, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
    image_file_close(file);
    scratch_remove(path);
    image_file_close(NULL);
}

// A file that shrinks after it was opened.
static void test_shrinks(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GuestMemory) memory = guest_memory_new(RAM, NULL);
    char *path = scratch_file("0123456789", 10);
    ImageFile *file = image_file_open("-initrd", path, NULL);
    g_assert_cmpint(truncate(path, 4), ==, 0);
    g_assert_false(image_file_load(file, 0, file->size, memory, 0, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
    image_file_close(file);
    scratch_remove(path);
}

static void assert_cannot_open(const char *path, const char *why)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(image_file_open("-bios", path, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
    g_autofree char *message = g_strdup_printf("-bios %s: %s; give a file that can be read", path, why);
    g_assert_cmpstr(error->message, ==, message);
}

static void test_cannot_open(void)
{
    assert_cannot_open("/nonexistent/slof.bin", "No such file or directory");
    assert_cannot_open("/tmp", "not a regular file");
    assert_cannot_open("/dev/null", "not a regular file");
    char *path = scratch_file("", 0);
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    alarm(10); // must not wait for someone who writes into it
    assert_cannot_open(path, "not a regular file");
    alarm(0);
    scratch_remove(path);
}

// --- SLOF: "magic123" at 28h, the length of the whole image, big-endian, at 30h.

typedef struct SlofCase {
    uint64_t length; // as the header has it
    size_t size;     // of the file
    const char *why; // NULL: it is one
} SlofCase;

static void test_slof(void)
{
    static const SlofCase cases[] = {
        { 0x1000, 0x1000, NULL },
        { 0xfff, 0x1000, NULL },
        { 0x1001, 0x1000, "the SLOF image is cut short" },
        { UINT64_MAX, 0x1000, "the SLOF image is cut short" },
        { 0x10000000000000, 0x1000, "the SLOF image is cut short" }, // 1000h in the wrong order
        { 0x400000, 0x400000, NULL },
        { 0x1000, 0x400001, "too large for a SLOF image (4 MiB)" },
        { 0x38, 0x38, NULL },
        { 0, 0x37, "not a SLOF image" },
        { 0, 0x20, "not a SLOF image" },
        { 0, 0, "not a SLOF image" },
    };
    g_autofree uint8_t *bytes = g_malloc0(0x500000);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        be64 length = be64_make(cases[i].length);
        memcpy(bytes + 0x28, "magic123", 8);
        memcpy(bytes + 0x30, &length, sizeof length);
        char *path = scratch_file(bytes, cases[i].size);
        ImageFile *file = image_file_open("-bios", path, NULL);
        g_assert_true(slof_check(file, &error) == !cases[i].why);
        if (cases[i].why) {
            g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
            g_autofree char *message =
                g_strdup_printf("-bios %s: %s; give a whole slof.bin", path, cases[i].why);
            g_assert_cmpstr(error->message, ==, message);
        }
        image_file_close(file);
        scratch_remove(path);
    }
}

static void test_slof_loads(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GuestMemory) memory = guest_memory_new(RAM, NULL);
    uint8_t bytes[0x200];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 5);
    char *path = scratch_file(bytes, sizeof bytes);
    ImageFile *file = image_file_open("-bios", path, NULL);
    g_assert_false(slof_check(file, &error)); // no magic
    g_assert_true(slof_load(file, memory, NULL));
    g_assert_cmpmem(guest_memory_at(memory, 0, sizeof bytes), sizeof bytes, bytes, sizeof bytes);
    image_file_close(file);
    scratch_remove(path);
}

// 2 MiB below the end of memory or 2 GiB (guest-interface 1.2).
static void test_tree_address(void)
{
    g_assert_cmphex(slof_tree_address(0x10000000), ==, 0xfe00000);
    g_assert_cmphex(slof_tree_address(0x80000000), ==, 0x7fe00000);
    g_assert_cmphex(slof_tree_address(1ULL << 40), ==, 0x7fe00000);
    g_assert_cmphex(SLOF_ENTRY, ==, 0x100);
    g_assert_cmphex(SLOF_OVERHEAD, ==, 0x2800000);
    g_assert_cmphex(KERNEL_ADDRESS, ==, 0x400000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/image-file/loads", test_loads);
    g_test_add_func("/image-file/shrinks", test_shrinks);
    g_test_add_func("/image-file/cannot-open", test_cannot_open);
    g_test_add_func("/slof/check", test_slof);
    g_test_add_func("/slof/loads", test_slof_loads);
    g_test_add_func("/slof/tree-address", test_tree_address);
    return g_test_run();
}
