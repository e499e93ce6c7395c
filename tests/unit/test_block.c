// Disk images with every engine and cache mode on a real file, and what cannot be opened.
#include "lparun/block.h"
#include "lparun/error.h"
#include <errno.h>
#include <glib/gstdio.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#define IMAGE_SIZE (8u << 20)

typedef struct Image {
    char *folder, *path;
} Image;

// In the build folder, as direct I/O does not work on every /tmp.
static void make_image(Image *image, gconstpointer data)
{
    g_autofree char *here = g_get_current_dir();
    image->folder = g_build_filename(here, "block-XXXXXX", NULL);
    g_assert_nonnull(g_mkdtemp(image->folder));
    image->path = g_build_filename(image->folder, "disk.img", NULL);
    g_autofree uint8_t *bytes = g_malloc(IMAGE_SIZE);
    for (unsigned i = 0; i < IMAGE_SIZE; i++)
        bytes[i] = (uint8_t)(i / 512 * 7 + i % 512);
    g_assert_true(g_file_set_contents(image->path, (char *)bytes, IMAGE_SIZE, NULL));
}

static void remove_image(Image *image, gconstpointer data)
{
    chmod(image->path, 0600);
    g_unlink(image->path);
    g_rmdir(image->folder);
    g_free(image->path);
    g_free(image->folder);
}

static uint8_t expected(uint64_t at)
{
    return (uint8_t)(at / 512 * 7 + at % 512);
}

typedef struct Job {
    BlockRequest request;
    struct iovec iov[16];
    atomic_bool done;
    int result;
} Job;

static void job_done(BlockRequest *request, int result)
{
    Job *job = (Job *)request;
    job->result = result;
    atomic_store(&job->done, true);
}

static int wait_job(Job *job)
{
    gint64 end = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;
    while (!atomic_load(&job->done)) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(20);
    }
    return job->result;
}

typedef struct Submission {
    Block *block;
    Job *jobs;
    unsigned count;
} Submission;

static void submit_jobs(void *owner)
{
    Submission *submission = owner;
    for (unsigned i = 0; i < submission->count; i++) {
        block_submit(submission->block, &submission->jobs[i].request);
        g_assert_false(atomic_load(&submission->jobs[i].done)); // never from within
    }
}

static void submit(Iothread *iothread, Block *block, Job *jobs, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        jobs[i].request.done = job_done;
        atomic_store(&jobs[i].done, false);
    }
    iothread_call(iothread, submit_jobs, &(Submission){ block, jobs, count });
}

static int run(Iothread *iothread, Block *block, BlockKind kind, uint64_t offset, void *bytes, size_t length)
{
    Job job = { .request = { .kind = kind, .offset = offset, .iov_count = length ? 1 : 0 },
        .iov = { { bytes, length } } };
    job.request.iov = job.iov;
    submit(iothread, block, &job, 1);
    return wait_job(&job);
}

// One buffer of the size, at `skew` bytes after a page's begin.
static uint8_t *make_buffer(void **base, size_t size, size_t skew)
{
    *base = g_aligned_alloc0(1, size + skew, 65536);
    return (uint8_t *)*base + skew;
}

static void check_reads(Iothread *iothread, Block *block, size_t skew)
{
    void *base;
    size_t length = 3 * 1024 * 1024 + 512; // more than the bounce buffer holds
    uint8_t *buffer = make_buffer(&base, length, skew);
    g_assert_cmpint(run(iothread, block, BLOCK_READ, 512, buffer, length), ==, 0);
    for (size_t i = 0; i < length; i++)
        g_assert_cmpuint(buffer[i], ==, expected(512 + i));
    // Many pieces of odd sizes.
    Job job = { .request = { .kind = BLOCK_READ, .offset = 4096, .iov_count = 4 },
        .iov = { { buffer, 100 }, { buffer + 1000, 1 }, { buffer + 2000, 923 }, { buffer + 4000, 512 } } };
    job.request.iov = job.iov;
    submit(iothread, block, &job, 1);
    g_assert_cmpint(wait_job(&job), ==, 0);
    g_assert_cmpuint(buffer[99], ==, expected(4096 + 99));
    g_assert_cmpuint(buffer[1000], ==, expected(4096 + 100));
    g_assert_cmpuint(buffer[2000 + 922], ==, expected(4096 + 1023));
    g_assert_cmpuint(buffer[4000 + 511], ==, expected(4096 + 1535));
    g_aligned_free(base);
}

