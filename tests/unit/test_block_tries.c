// How a disk's requests are tried, with a host that does what the test wants: pieces, retries, what a hold
// and a cancel leave. The engine is the threads': preadv is the test's own here.
#include "lparun/block.h"
#include <errno.h>
#include <glib/gstdio.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MIB (1024u * 1024u)
#define IMAGE_SIZE (64 * MIB)
#define AT_ONCE 8 // MiB that the host is given
#define JOBS 32   // of a MiB each

static struct {
    atomic_uint calls, failures; // failures: of the next calls
    atomic_int error;
    atomic_ulong most, limit; // bytes: that a call asked for, and that one gets
    GMutex gate;              // held by a test that wants the host to take its time
} host;

static ssize_t fake_preadv(int fd, const struct iovec *iov, int count, off_t offset)
{
    size_t bytes = 0;
    for (int i = 0; i < count; i++)
        bytes += iov[i].iov_len;
    atomic_fetch_add(&host.calls, 1);
    if (bytes > atomic_load(&host.most))
        atomic_store(&host.most, bytes);
    g_mutex_lock(&host.gate);
    g_mutex_unlock(&host.gate);
    if (atomic_load(&host.failures) > 0) {
        atomic_fetch_sub(&host.failures, 1);
        errno = atomic_load(&host.error);
        return -1;
    }
    struct iovec first = { iov->iov_base, MIN(iov->iov_len, atomic_load(&host.limit)) };
    bool is_short = first.iov_len < iov->iov_len;
    return syscall(SYS_preadv, fd, is_short ? &first : iov, is_short ? 1L : (long)count, (long)offset, 0L);
}

// Whichever name the C library's header gives it.
ssize_t preadv(int fd, const struct iovec *iov, int count, off_t offset)
{
    return fake_preadv(fd, iov, count, offset);
}

typedef struct Job {
    BlockRequest request;
    struct iovec iov;
    atomic_bool done;
    int result;
} Job;

typedef struct Fixture {
    char *path;
    Iothread *iothread;
    Block *block;
    Job jobs[JOBS];
    uint8_t *buffer;
    atomic_uint quiet;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    int fd = g_file_open_tmp("block-tries-XXXXXX", &fixture->path, NULL);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, IMAGE_SIZE), ==, 0);
    for (unsigned i = 0; i < IMAGE_SIZE / MIB; i++)
        g_assert_cmpint(pwrite(fd, &(uint8_t){ (uint8_t)(i + 1) }, 1, (off_t)i * MIB), ==, 1);
    close(fd);
    host.limit = SIZE_MAX;
    host.calls = 0;
    host.most = 0;
    BlockOptions options = { .path = fixture->path, .aio = BLOCK_AIO_THREADS };
    fixture->iothread = iothread_new("test", NULL);
    fixture->block = block_open(&options, NULL);
    g_assert_true(block_attach(fixture->block, fixture->iothread, NULL));
    fixture->buffer = g_malloc0(JOBS * MIB);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    block_detach(fixture->block);
    block_close(fixture->block);
    iothread_free(fixture->iothread);
    g_unlink(fixture->path);
    g_free(fixture->path);
    g_free(fixture->buffer);
}

static void done(BlockRequest *request, int result)
{
    Job *job = (Job *)request;
    job->result = result;
    atomic_store(&job->done, true);
}

static void submit(void *owner)
{
    Fixture *fixture = owner;
    for (unsigned i = 0; i < JOBS && fixture->jobs[i].iov.iov_len; i++)
        block_submit(fixture->block, &fixture->jobs[i].request);
}

// `count` reads of `size` bytes each.
static void start(Fixture *fixture, unsigned count, size_t size)
{
    for (unsigned i = 0; i < count; i++) {
        Job *job = &fixture->jobs[i];
        job->iov = (struct iovec){ fixture->buffer + i * MIB, size };
        job->request = (BlockRequest){
            .kind = BLOCK_READ, .offset = (uint64_t)i * MIB, .iov = &job->iov, .iov_count = 1, .done = done
        };
    }
    iothread_call(fixture->iothread, submit, fixture);
}

static void await(atomic_bool *flag)
{
    gint64 end = g_get_monotonic_time() + 20 * G_TIME_SPAN_SECOND;
    while (!atomic_load(flag) && g_get_monotonic_time() < end)
        g_usleep(100);
    g_assert_true(atomic_load(flag));
}

static int result_of(Fixture *fixture, unsigned index)
{
    await(&fixture->jobs[index].done);
    return fixture->jobs[index].result;
}

static void fail_next(int error, unsigned count)
{
    host.error = error;
    host.failures = count;
}

