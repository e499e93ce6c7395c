// The ways into the guest: where each puts what the guest starts from, and what does not fit.
#include "kernel_image.h"
#include "lparun/boot.h"
#include "lparun/error.h"
#include "scratch_file.h"

#define MIB 0x100000ULL
#define KERNEL_SIZE 0x30000 // make_kernel()'s, with bss

typedef struct Fixture {
    char *bios, *kernel, *initrd; // paths
    BootFiles files;
    GuestMemory *memory;
    BootImages boot;
    GError *error;
} Fixture;

static const uint8_t slof[0x100] = { [0x80] = 0x5f };

static void set_up(Fixture *fixture, gconstpointer big_endian)
{
    Image image;
    make_kernel(&image, big_endian);
    fixture->bios = scratch_file(slof, sizeof slof);
    fixture->kernel = scratch_file(image.bytes, image.size);
    fixture->initrd = scratch_file("cpio", 4);
    fixture->files = (BootFiles){ .bios = image_file_open("-bios", fixture->bios, NULL),
        .kernel = image_file_open("-kernel", fixture->kernel, NULL),
        .initrd = image_file_open("-initrd", fixture->initrd, NULL) };
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    boot_files_close(&fixture->files);
    g_clear_pointer(&fixture->memory, guest_memory_free);
    g_clear_error(&fixture->error);
    scratch_remove(fixture->bios);
    scratch_remove(fixture->kernel);
    scratch_remove(fixture->initrd);
}

// The initrd with `size` bytes, of which the file system stores few.
static void grow_initrd(Fixture *fixture, uint64_t size)
{
    g_assert_cmpint(truncate(fixture->initrd, (off_t)size), ==, 0);
    fixture->files.initrd->size = size;
}

// Fresh memory of `size` bytes, of which `real` can be reached in real mode.
static bool load(Fixture *fixture, const BootWay *way, uint64_t size, uint64_t real)
{
    g_clear_pointer(&fixture->memory, guest_memory_free);
    g_clear_error(&fixture->error);
    fixture->memory = guest_memory_new(size, NULL);
    fixture->boot = (BootImages){ .rtas = 0x1234, .functions = true }; // of an earlier load
    bool loaded = way->load(&fixture->files, fixture->memory, real, &fixture->boot, &fixture->error);
    g_assert_true(loaded == !fixture->error);
    return loaded;
}

static void assert_at(Fixture *fixture, uint64_t gpa, const void *bytes, unsigned length)
{
    g_assert_cmpint(memcmp(guest_memory_write_at(fixture->memory, gpa, length), bytes, length), ==, 0);
}

static void assert_refused(Fixture *fixture, const char *words)
{
    g_assert_error(fixture->error, LPARUN_ERROR, LPARUN_ERROR_USER);
    if (!strstr(fixture->error->message, words))
        g_error("%s", fixture->error->message);
}

// --- SLOF: itself at 0, the kernel at 4 MiB, the tree 2 MiB below the end or 2 GiB (guest-interface 1.2).

static void test_slof(Fixture *fixture, gconstpointer data)
{
    g_assert_true(load(fixture, &boot_slof, 256 * MIB, 256 * MIB));
    g_assert_cmphex(fixture->boot.entry, ==, 0x100);
    g_assert_cmphex(fixture->boot.tree, ==, 254 * MIB);
    g_assert_cmphex(fixture->boot.tree_room, ==, 2 * MIB);
    g_assert_cmphex(fixture->boot.kernel.address, ==, 4 * MIB);
    g_assert_cmphex(fixture->boot.kernel.size, ==, KERNEL_SIZE);
    g_assert_cmphex(fixture->boot.initrd, ==, (4 * MIB + KERNEL_SIZE + 0x1ffff) & ~0xffffULL);
    g_assert_cmphex(fixture->boot.rtas, ==, 0);
    g_assert_false(fixture->boot.functions);
    assert_at(fixture, 0, slof, sizeof slof);
    assert_at(fixture, fixture->boot.initrd, "cpio", 4);
    g_assert_true(load(fixture, &boot_slof, 4096 * MIB, 4096 * MIB));
    g_assert_cmphex(fixture->boot.tree, ==, 2046 * MIB);
    g_assert_true(load(fixture, &boot_slof, 4096 * MIB, 512 * MIB));
    g_assert_cmphex(fixture->boot.tree, ==, 510 * MIB);
    grow_initrd(fixture, 220 * MIB); // SLOF needs 40 MiB below its tree
    g_assert_false(load(fixture, &boot_slof, 256 * MIB, 256 * MIB));
    assert_refused(fixture,
        "no room for its 230686720 bytes: at most 219938816 fit; give a smaller one, or more memory");
}

