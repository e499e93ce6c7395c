// What a disk image may be: other formats are known by what they begin or end with, files by their kind, and
// others by their locks; and what is written to a snapshot.
#include "lparun/block.h"
#include "lparun/error.h"
#include "scratch_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#define SIZE (1u << 20)

// In the build folder, as direct I/O does not work on every /tmp.
typedef struct Image {
    char *folder, *path;
} Image;

static void make_image(Image *image, gconstpointer data)
{
    g_autofree char *here = g_get_current_dir();
    image->folder = g_build_filename(here, "images-XXXXXX", NULL);
    g_assert_nonnull(g_mkdtemp(image->folder));
    image->path = g_build_filename(image->folder, "disk.img", NULL);
    g_autofree char *bytes = g_malloc0(SIZE);
    g_assert_true(g_file_set_contents(image->path, bytes, SIZE, NULL));
}

static void remove_image(Image *image, gconstpointer data)
{
    chmod(image->path, 0600);
    g_free(image->path);
    scratch_remove_folder(image->folder);
}

static void put(const Image *image, off_t at, const char *bytes, size_t length)
{
    int fd = open(image->path, O_RDWR);
    g_assert_cmpint(pwrite(fd, bytes, length, at), ==, (ssize_t)length);
    g_assert_cmpint(close(fd), ==, 0);
}

static void check_opens(const BlockOptions *options)
{
    g_autoptr(GError) error = NULL;
    Block *block = block_open(options, &error);
    g_assert_no_error(error);
    block_close(block);
}

static void check_refused(const BlockOptions *options, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(block_open(options, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
    g_autofree char *expect = g_strdup_printf("file=%s: %s", options->path, message);
    g_assert_cmpstr(error->message, ==, expect);
}

// --- Other formats.

static const struct {
    const char *name;
    off_t at; // below 0: from the end
    const char *bytes;
    unsigned length;
} formats[] = {
    { "qcow2", 0, "QFI\xfb\0\0\0\3", 8 },
    { "qcow2", 0, "QFI\xfb\0\0\0\1", 8 }, // the first version of it
    { "qed", 0, "QED\0", 4 },
    { "vmdk", 0, "KDMV\1\0\0\0", 8 },
    { "vmdk", 0, "COWD", 4 },
    { "vmdk", 0, "# Disk DescriptorFile\nversion=1\n", 32 },
    { "vdi", 64, "\x7f\x10\xda\xbe", 4 },
    { "vhd", 0, "conectix", 8 },
    { "vhd", -512, "conectix", 8 },
    { "vhdx", 0, "vhdxfile", 8 },
    { "parallels", 0, "WithoutFreeSpace", 16 },
    { "parallels", 0, "WithouFreSpacExt", 16 },
    { "bochs", 0, "Bochs Virtual HD Image", 22 },
    { "cloop", 0, "#!/bin/sh\n#V2.0 Format\n", 23 },
    { "dmg", -512, "koly\0\0\0\4", 8 },
};

static void test_formats(Image *image, gconstpointer data)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(formats); i++) {
        const char nothing[64] = { 0 };
        off_t at = formats[i].at < 0 ? SIZE + formats[i].at : formats[i].at;
        g_autofree char *why = g_strdup_printf(
            "is a %s image, which a guest would overwrite as a raw disk; convert it (qemu-img "
            "convert -O raw FILE NEW), or add force-raw=on if a guest itself wrote that",
            formats[i].name);
        put(image, at, formats[i].bytes, formats[i].length);
        check_refused(&(BlockOptions){ .path = image->path }, why);
        check_refused(&(BlockOptions){ .path = image->path, .content = BLOCK_CONTENT_RAW }, why);
        check_refused(&(BlockOptions){ .path = image->path, .readonly = true }, why);
        check_opens(&(BlockOptions){ .path = image->path, .content = BLOCK_CONTENT_ANY });
        put(image, at, nothing, formats[i].length);
        check_opens(&(BlockOptions){ .path = image->path });
        put(image, at + 1, formats[i].bytes, formats[i].length); // elsewhere it means nothing
        check_opens(&(BlockOptions){ .path = image->path });
        put(image, at + 1, nothing, formats[i].length);
    }
}

