// Files with holes: what is in them, what goes wrong, and that a part of one does not stay.
#include "lparun/sparse_file.h"
#include "lparun/thread.h"
#include "scratch_file.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define BLOCK (64 << 10)
#define SIZE (40 * BLOCK + 100) // more than two pieces, and no whole blocks

// Zeros but for two blocks, the last of them at the end.
static uint8_t *some_bytes(void)
{
    uint8_t *bytes = g_malloc0(SIZE);
    bytes[20 * BLOCK + 5] = 1;
    bytes[SIZE - 1] = 2;
    return bytes;
}

static void assert_content(const char *path, const uint8_t *bytes, size_t size)
{
    g_autofree char *content = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(path, &content, &length, NULL));
    g_assert_cmpuint(length, ==, size);
    g_assert_true(memcmp(content, bytes, size) == 0);
}

static void test_holes(void)
{
    g_autofree uint8_t *bytes = some_bytes();
    char *folder = scratch_folder();
    g_autofree char *path = g_build_filename(folder, "file", NULL);
    SparseFile *file = sparse_file_create(path, NULL);
    g_assert_cmpint(sparse_file_write(file, bytes, SIZE), ==, 0);
    g_assert_cmpint(sparse_file_end(file, 0), ==, 0);
    assert_content(path, bytes, SIZE);
    struct stat made;
    g_assert_cmpint(stat(path, &made), ==, 0);
    g_assert_cmpuint((unsigned)made.st_blocks * 512, <, 8 * BLOCK);
    g_assert_cmpuint(made.st_mode & 0777, ==, 0600); // a guest's secrets
    scratch_remove_folder(folder);
}

// The end of a file is where its bytes end, zeros or not.
static void test_zeros_at_the_end(void)
{
    g_autofree uint8_t *bytes = g_malloc0(SIZE);
    char *path = scratch_file("before", 6);
    SparseFile *file = sparse_file_create(path, NULL);
    bytes[0] = 1;
    g_assert_cmpint(sparse_file_write(file, bytes, BLOCK), ==, 0);
    g_assert_cmpint(sparse_file_zeros(file, SIZE - BLOCK), ==, 0);
    g_assert_cmpint(sparse_file_end(file, 0), ==, 0);
    assert_content(path, bytes, SIZE);
    scratch_remove(path);
}

// A file of someone else's that has bytes where ours go keeps none of them.
static void test_no_hole_over_bytes(void)
{
    g_autofree uint8_t *before = g_malloc(SIZE), *bytes = some_bytes();
    memset(before, 0xff, SIZE);
    char *path = scratch_file(before, SIZE);
    SparseFile *file = sparse_file_of(open(path, O_WRONLY | O_CLOEXEC));
    g_assert_cmpint(sparse_file_write(file, bytes, 21 * BLOCK), ==, 0);
    g_assert_cmpint(sparse_file_zeros(file, SIZE - 21 * BLOCK - 1), ==, 0);
    g_assert_cmpint(sparse_file_end(file, 0), ==, 0);
    bytes[SIZE - 1] = 0xff;
    assert_content(path, bytes, SIZE);
    scratch_remove(path);
}

// In a file that all is appended to a seek means nothing.
static void test_appended(void)
{
    g_autofree uint8_t *bytes = some_bytes();
    char *path = scratch_file("", 0);
    SparseFile *file = sparse_file_of(open(path, O_WRONLY | O_APPEND | O_CLOEXEC));
    g_assert_cmpint(sparse_file_write(file, bytes, SIZE), ==, 0);
    g_assert_cmpint(sparse_file_end(file, 0), ==, 0);
    assert_content(path, bytes, SIZE);
    scratch_remove(path);
}

static void test_cannot_create(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(sparse_file_create("/nonexistent/core", &error));
    g_assert_cmpstr(error->message, ==, "Could not create '/nonexistent/core': No such file or directory");
}

static void test_full(void)
{
    SparseFile *file = sparse_file_create("/dev/full", NULL);
    g_assert_cmpint(sparse_file_write(file, "bytes", 5), ==, -ENOSPC);
    g_assert_cmpint(sparse_file_end(file, -ENOSPC), ==, -ENOSPC);
    g_assert_cmpint(g_access("/dev/full", F_OK), ==, 0); // no file that was made here
}

typedef struct Limited {
    const char *path;
    uint8_t *bytes;
    int written, ended;
} Limited;