// Where an initrd of `size` bytes goes, by SLOF. Its file has fewer, which is found when it has its place.
static uint64_t place_initrd(Fixture *fixture, uint64_t memory, uint64_t size)
{
    fixture->files.initrd->size = size;
    g_assert_false(load(fixture, &boot_slof, memory, memory));
    assert_refused(fixture, "the file is cut short");
    return fixture->boot.initrd;
}

// Linux needs room below 768 MiB, above the initrd or beside it. What an error says to fit does.
static void test_slof_large_initrd(Fixture *fixture, gconstpointer data)
{
    const uint64_t start = (4 * MIB + KERNEL_SIZE + 0x1ffff) & ~0xffffULL, low = 752 * MIB - start;
    static const uint64_t memories[] = { 1024 * MIB, 2048 * MIB, 8192 * MIB };
    for (unsigned i = 0; i < G_N_ELEMENTS(memories); i++) {
        uint64_t memory = memories[i], top = MIN(memory, 2048 * MIB) - 42 * MIB;
        uint64_t most = MAX(low, top - 0x30010000);
        g_assert_cmphex(place_initrd(fixture, memory, low), ==, start);
        g_assert_cmphex(place_initrd(fixture, memory, most), ==, most == low ? start : 0x30010000);
        g_assert_cmphex(fixture->boot.initrd + most, <=, top);
        fixture->files.initrd->size = most + 1;
        g_assert_false(load(fixture, &boot_slof, memory, memory));
        g_autofree char *words = g_strdup_printf("at most %" G_GUINT64_FORMAT " fit", most);
        assert_refused(fixture, words);
    }
}

static void test_slof_alone(Fixture *fixture, gconstpointer data)
{
    g_clear_pointer(&fixture->files.kernel, image_file_close);
    g_clear_pointer(&fixture->files.initrd, image_file_close);
    g_assert_true(load(fixture, &boot_slof, 256 * MIB, 256 * MIB));
    g_assert_cmphex(fixture->boot.kernel.size, ==, 0);
    g_assert_cmphex(fixture->boot.initrd_size, ==, 0);
}

// --- Direct: the kernel at 0; RTAS and the tree below it at the end of the real mode area, or 768 MiB.

static const uint8_t stub[] = { 0x7c, 0x64, 0x1b, 0x78, 0x38, 0x60, 0, 0, 0x60, 0x63, 0xf0, 0, 0x44, 0, 0,
    0x22, 0x4e, 0x80, 0, 0x20 };