// Guests encrypt whole disks.
static void test_encrypted(Image *image, gconstpointer data)
{
    put(image, 0, "LUKS\xba\xbe\0\2", 8);
    check_refused(&(BlockOptions){ .path = image->path },
        "is encrypted (LUKS); add format=raw if the guest is to decrypt it");
    check_opens(&(BlockOptions){ .path = image->path, .content = BLOCK_CONTENT_RAW });
    check_opens(&(BlockOptions){ .path = image->path, .content = BLOCK_CONTENT_ANY });
}

// Past the page cache reads ask for alignment; and a file may be shorter than what is looked at.
static void test_small_and_direct(Image *image, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    put(image, 0, "QFI\xfb", 4);
    for (unsigned sectors = 9; sectors <= 9; sectors -= 4) {
        g_assert_cmpint(truncate(image->path, 512 * sectors), ==, 0);
        g_assert_null(block_open(&(BlockOptions){ .path = image->path }, NULL));
        g_clear_error(&error);
        g_assert_null(block_open(&(BlockOptions){ .path = image->path, .cache = BLOCK_NONE }, &error));
        if (strstr(error->message, "direct I/O"))
            g_test_skip(error->message);
        else
            g_assert_nonnull(strstr(error->message, "qcow2"));
    }
    g_assert_cmpint(truncate(image->path, 3), ==, 0);
    check_opens(&(BlockOptions){ .path = image->path });
}

// --- Kinds of files.

static void test_kinds(Image *image, gconstpointer data)
{
    check_opens(&(BlockOptions){ .path = image->path, .file = BLOCK_REGULAR_FILE });
    check_refused(
        &(BlockOptions){ .path = image->path, .file = BLOCK_DEVICE_FILE }, "is no device; give driver=file");
}

static void test_auto_readonly(Image *image, gconstpointer data)
{
    uid_t user = geteuid();
    chmod(image->folder, 0755);
    chmod(image->path, 0444);
    if ((user == 0 && seteuid(65534)) || access(image->path, R_OK)) {
        g_test_skip("no user without permissions");
    } else {
        const BlockOptions options = { .path = image->path, .auto_readonly = true };
        Block *block = block_open(&options, NULL);
        g_assert_true(block && block_readonly(block));
        block_close(block);
        check_refused(&(BlockOptions){ .path = image->path },
            "cannot be opened to write: Permission denied; use readonly=on, or change that");
    }
    g_assert_cmpint(seteuid(user), ==, 0);
    chmod(image->path, 0600);
    Block *block = block_open(&(BlockOptions){ .path = image->path, .auto_readonly = true }, NULL);
    g_assert_true(block && !block_readonly(block));
    block_close(block);
}

static void test_locks(Image *image, gconstpointer data)
{
    const BlockOptions alone = { .path = image->path }, readonly = { .path = image->path, .readonly = true },
                       shared = { .path = image->path, .lock = BLOCK_LOCK_SHARED },
                       none = { .path = image->path, .lock = BLOCK_LOCK_NONE };
    Block *first = block_open(&alone, NULL);
    g_assert_nonnull(first);
    g_assert_null(block_open(&shared, NULL));
    check_opens(&none);
    block_close(first);
    first = block_open(&shared, NULL);
    g_assert_nonnull(first);
    check_opens(&shared);
    check_opens(&readonly);
    g_assert_null(block_open(&alone, NULL));
    block_close(first);
    first = block_open(&none, NULL);
    check_opens(&alone);
    block_close(first);
}

// --- Requests.

typedef struct Job {
    BlockRequest request;
    struct iovec iov;
    Block *block;
    atomic_int result; // 1: not done
} Job;

static void done(BlockRequest *request, int result)
{
    atomic_store(&((Job *)request)->result, result);
}

static void submit(void *owner)
{
    Job *job = owner;
    block_submit(job->block, &job->request);
}

static int await(Iothread *iothread, Job *job)
{
    atomic_store(&job->result, 1);
    iothread_call(iothread, submit, job);
    gint64 end = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;
    while (atomic_load(&job->result) == 1) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(20);
    }
    return atomic_load(&job->result);
}

static int run(Iothread *iothread, Block *block, BlockKind kind, uint64_t offset, void *bytes, size_t length)
{
    Job job = { .request = { .kind = kind, .offset = offset, .iov_count = length ? 1 : 0, .done = done },
        .iov = { bytes, length },
        .block = block };
    job.request.iov = &job.iov;
    return await(iothread, &job);
}