// All signals are blocked in such a thread, SIGXFSZ among them.
static void write_limited(void *owner)
{
    Limited *limited = owner;
    SparseFile *file = sparse_file_create(limited->path, NULL);
    limited->written = sparse_file_write(file, limited->bytes, SIZE);
    limited->ended = sparse_file_end(file, limited->written);
}

// A part of a file is not left behind.
static void test_too_large(void)
{
    g_autofree uint8_t *bytes = some_bytes();
    char *folder = scratch_folder();
    g_autofree char *path = g_build_filename(folder, "file", NULL);
    struct rlimit before, limit;
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = 21 * BLOCK;
    setrlimit(RLIMIT_FSIZE, &limit);
    Limited limited = { .path = path, .bytes = bytes };
    thread_join(thread_start(THREAD_SAVE, "save", write_limited, &limited, NULL));
    setrlimit(RLIMIT_FSIZE, &before);
    g_assert_cmpint(limited.written, ==, -EFBIG);
    g_assert_cmpint(limited.ended, ==, -EFBIG);
    g_assert_cmpint(g_access(path, F_OK), <, 0);
    scratch_remove_folder(folder);
}

// What came in its place is not removed.
static void test_another_in_its_place(void)
{
    char *folder = scratch_folder();
    g_autofree char *path = g_build_filename(folder, "file", NULL);
    SparseFile *file = sparse_file_create(path, NULL);
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_true(g_file_set_contents(path, "other", 5, NULL));
    sparse_file_cancel(file);
    g_assert_cmpint(sparse_file_write(file, "bytes", 5), ==, -ECANCELED);
    g_assert_cmpint(sparse_file_end(file, 0), ==, -ECANCELED);
    assert_content(path, (const uint8_t *)"other", 5);
    scratch_remove_folder(folder);
}

typedef struct Pipe {
    SparseFile *file;
    uint8_t *bytes;
    int result;
} Pipe;

static void write_pipe(void *owner)
{
    Pipe *data = owner;
    data->result = sparse_file_write(data->file, data->bytes, SIZE);
}

// To a pipe go zeros, too.
static void test_pipe(void)
{
    g_autofree uint8_t *bytes = some_bytes(), *read_bytes = g_malloc(SIZE);
    int ends[2];
    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    Pipe data = { .file = sparse_file_of(ends[1]), .bytes = bytes };
    Thread *thread = thread_start(THREAD_SAVE, "save", write_pipe, &data, NULL);
    for (size_t at = 0; at < SIZE;) {
        ssize_t length = read(ends[0], read_bytes + at, SIZE - at);
        g_assert_cmpint(length, >, 0);
        at += (size_t)length;
    }
    thread_join(thread);
    g_assert_cmpint(data.result, ==, 0);
    g_assert_cmpint(sparse_file_end(data.file, 0), ==, 0);
    g_assert_true(memcmp(bytes, read_bytes, SIZE) == 0);
    close(ends[0]);
}

// A reader that does not read holds nobody up for good.
static void test_stuck_pipe(void)
{
    g_autofree uint8_t *bytes = some_bytes();
    int ends[2];
    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    Pipe data = { .file = sparse_file_of(ends[1]), .bytes = bytes };
    Thread *thread = thread_start(THREAD_SAVE, "save", write_pipe, &data, NULL);
    sparse_file_cancel(data.file);
    thread_join(thread);
    g_assert_cmpint(data.result, ==, -ECANCELED);
    sparse_file_end(data.file, data.result);
    close(ends[0]);
}

static void test_no_reader(void)
{
    char *folder = scratch_folder();
    g_autofree char *path = g_build_filename(folder, "fifo", NULL);
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    g_assert_null(sparse_file_create(path, &error));
    g_assert_nonnull(error);
    scratch_remove_folder(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sparse-file/holes", test_holes);
    g_test_add_func("/sparse-file/zeros-at-the-end", test_zeros_at_the_end);
    g_test_add_func("/sparse-file/no-hole-over-bytes", test_no_hole_over_bytes);
    g_test_add_func("/sparse-file/appended", test_appended);
    g_test_add_func("/sparse-file/cannot-create", test_cannot_create);
    g_test_add_func("/sparse-file/full", test_full);
    g_test_add_func("/sparse-file/too-large", test_too_large);
    g_test_add_func("/sparse-file/another-in-its-place", test_another_in_its_place);
    g_test_add_func("/sparse-file/pipe", test_pipe);
    g_test_add_func("/sparse-file/stuck-pipe", test_stuck_pipe);
    g_test_add_func("/sparse-file/no-reader", test_no_reader);
    return g_test_run();
}
