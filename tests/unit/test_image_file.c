// Files that are loaded into guest memory, and SLOF's image among them.
#include "lparun/boot.h"
#include "lparun/bytes.h"
#include "lparun/error.h"
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
    g_assert_cmpmem(guest_memory_write_at(memory, RAM - 4, 4), 4, "3456", 4);
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

// As much as several threads load.
static void test_large(void)
{
    enum { SIZE = 20 << 20, AT = 0x1003 };
    g_autoptr(GError) error = NULL;
    g_autoptr(GuestMemory) memory = guest_memory_new(SIZE + RAM, NULL);
    g_autofree char *bytes = g_malloc(SIZE);
    for (unsigned i = 0; i < SIZE; i++)
        bytes[i] = (char)(i * 2654435761U >> 24);
    char *path = scratch_file(bytes, SIZE);
    ImageFile *file = image_file_open("-kernel", path, NULL);
    g_assert_true(image_file_load(file, 5, SIZE - 5, memory, AT, &error));
    g_assert_cmpmem(guest_memory_write_at(memory, AT, SIZE - 5), SIZE - 5, bytes + 5, SIZE - 5);
    g_assert_cmpint(*(char *)guest_memory_write_at(memory, AT + SIZE - 5, 1), ==, 0);
    g_assert_cmpint(truncate(path, SIZE - 1), ==, 0);
    g_assert_false(image_file_load(file, 5, SIZE - 5, memory, AT, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
    image_file_close(file);
    scratch_remove(path);
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

// --- Firmware: SLOF has "magic123" at 28h and the length of the whole image, big-endian, at 30h; others have
// nothing.

typedef struct FirmwareCase {
    const char *mark;
    uint64_t length; // as the header has it
    size_t size;     // of the file
    const char *why; // NULL: it is one
} FirmwareCase;

#define SHORT "too short for a firmware that is entered at 0x100; give a whole slof.bin"
#define CUT "the SLOF image is cut short; give a whole slof.bin"

static void test_firmware(void)
{
    static const FirmwareCase cases[] = {
        { "magic123", 0x1000, 0x1000, NULL },
        { "magic123", 0xfff, 0x1000, NULL },
        { "magic123", 0x1001, 0x1000, CUT },
        { "magic123", UINT64_MAX, 0x1000, CUT },
        { "magic123", 0x10000000000000, 0x1000, CUT }, // 1000h in the wrong order
        { "magic123", 0x400000, 0x400000, NULL },
        { "magic123", 0x1000, 0x400001, "too large for a SLOF image (4 MiB); give a whole slof.bin" },
        { "magic123", 0, 0x103, SHORT },
        { "magic123", 0, 0, SHORT },
        { "any bytes", 0, 0x104, NULL },
        { "any bytes", 0, 0x3fffff, NULL },
        { "any bytes", 0, 0x103, SHORT },
        { "any bytes", 0, 0x400000,
            "neither SLOF nor a flat image of less than 4 MiB; give a whole slof.bin" },
        { "\177ELF", 0, 0x1000, "an ELF file, and not a flat image for address 0; give a kernel by -kernel" },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree uint8_t *bytes = g_malloc0(0x500000);
        be64 length = be64_make(cases[i].length);
        bool is_elf = cases[i].mark[0] == 0x7f;
        memcpy(bytes + (is_elf ? 0 : 0x28), cases[i].mark, is_elf ? 4 : 8);
        memcpy(bytes + 0x30, &length, sizeof length);
        char *path = scratch_file(bytes, cases[i].size);
        ImageFile *file = boot_slof.open(path, &error);
        g_assert_true(!file == !!cases[i].why);
        if (cases[i].why) {
            g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
            g_autofree char *message = g_strdup_printf("-bios %s: %s", path, cases[i].why);
            g_assert_cmpstr(error->message, ==, message);
        }
        image_file_close(file);
        scratch_remove(path);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/image-file/loads", test_loads);
    g_test_add_func("/image-file/large", test_large);
    g_test_add_func("/image-file/shrinks", test_shrinks);
    g_test_add_func("/image-file/cannot-open", test_cannot_open);
    g_test_add_func("/image-file/firmware", test_firmware);
    return g_test_run();
}