static void test_zeros(Image *image, gconstpointer data)
{
    static const BlockAio engines[] = { BLOCK_AIO_DEFAULT, BLOCK_AIO_THREADS };
    for (unsigned i = 0; i < G_N_ELEMENTS(engines); i++) {
        const BlockOptions options = {
            .file = BLOCK_ZEROS, .bytes = SIZE + 5, .aio = engines[i], .cache = BLOCK_DIRECTSYNC
        };
        g_autoptr(GError) error = NULL;
        Iothread *iothread = iothread_new("test", NULL);
        Block *block = block_open(&options, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(block_size(block), ==, SIZE);
        g_assert_cmpstr(block_path(block), ==, "null-co://");
        g_assert_true(block_attach(block, iothread, NULL));
        uint8_t bytes[1024];
        memset(bytes, 0x5a, sizeof bytes);
        g_assert_cmpint(run(iothread, block, BLOCK_WRITE, 512, bytes, sizeof bytes), ==, 0);
        g_assert_cmpint(run(iothread, block, BLOCK_FLUSH, 0, NULL, 0), ==, 0);
        g_assert_cmpint(run(iothread, block, BLOCK_READ, SIZE - sizeof bytes, bytes, sizeof bytes), ==, 0);
        for (unsigned k = 0; k < sizeof bytes; k++)
            g_assert_cmpuint(bytes[k], ==, 0);
        g_assert_false(block_grow(block, 2 * SIZE, &error));
        g_assert_cmpstr(error->message, ==, "it is no file");
        block_detach(block);
        block_close(block);
        iothread_free(iothread);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(block_open(&(BlockOptions){ .file = BLOCK_ZEROS, .bytes = 511 }, &error));
    g_assert_cmpstr(error->message, ==, "size: less than a sector of 512 bytes; give more");
}

// --- Snapshots.

// Each sector has its number and what wrote it last.
static void fill(uint8_t *bytes, unsigned first, unsigned count, uint8_t who)
{
    for (unsigned i = 0; i < count; i++) {
        memset(bytes + 512 * i, who, 512);
        bytes[512 * i] = (uint8_t)(first + i);
    }
}

// A write or a read of any size at any place, whose bytes are those of a copy in memory.
static void check_transfer(Iothread *iothread, Block *block, uint8_t *copy, unsigned step)
{
    enum { SECTORS = SIZE / 512 };
    bool all = step % 50 == 49, writes = step % 2 == 0; // all: over whatever was written
    unsigned first = all ? 0 : (unsigned)g_test_rand_int_range(0, SECTORS);
    unsigned most = all ? SECTORS : MIN(SECTORS - first, 64);
    unsigned count = all ? SECTORS : (unsigned)g_test_rand_int_range(1, (int)most + 1);
    g_autofree uint8_t *bytes = g_malloc0(512 * count);
    if (writes) {
        fill(copy + 512 * first, first, count, (uint8_t)(step + 2));
        memcpy(bytes, copy + 512 * first, 512 * count);
    }
    BlockKind kind = writes ? BLOCK_WRITE : BLOCK_READ;
    g_assert_cmpint(run(iothread, block, kind, 512 * first, bytes, 512 * count), ==, 0);
    g_assert_cmpmem(bytes, 512 * count, copy + 512 * first, 512 * count);
}

static void check_snapshot(const Image *image, BlockAio aio)
{
    g_autoptr(GError) error = NULL;
    g_autofree uint8_t *before = g_malloc(SIZE), *copy = NULL;
    fill(before, 0, SIZE / 512, 1);
    put(image, 0, (char *)before, SIZE);
    copy = g_memdup2(before, SIZE);
    const BlockOptions options = {
        .path = image->path, .snapshot = true, .aio = aio, .cache = BLOCK_DIRECTSYNC
    };
    Iothread *iothread = iothread_new("test", NULL);
    Block *block = block_open(&options, &error);
    g_assert_no_error(error);
    g_assert_false(block_readonly(block));
    g_assert_true(block_attach(block, iothread, NULL));
    for (unsigned step = 0; step < 400; step++)
        check_transfer(iothread, block, copy, step);
    g_assert_cmpint(run(iothread, block, BLOCK_FLUSH, 0, NULL, 0), ==, 0);
    g_assert_false(block_grow(block, 2 * SIZE, &error));
    g_assert_cmpstr(error->message, ==, "it is a snapshot, which is as large as its image");
    check_opens(&(BlockOptions){ .path = image->path, .readonly = true });
    check_opens(&options); // as many as one likes
    block_detach(block);
    block_close(block);
    iothread_free(iothread);
    g_autofree char *now = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(image->path, &now, &length, NULL));
    g_assert_cmpuint(length, ==, SIZE);
    g_assert_cmpmem(now, SIZE, before, SIZE);
}

static void test_snapshot(Image *image, gconstpointer data)
{
    check_snapshot(image, BLOCK_AIO_DEFAULT);
    check_snapshot(image, BLOCK_AIO_THREADS);
}

// Buffers of odd sizes, over the border of what was written, and a file that ends within a sector.
static void test_snapshot_odd(Image *image, gconstpointer data)
{
    uint8_t bytes[2048];
    Iothread *iothread = iothread_new("test", NULL);
    g_assert_cmpint(truncate(image->path, 1024 + 100), ==, 0);
    put(image, 0, "aaaa", 4);
    put(image, 1024, "bbbb", 4);
    Block *block = block_open(&(BlockOptions){ .path = image->path, .snapshot = true }, NULL);
    g_assert_true(block && block_attach(block, iothread, NULL));
    g_assert_cmpuint(block_size(block), ==, 1536);
    memset(bytes, 'w', sizeof bytes);
    g_assert_cmpint(run(iothread, block, BLOCK_WRITE, 512, bytes, 512), ==, 0);
    struct iovec iov[] = { { bytes, 100 }, { bytes + 100, 1 }, { bytes + 101, 1000 }, { bytes + 1101, 435 } };
    Job job = { .request = { .kind = BLOCK_READ, .iov = iov, .iov_count = 4, .done = done }, .block = block };
    g_assert_cmpint(await(iothread, &job), ==, 0);
    g_assert_cmpmem(bytes, 5, "aaaa\0", 5);
    g_assert_cmpuint(bytes[511], ==, 0);
    g_assert_cmpuint(bytes[512], ==, 'w');
    g_assert_cmpuint(bytes[1023], ==, 'w');
    g_assert_cmpmem(bytes + 1024, 5, "bbbb\0", 5);
    g_assert_cmpuint(bytes[1535], ==, 0);
    g_assert_cmpint(run(iothread, block, BLOCK_WRITE, 1024, bytes, 512), ==, 0);
    g_assert_cmpint(run(iothread, block, BLOCK_READ, 1024, bytes + 512, 512), ==, 0);
    g_assert_cmpmem(bytes, 512, bytes + 512, 512);
    block_detach(block);
    block_close(block);
    iothread_free(iothread);
}

static void test_snapshot_wrong(Image *image, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *before = g_strdup(g_getenv("TMPDIR"));
    const BlockOptions native = {
        .path = image->path, .snapshot = true, .aio = BLOCK_AIO_NATIVE, .cache = BLOCK_NONE
    };
    g_assert_null(block_open(&native, &error));
    g_assert_cmpstr(
        error->message, ==, "aio=native: not of a snapshot, which is in the page cache; use aio=io_uring");
    g_clear_error(&error);
    g_setenv("TMPDIR", "/none/such", TRUE);
    g_assert_null(block_open(&(BlockOptions){ .path = image->path, .snapshot = true }, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    g_assert_cmpstr(error->message, ==,
        "snapshot=on: no temporary file in /none/such: No such file or directory; set TMPDIR to a folder "
        "that "
        "has room");
    if (before)
        g_setenv("TMPDIR", before, TRUE);
    else
        g_unsetenv("TMPDIR");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/block-images/" name, Image, NULL, make_image, function, remove_image)
    ADD("formats", test_formats);
    ADD("encrypted", test_encrypted);
    ADD("small-and-direct", test_small_and_direct);
    ADD("kinds", test_kinds);
    ADD("auto-readonly", test_auto_readonly);
    ADD("locks", test_locks);
    ADD("zeros", test_zeros);
    ADD("snapshot", test_snapshot);
    ADD("snapshot-odd", test_snapshot_odd);
    ADD("snapshot-wrong", test_snapshot_wrong);
    return g_test_run();
}