static void test_interrupted(Fixture *fixture, gconstpointer data)
{
    fail_next(EINTR, 20);
    start(fixture, 1, MIB);
    g_assert_cmpint(result_of(fixture, 0), ==, 0);
    g_assert_cmpuint(host.calls, ==, 21);
    g_assert_cmpuint(fixture->buffer[0], ==, 1);
}

static void test_never_ready(Fixture *fixture, gconstpointer data)
{
    fail_next(EAGAIN, 1000);
    start(fixture, 1, MIB);
    g_assert_cmpint(result_of(fixture, 0), ==, -EAGAIN);
    g_assert_cmpuint(host.calls, <, 100);
    host.failures = 0;
}

static void test_short(Fixture *fixture, gconstpointer data)
{
    host.limit = 100000;
    start(fixture, 1, 3 * MIB);
    g_assert_cmpint(result_of(fixture, 0), ==, 0);
    g_assert_cmpuint(host.calls, >, 30);
    for (unsigned i = 0; i < 3; i++)
        g_assert_cmpuint(fixture->buffer[i * MIB], ==, i + 1);
}

static void test_pieces(Fixture *fixture, gconstpointer data)
{
    start(fixture, 1, JOBS * MIB);
    g_assert_cmpint(result_of(fixture, 0), ==, 0);
    g_assert_cmpuint(host.calls, ==, JOBS);
    g_assert_cmpuint(host.most, ==, MIB);
    for (unsigned i = 0; i < JOBS; i++)
        g_assert_cmpuint(fixture->buffer[i * MIB], ==, i + 1);
}

static void quiet(void *owner)
{
    atomic_fetch_add(&((Fixture *)owner)->quiet, 1);
}

static void hold(void *owner)
{
    Fixture *fixture = owner;
    block_hold(fixture->block, quiet, fixture);
}

static void release(void *owner)
{
    block_release(((Fixture *)owner)->block);
}

static void cancel(void *owner)
{
    Fixture *fixture = owner;
    block_cancel(fixture->block, quiet, fixture);
}

static void start_slowly(Fixture *fixture)
{
    g_mutex_lock(&host.gate);
    start(fixture, JOBS, MIB);
    while (host.calls < AT_ONCE)
        g_usleep(100);
}

static void await_quiet(Fixture *fixture)
{
    gint64 end = g_get_monotonic_time() + 20 * G_TIME_SPAN_SECOND;
    while (!fixture->quiet && g_get_monotonic_time() < end)
        g_usleep(100);
    g_assert_cmpuint(fixture->quiet, ==, 1);
}

static void test_hold(Fixture *fixture, gconstpointer data)
{
    start_slowly(fixture);
    iothread_call(fixture->iothread, hold, fixture);
    g_assert_cmpuint(fixture->quiet, ==, 0);
    g_mutex_unlock(&host.gate);
    await_quiet(fixture);
    g_assert_cmpuint(host.calls, ==, AT_ONCE);
    iothread_call(fixture->iothread, release, fixture);
    for (unsigned i = 0; i < JOBS; i++)
        g_assert_cmpint(result_of(fixture, i), ==, 0);
    g_assert_cmpuint(host.calls, ==, JOBS);
    g_assert_cmpuint(fixture->quiet, ==, 1);
}

// What has not begun is over at once, what has begun when the host says so, and the next one is as any.
static void test_cancel(Fixture *fixture, gconstpointer data)
{
    start_slowly(fixture);
    iothread_call(fixture->iothread, cancel, fixture);
    for (unsigned i = AT_ONCE; i < JOBS; i++)
        g_assert_cmpint(result_of(fixture, i), ==, -ECANCELED);
    g_assert_cmpuint(fixture->quiet, ==, 0);
    g_mutex_unlock(&host.gate);
    await_quiet(fixture);
    for (unsigned i = 0; i < AT_ONCE; i++)
        g_assert_cmpint(result_of(fixture, i), ==, 0);
    g_assert_cmpuint(host.calls, ==, AT_ONCE);
    iothread_call(fixture->iothread, release, fixture);
    fixture->jobs[1].iov.iov_len = 0;
    fixture->jobs[0].done = false;
    start(fixture, 1, MIB);
    g_assert_cmpint(result_of(fixture, 0), ==, 0);
}

// With nothing under way it is quiet at once.
static void test_idle(Fixture *fixture, gconstpointer data)
{
    iothread_call(fixture->iothread, hold, fixture);
    g_assert_cmpuint(fixture->quiet, ==, 1);
    iothread_call(fixture->iothread, cancel, fixture);
    g_assert_cmpuint(fixture->quiet, ==, 2);
    iothread_call(fixture->iothread, release, fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/block-tries/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("interrupted", test_interrupted);
    ADD("never-ready", test_never_ready);
    ADD("short", test_short);
    ADD("pieces", test_pieces);
    ADD("hold", test_hold);
    ADD("cancel", test_cancel);
    ADD("idle", test_idle);
    return g_test_run();
}
