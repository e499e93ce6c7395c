// Block engine: worker threads with preadv2 and pwritev2. Works wherever Linux does.
#include "engine.h"
#include "lparun/error.h"
#include "lparun/thread.h"
#include <errno.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#define WORKERS 8 // enough to keep a disk busy; each costs a stack

struct BlockEngine {
    Thread *workers[WORKERS];
    int eventfd; // never read: the watch waits for edges
    IothreadWatch *watch;
    GMutex lock; // guards what follows
    GCond changed;
    BlockQueue waiting, finished;
    bool ending;
};

static ssize_t write_once(const BlockTransfer *transfer)
{
    int count = (int)transfer->iov_count;
    off_t offset = (off_t)transfer->offset;
    ssize_t result = pwritev2(transfer->fd, transfer->iov, count, offset, transfer->flags);
    if (result >= 0 || !transfer->flags || (errno != EOPNOTSUPP && errno != ENOSYS))
        return result;
    // No RWF_DSYNC here (an emulated kernel): the same in two steps.
    result = pwritev(transfer->fd, transfer->iov, count, offset);
    return result >= 0 && fdatasync(transfer->fd) ? -1 : result;
}

static ssize_t transfer_once(const BlockTransfer *transfer)
{
    switch (transfer->kind) {
    case BLOCK_READ:
        return preadv(transfer->fd, transfer->iov, (int)transfer->iov_count, (off_t)transfer->offset);
    case BLOCK_WRITE:
        return write_once(transfer);
    case BLOCK_FLUSH:
        return fdatasync(transfer->fd);
    case BLOCK_CANCEL:
        break;
    }
    g_assert_not_reached();
}

static void try_once(BlockRequest *request)
{
    request->result = -ECANCELED;
    if (block_request_is_cancelled(request))
        return;
    BlockTransfer transfer = block_request_transfer(request);
    ssize_t result = transfer_once(&transfer);
    request->result = result < 0 ? -errno : (int)result; // of BLOCK_PIECE at most
}

// NULL at the end. Under the lock.
static BlockRequest *await_request(BlockEngine *engine)
{
    BlockRequest *request;
    while (!(request = block_queue_pop(&engine->waiting)) && !engine->ending)
        g_cond_wait(&engine->changed, &engine->lock);
    return request;
}

static void work(void *owner)
{
    BlockEngine *engine = owner;
    BlockRequest *request;
    g_mutex_lock(&engine->lock);
    while ((request = await_request(engine))) {
        g_mutex_unlock(&engine->lock);
        try_once(request);
        g_mutex_lock(&engine->lock);
        block_queue_push(&engine->finished, request);
        eventfd_write(engine->eventfd, 1);
    }
    g_mutex_unlock(&engine->lock);
}

static void reap(void *owner)
{
    BlockEngine *engine = owner;
    g_mutex_lock(&engine->lock);
    BlockRequest *request = block_queue_take(&engine->finished);
    g_mutex_unlock(&engine->lock);
    while (request) {
        BlockRequest *next = request->next;
        block_request_tried(request, request->result);
        request = next;
    }
}

static void release(BlockEngine *engine)
{
    g_mutex_clear(&engine->lock);
    g_cond_clear(&engine->changed);
    g_free(engine);
}

static void threads_close(BlockEngine *engine)
{
    iothread_unwatch(engine->watch);
    g_mutex_lock(&engine->lock);
    engine->ending = true;
    g_cond_broadcast(&engine->changed);
    g_mutex_unlock(&engine->lock);
    for (unsigned i = 0; i < WORKERS; i++)
        thread_join(engine->workers[i]);
    close(engine->eventfd);
    release(engine);
}

// All there from the start: one that could not be had later would leave requests waiting.
static bool start_workers(BlockEngine *engine, GError **error)
{
    for (unsigned i = 0; i < WORKERS; i++)
        if (!(engine->workers[i] = thread_start(THREAD_WORKER, "disk worker", work, engine, error))) {
            g_prefix_error(error, "aio=threads: ");
            return false;
        }
    return true;
}

static BlockEngine *threads_open(Iothread *iothread, GError **error)
{
    BlockEngine *engine = g_new0(BlockEngine, 1);
    block_queue_init(&engine->waiting);
    block_queue_init(&engine->finished);
    g_mutex_init(&engine->lock);
    g_cond_init(&engine->changed);
    engine->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (engine->eventfd < 0) {
        error_host(error, "aio=threads: no file descriptor left; raise ulimit -n");
        release(engine);
        return NULL;
    }
    if (start_workers(engine, error)) {
        engine->watch = iothread_watch(iothread, engine->eventfd, reap, engine);
        if (engine->watch)
            return engine;
        error_host(error, "aio=threads: %s", g_strerror(errno));
    }
    threads_close(engine);
    return NULL;
}

static void threads_submit(BlockEngine *engine, BlockRequest *request)
{
    g_mutex_lock(&engine->lock);
    block_queue_push(&engine->waiting, request);
    g_cond_signal(&engine->changed);
    g_mutex_unlock(&engine->lock);
}

const BlockEngineOps block_threads_ops = {
    .name = "threads",
    .open = threads_open,
    .close = threads_close,
    .submit = threads_submit,
};