static void check_writes(const Image *image, Iothread *iothread, Block *block, size_t skew)
{
    void *base;
    size_t length = 2 * 1024 * 1024 + 1536;
    uint8_t *buffer = make_buffer(&base, length, skew);
    for (size_t i = 0; i < length; i++)
        buffer[i] = (uint8_t)(i * 31 + skew);
    g_assert_cmpint(run(iothread, block, BLOCK_WRITE, 1024, buffer, length), ==, 0);
    g_assert_cmpint(run(iothread, block, BLOCK_FLUSH, 0, NULL, 0), ==, 0);
    g_autofree char *bytes = NULL;
    gsize size;
    g_assert_true(g_file_get_contents(image->path, &bytes, &size, NULL));
    g_assert_cmpuint(size, ==, IMAGE_SIZE);
    g_assert_cmpint(memcmp(bytes + 1024, buffer, length), ==, 0);
    g_assert_cmpuint((uint8_t)bytes[1023], ==, expected(1023));
    g_assert_cmpuint((uint8_t)bytes[1024 + length], ==, expected(1024 + length));
    g_aligned_free(base);
}

// Twice as many as any engine has slots, aligned and not.
static void check_many(Iothread *iothread, Block *block)
{
    enum { COUNT = 600 };
    Job *jobs = g_new0(Job, COUNT);
    void *base;
    uint8_t *buffer = make_buffer(&base, COUNT * 1024, 0);
    for (unsigned i = 0; i < COUNT; i++) {
        jobs[i].iov[0] = (struct iovec){ buffer + 1024 * i + (i % 3 ? 0 : 8), 512 };
        jobs[i].request = (BlockRequest){
            .kind = BLOCK_READ, .offset = 4u << 20 | 512 * i, .iov = jobs[i].iov, .iov_count = 1
        };
        if (i % 50 == 7)
            jobs[i].request = (BlockRequest){ .kind = BLOCK_FLUSH };
    }
    submit(iothread, block, jobs, COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        g_assert_cmpint(wait_job(&jobs[i]), ==, 0);
        if (i % 50 == 7)
            continue;
        uint8_t *bytes = buffer + 1024 * i + (i % 3 ? 0 : 8);
        g_assert_cmpuint(bytes[511], ==, expected((4u << 20 | 512 * i) + 511));
    }
    g_aligned_free(base);
    g_free(jobs);
}

typedef struct Mode {
    BlockCache cache;
    BlockAio aio;
} Mode;

// Skips the test where the host lacks what the mode needs, and only then.
static Block *open_mode(const Image *image, const Mode *mode, Iothread *iothread)
{
    GError *error = NULL;
    BlockOptions options = { .path = image->path, .cache = mode->cache, .aio = mode->aio };
    Block *block = block_open(&options, &error);
    if (block && !block_attach(block, iothread, &error)) {
        block_close(block);
        block = NULL;
    }
    if (block)
        return block;
    bool no_direct = strstr(error->message, "direct I/O") != NULL;
    bool no_ring = !iothread_has_ring(iothread) && strstr(error->message, "aio=io_uring") != NULL;
    bool no_slots = strstr(error->message, "event slots") != NULL; // qemu-user has no libaio
    if (!no_direct && !no_ring && !no_slots)
        g_error("%s", error->message);
    g_test_skip(error->message);
    g_error_free(error);
    return NULL;
}

static void test_mode(Image *image, gconstpointer data)
{
    const Mode *mode = data;
    Iothread *iothread = iothread_new("test", NULL);
    Block *block = open_mode(image, mode, iothread);
    if (block) {
        g_assert_cmpuint(block_size(block), ==, IMAGE_SIZE);
        g_assert_cmpstr(block_engine_name(block), ==, words_name(block_aio_words, (int)mode->aio));
        check_reads(iothread, block, 0);
        check_reads(iothread, block, 3);
        check_many(iothread, block);
        check_writes(image, iothread, block, 0);
        check_writes(image, iothread, block, 513);
        block_detach(block);
        block_close(block);
    }
    iothread_free(iothread);
}

static void check_error(const BlockOptions *options, const char *message)
{
    g_autoptr(GError) error = NULL;
    Block *block = block_open(options, &error);
    g_assert_null(block);
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
    g_autofree char *expect = g_strdup_printf(message, options->path);
    g_assert_cmpstr(error->message, ==, expect);
}

static void test_bad_words(Image *image, gconstpointer data)
{
    check_error(&(BlockOptions){ .path = image->path, .aio = BLOCK_AIO_NATIVE },
        "aio=native: works only past the page cache; add cache=none, or use aio=io_uring");
}

