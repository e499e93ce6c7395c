// Guest memory that goes to a file: what is written, what is nowhere, and an end before the end.
#include "lparun/memory_save.h"
#include "scratch_file.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define RAM (8 << 20)

typedef struct Fixture {
    GuestMemory *memory;
    char *folder, *path;
    bool done;
    int result;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->memory = guest_memory_new(RAM, NULL);
    fixture->folder = scratch_folder();
    fixture->path = g_build_filename(fixture->folder, "saved", NULL);
    fixture->done = false;
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    guest_memory_free(fixture->memory);
    scratch_remove_folder(fixture->folder);
    g_free(fixture->path);
    g_assert_false(g_main_context_pending(NULL));
}

static void on_done(void *owner, int result)
{
    Fixture *fixture = owner;
    g_assert_false(fixture->done);
    fixture->done = true;
    fixture->result = result;
}

// Returns what it comes to.
static int save(Fixture *fixture, const SaveSource *source, uint64_t *written)
{
    SparseFile *file = sparse_file_create(fixture->path, NULL);
    MemorySave *saving = memory_save_start(source, file, on_done, fixture, NULL);
    g_assert_nonnull(saving);
    while (!fixture->done)
        g_main_context_iteration(NULL, TRUE);
    *written = memory_save_written(saving);
    memory_save_free(saving);
    return fixture->result;
}

static void test_all(Fixture *fixture, gconstpointer data)
{
    GByteArray *head = g_byte_array_new();
    g_byte_array_append(head, (const guint8 *)"head", 4);
    const SaveSource source = {
        .memory = fixture->memory, .head = head, .address = 0x1000, .length = RAM - 0x1000
    };
    uint64_t written;
    g_assert_true(guest_memory_write(fixture->memory, 0x1000, "first", 5));
    g_assert_true(guest_memory_write(fixture->memory, RAM - 4, "last", 4));
    g_assert_cmpint(save(fixture, &source, &written), ==, 0);
    g_assert_cmpuint(written, ==, RAM - 0x1000);
    g_autofree char *content = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(fixture->path, &content, &length, NULL));
    g_assert_cmpuint(length, ==, RAM - 0x1000 + 4);
    g_assert_true(memcmp(content, "headfirst", 10) == 0);
    g_assert_true(memcmp(content + length - 4, "last", 4) == 0);
}

// Pages of two sizes that lie backwards, and none from 0x30000 on.
static bool find(void *owner, uint64_t address, uint64_t *gpa, uint64_t *length)
{
    uint64_t page = address / 0x10000;
    *gpa = 0x500000 - page * 0x10000 + address % 0x10000;
    *length = MIN(*length, 0x10000 - address % 0x10000);
    return page < 3;
}

static void test_addresses(Fixture *fixture, gconstpointer data)
{
    const SaveSource source = { .memory = fixture->memory, .address = 0x1fff0, .length = 0x20, .find = find };
    uint64_t written;
    g_assert_true(guest_memory_write(fixture->memory, 0x4ffff0, "0123456789abcdef", 16));
    g_assert_true(guest_memory_write(fixture->memory, 0x4e0000, "ghijklmnopqrstuv", 16));
    g_assert_cmpint(save(fixture, &source, &written), ==, 0);
    g_autofree char *content = NULL;
    g_assert_true(g_file_get_contents(fixture->path, &content, NULL, NULL));
    g_assert_cmpstr(content, ==, "0123456789abcdefghijklmnopqrstuv");
}

static void test_nowhere(Fixture *fixture, gconstpointer data)
{
    const SaveSource source = { .memory = fixture->memory, .address = 0x2fff0, .length = 0x20, .find = find };
    uint64_t written;
    g_assert_cmpint(save(fixture, &source, &written), ==, -EFAULT);
    g_assert_cmpuint(written, ==, 16);
    g_assert_cmpint(g_access(fixture->path, F_OK), <, 0);
}

static void test_beyond_memory(Fixture *fixture, gconstpointer data)
{
    const SaveSource source = { .memory = fixture->memory, .address = RAM - 0x1000, .length = 0x1001 };
    uint64_t written;
    g_assert_cmpint(save(fixture, &source, &written), ==, -EFAULT);
}

// Memory of a file's, of which nothing was touched, is not read: that would make it the host's.
static void test_untouched(Fixture *fixture, gconstpointer data)
{
    const char *backing = "/dev/shm"; // tmpfs, where a page that is read is one that is there
    const MemoryPart part = { .option = "-mem-path", .size = RAM, .path = backing };
    guest_memory_free(fixture->memory);
    fixture->memory = guest_memory_new_of(&part, 1, NULL);
    g_assert_true(guest_memory_write(fixture->memory, 5 << 20, "touched", 7));
    const SaveSource source = { .memory = fixture->memory, .length = RAM };
    uint64_t written;
    g_assert_cmpint(save(fixture, &source, &written), ==, 0);
    g_assert_cmpuint(written, ==, RAM);
    g_autofree char *content = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(fixture->path, &content, &length, NULL));
    g_assert_cmpuint(length, ==, RAM);
    g_assert_cmpstr(content + (5 << 20), ==, "touched");
    g_assert_cmpuint(guest_memory_hole(fixture->memory, 0), ==, 5 << 20);
    g_assert_cmpuint(guest_memory_hole(fixture->memory, 5 << 20), ==, 0);
    g_assert_cmpuint(guest_memory_hole(fixture->memory, 6 << 20), ==, 2 << 20);
}

// What is in a file of whose pages the guest has its own (share=off) is not what the guest has.
static void test_private(Fixture *fixture, gconstpointer data)
{
    g_autofree char *backing = g_build_filename(fixture->folder, "memory", NULL);
    const MemoryPart part = { .option = "-mem-path", .size = RAM, .path = backing };
    guest_memory_free(fixture->memory);
    fixture->memory = guest_memory_new_of(&part, 1, NULL);
    g_assert_true(guest_memory_write(fixture->memory, 5 << 20, "touched", 7));
    const SaveSource source = { .memory = fixture->memory, .address = 5 << 20, .length = 7 };
    uint64_t written;
    g_assert_cmpint(save(fixture, &source, &written), ==, 0);
    g_autofree char *content = NULL;
    g_assert_true(g_file_get_contents(fixture->path, &content, NULL, NULL));
    g_assert_cmpstr(content, ==, "touched");
}

// To a reader that does not read, and freed meanwhile: nobody hears of its end.
static void test_freed(Fixture *fixture, gconstpointer data)
{
    const SaveSource source = { .memory = fixture->memory, .length = RAM };
    int ends[2];
    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    MemorySave *saving = memory_save_start(&source, sparse_file_of(ends[1]), on_done, fixture, NULL);
    g_assert_nonnull(saving);
    memory_save_free(saving);
    g_assert_false(g_main_context_iteration(NULL, FALSE));
    g_assert_false(fixture->done);
    close(ends[0]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/memory-save/all", Fixture, NULL, set_up, test_all, tear_down);
    g_test_add("/memory-save/addresses", Fixture, NULL, set_up, test_addresses, tear_down);
    g_test_add("/memory-save/nowhere", Fixture, NULL, set_up, test_nowhere, tear_down);
    g_test_add("/memory-save/beyond-memory", Fixture, NULL, set_up, test_beyond_memory, tear_down);
    g_test_add("/memory-save/untouched", Fixture, NULL, set_up, test_untouched, tear_down);
    g_test_add("/memory-save/private", Fixture, NULL, set_up, test_private, tear_down);
    g_test_add("/memory-save/freed", Fixture, NULL, set_up, test_freed, tear_down);
    return g_test_run();
}