static void test_direct(Fixture *fixture, gconstpointer data)
{
    static const struct {
        uint64_t memory, real, rtas;
    } cases[] = {
        { 256 * MIB, 256 * MIB, 256 * MIB - RTAS_ROOM }, { 4096 * MIB, 4096 * MIB, 768 * MIB - RTAS_ROOM },
        { 4096 * MIB, 64 * MIB, 64 * MIB - RTAS_ROOM }, // hashed
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_true(load(fixture, &boot_direct, cases[i].memory, cases[i].real));
        g_assert_cmphex(fixture->boot.entry, ==, 0x10);
        g_assert_cmphex(fixture->boot.rtas, ==, cases[i].rtas);
        g_assert_cmphex(fixture->boot.tree, ==, cases[i].rtas - 2 * MIB);
        g_assert_cmphex(fixture->boot.tree_room, ==, 2 * MIB);
        g_assert_cmphex(fixture->boot.kernel.size, ==, 0); // nobody shall start it, nor keep its memory
        g_assert_cmphex(fixture->boot.initrd, ==, (KERNEL_SIZE + 0x1ffff) & ~0xffff);
        g_assert_cmphex(fixture->boot.initrd_size, ==, 4);
        g_assert_true(fixture->boot.functions);
        assert_at(fixture, fixture->boot.rtas, stub, sizeof stub);
        assert_at(fixture, fixture->boot.initrd, "cpio", 4);
    }
    static const uint8_t text = 0x11;
    assert_at(fixture, 0, &text, 1);
    g_clear_pointer(&fixture->files.initrd, image_file_close);
    g_assert_true(load(fixture, &boot_direct, 256 * MIB, 256 * MIB));
    g_assert_cmphex(fixture->boot.initrd_size, ==, 0);
}

// An initrd that the gap below the tree cannot take goes above RTAS.
static void test_large_initrd(Fixture *fixture, gconstpointer data)
{
    const uint64_t tree = 64 * MIB - RTAS_ROOM - 2 * MIB;
    grow_initrd(fixture, tree - ((KERNEL_SIZE + 0x1ffff) & ~0xffffULL));
    g_assert_true(load(fixture, &boot_direct, 256 * MIB, 64 * MIB));
    g_assert_cmphex(fixture->boot.initrd, <, tree);
    g_assert_cmphex(fixture->boot.initrd + fixture->boot.initrd_size, <=, tree);
    grow_initrd(fixture, tree - ((KERNEL_SIZE + 0x1ffff) & ~0xffffULL) + 1);
    g_assert_true(load(fixture, &boot_direct, 256 * MIB, 64 * MIB));
    g_assert_cmphex(fixture->boot.initrd, >=, 64 * MIB);
    grow_initrd(fixture, 192 * MIB);
    g_assert_false(load(fixture, &boot_direct, 256 * MIB, 64 * MIB));
    assert_refused(fixture, "no room");
    fixture->files.initrd->size = UINT64_MAX / 2; // no file has that
    g_assert_false(load(fixture, &boot_direct, 256 * MIB, 256 * MIB));
    assert_refused(fixture, "no room");
}

// A kernel that reaches into the tree or beyond memory, by either way.
static void test_large_kernel(Fixture *fixture, gconstpointer data)
{
    static const uint64_t sizes[] = { 62 * MIB, 64 * MIB, 255 * MIB, 256 * MIB }; // of data, 64 KiB up
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        Image image;
        make_kernel(&image, false);
        PUT_SEGMENT(&image, 2, p_memsz, sizes[i]);
        g_assert_true(g_file_set_contents(fixture->kernel, (char *)image.bytes, (gssize)image.size, NULL));
        image_file_close(fixture->files.kernel);
        fixture->files.kernel = image_file_open("-kernel", fixture->kernel, NULL);
        g_assert_false(load(fixture, &boot_direct, 256 * MIB, 64 * MIB));
        assert_refused(fixture, sizes[i] < 256 * MIB ? "no room for it below" : "give more with -m");
        g_assert_false(load(fixture, &boot_slof, 256 * MIB, 64 * MIB));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, big_endian, test)                                                                          \
    g_test_add("/boot-ways/" name, Fixture, big_endian, set_up, test, tear_down)
    ADD("slof", NULL, test_slof);
    ADD("slof-large-initrd", NULL, test_slof_large_initrd);
    ADD("slof-alone", NULL, test_slof_alone);
    ADD("direct/little-endian", NULL, test_direct);
    ADD("direct/big-endian", "big", test_direct);
    ADD("direct/large-initrd", NULL, test_large_initrd);
    ADD("direct/large-kernel", NULL, test_large_kernel);
    return g_test_run();
}