static void test_bad_files(Image *image, gconstpointer data)
{
    check_error(&(BlockOptions){ .path = image->folder },
        "file=%s: is a folder; give a raw disk image or a block device");
    check_error(&(BlockOptions){ .path = "/dev/null" },
        "file=%s: is no disk; give a raw disk image or a block device");
    g_autofree char *missing = g_build_filename(image->folder, "missing", NULL);
    check_error(
        &(BlockOptions){ .path = missing }, "file=%s: no such file; make one first (truncate -s 8G FILE)");
    g_autofree char *below = g_build_filename(image->path, "below", NULL);
    check_error(&(BlockOptions){ .path = below }, "file=%s: Not a directory");
    g_assert_cmpint(truncate(image->path, 0), ==, 0);
    check_error(
        &(BlockOptions){ .path = image->path }, "file=%s: is empty; make it larger (truncate -s 8G FILE)");
}

static void test_no_permission(Image *image, gconstpointer data)
{
    // Root may open anything, so nobody tries.
    uid_t user = geteuid();
    chmod(image->folder, 0755);
    chmod(image->path, 0);
    if ((user == 0 && seteuid(65534)) || access(image->folder, X_OK)) {
        g_test_skip("no user without permissions");
    } else {
        check_error(&(BlockOptions){ .path = image->path },
            "file=%s: cannot be opened to write: Permission denied; use readonly=on, or change that");
        check_error(&(BlockOptions){ .path = image->path, .readonly = true },
            "file=%s: cannot be opened to read: Permission denied");
    }
    g_assert_cmpint(seteuid(user), ==, 0);
}

static void test_lock(Image *image, gconstpointer data)
{
    BlockOptions writer = { .path = image->path }, reader = { .path = image->path, .readonly = true };
    Block *first = block_open(&writer, NULL);
    g_assert_nonnull(first);
    check_error(&writer, "file=%s: is in use by another process; end that one, or use a copy");
    check_error(
        &reader, "file=%s: is in use by another process; end that one, or open it readonly=on there too");
    block_close(first);
    first = block_open(&reader, NULL);
    Block *second = block_open(&reader, NULL);
    g_assert_true(first && second);
    check_error(&writer, "file=%s: is in use by another process; end that one, or use a copy");
    block_close(first);
    block_close(second);
}

static void test_size(Image *image, gconstpointer data)
{
    g_assert_cmpint(truncate(image->path, 512 * 5 + 511), ==, 0);
    Block *block = block_open(&(BlockOptions){ .path = image->path }, NULL);
    g_assert_cmpuint(block_size(block), ==, 512 * 6); // the last one is filled up with zeros
    g_assert_cmpstr(block_path(block), ==, image->path);
    block_close(block);
}

static void test_readonly(Image *image, gconstpointer data)
{
    Iothread *iothread = iothread_new("test", NULL);
    Block *block = block_open(&(BlockOptions){ .path = image->path, .readonly = true }, NULL);
    g_assert_true(block_readonly(block) && block_attach(block, iothread, NULL));
    uint8_t sector[512] = { 0 };
    g_assert_cmpint(run(iothread, block, BLOCK_WRITE, 0, sector, 512), ==, -EROFS);
    g_assert_cmpint(run(iothread, block, BLOCK_FLUSH, 0, NULL, 0), ==, 0);
    g_assert_cmpint(run(iothread, block, BLOCK_READ, 512, sector, 512), ==, 0);
    g_assert_cmpuint(sector[1], ==, expected(513));
    g_assert_cmpint(run(iothread, block, BLOCK_READ, 512, sector, 0), ==, 0);
    block_detach(block);
    block_close(block);
    iothread_free(iothread);
}

// The file becomes shorter under a running machine: an error for the guest, nothing worse.
static void test_cut_off(Image *image, gconstpointer data)
{
    const Mode *mode = data;
    Iothread *iothread = iothread_new("test", NULL);
    Block *block = open_mode(image, mode, iothread);
    if (block) {
        g_assert_cmpint(truncate(image->path, 8192), ==, 0);
        void *base;
        uint8_t *buffer = make_buffer(&base, 8192, 0);
        g_assert_cmpint(run(iothread, block, BLOCK_READ, 4096, buffer, 8192), ==, -EIO);
        g_assert_cmpint(run(iothread, block, BLOCK_READ, 4096, buffer, 4096), ==, 0);
        g_assert_cmpuint(buffer[513], ==, expected(4096 + 513));
        g_aligned_free(base);
        block_detach(block);
        block_close(block);
    }
    iothread_free(iothread);
}

// The rest of the last sector is zeros, and there once it was written.
static void test_tail(Image *image, gconstpointer data)
{
    Iothread *iothread = iothread_new("test", NULL);
    g_assert_cmpint(truncate(image->path, 1000), ==, 0);
    Block *block = open_mode(image, data, iothread);
    if (block) {
        void *base;
        uint8_t *buffer = make_buffer(&base, 1024, 0);
        g_assert_cmpuint(block_size(block), ==, 1024);
        memset(buffer, 0xff, 1024);
        g_assert_cmpint(run(iothread, block, BLOCK_READ, 0, buffer, 1024), ==, 0);
        for (unsigned i = 0; i < 1024; i++)
            g_assert_cmpuint(buffer[i], ==, i < 1000 ? expected(i) : 0);
        memset(buffer, 0xee, 512);
        g_assert_cmpint(run(iothread, block, BLOCK_WRITE, 512, buffer, 512), ==, 0);
        memset(buffer, 0, 512);
        g_assert_cmpint(run(iothread, block, BLOCK_READ, 512, buffer, 512), ==, 0);
        g_assert_cmpuint(buffer[511], ==, 0xee);
        struct stat status;
        g_assert_cmpint(stat(image->path, &status), ==, 0);
        g_assert_cmpint(status.st_size, ==, 1024);
        g_aligned_free(base);
        block_detach(block);
        block_close(block);
    }
    iothread_free(iothread);
}

static atomic_int lines;

static void count_line(const char *text)
{
    g_assert_nonnull(strstr(text, "disk.img: cannot read: "));
    atomic_fetch_add(&lines, 1);
}

// However often the host fails, the person hears of it once.
static void test_told_once(Image *image, gconstpointer data)
{
    Iothread *iothread = iothread_new("test", NULL);
    Block *block = open_mode(image, data, iothread);
    GPrintFunc before = g_set_printerr_handler(count_line);
    atomic_store(&lines, 0);
    if (block) {
        void *base;
        uint8_t *buffer = make_buffer(&base, 4096, 0);
        g_assert_cmpint(truncate(image->path, 0), ==, 0);
        for (unsigned i = 0; i < 3; i++)
            g_assert_cmpint(run(iothread, block, BLOCK_READ, 4096, buffer, 4096), ==, -EIO);
        g_assert_cmpint(atomic_load(&lines), ==, 1);
        g_aligned_free(base);
        block_detach(block);
        block_close(block);
    }
    g_set_printerr_handler(before);
    iothread_free(iothread);
}

static void add_mode(const char *name, const Mode *mode, void (*test)(Image *, gconstpointer))
{
    g_autofree char *path = g_strdup_printf("/block/%s/%s/%s", name,
        words_name(block_aio_words, (int)mode->aio), words_name(block_cache_words, (int)mode->cache));
    g_test_add(path, Image, mode, make_image, test, remove_image);
}

static void add(const char *path, void (*test)(Image *, gconstpointer))
{
    g_test_add(path, Image, NULL, make_image, test, remove_image);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    static const Mode modes[] = {
        { BLOCK_WRITEBACK, BLOCK_AIO_IO_URING },
        { BLOCK_NONE, BLOCK_AIO_IO_URING },
        { BLOCK_WRITETHROUGH, BLOCK_AIO_IO_URING },
        { BLOCK_DIRECTSYNC, BLOCK_AIO_IO_URING },
        { BLOCK_UNSAFE, BLOCK_AIO_IO_URING },
        { BLOCK_NONE, BLOCK_AIO_NATIVE },
        { BLOCK_DIRECTSYNC, BLOCK_AIO_NATIVE },
        { BLOCK_WRITEBACK, BLOCK_AIO_THREADS },
        { BLOCK_NONE, BLOCK_AIO_THREADS },
        { BLOCK_WRITETHROUGH, BLOCK_AIO_THREADS },
        { BLOCK_DIRECTSYNC, BLOCK_AIO_THREADS },
        { BLOCK_UNSAFE, BLOCK_AIO_THREADS },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
        add_mode("mode", &modes[i], test_mode);
        add_mode("cut-off", &modes[i], test_cut_off);
        add_mode("tail", &modes[i], test_tail);
        add_mode("told-once", &modes[i], test_told_once);
    }
    add("/block/bad-words", test_bad_words);
    add("/block/bad-files", test_bad_files);
    add("/block/no-permission", test_no_permission);
    add("/block/lock", test_lock);
    add("/block/size", test_size);
    add("/block/readonly", test_readonly);
    return g_test_run();
}
