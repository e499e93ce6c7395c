// Block engine: worker threads with preadv2 and pwritev2. Works wherever Linux does.
#include "engine.h"
#include "lparun/error.h"
#include <errno.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#define WORKERS 8 // enough to keep a disk busy; each costs a stack

struct BlockEngine {
    GThreadPool *pool;
    int eventfd; // never read: the watch waits for edges
    IothreadWatch *watch;
    GMutex lock; // guards `finished`
    BlockQueue finished;
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

static void work(gpointer data, gpointer user_data)
{
    BlockRequest *request = data;
    BlockEngine *engine = user_data;
    request->result = -ECANCELED;
    if (!block_request_is_cancelled(request)) {
        BlockTransfer transfer = block_request_transfer(request);
        ssize_t result = transfer_once(&transfer);
        request->result = result < 0 ? -errno : (int)result; // of BLOCK_PIECE at most
    }

    g_mutex_lock(&engine->lock);
    block_queue_push(&engine->finished, request);
    // Under the lock: once it is free, the iothread may find the request and close the engine.
    eventfd_write(engine->eventfd, 1);
    g_mutex_unlock(&engine->lock);
}

static void reap(void *opaque)
{
    BlockEngine *engine = opaque;
    g_mutex_lock(&engine->lock);
    BlockRequest *request = block_queue_take(&engine->finished);
    g_mutex_unlock(&engine->lock);
    while (request) {
        BlockRequest *next = request->next;
        block_request_tried(request, request->result);
        request = next;
    }
}

static void threads_close(BlockEngine *engine)
{
    iothread_unwatch(engine->watch);
    if (engine->pool)
        g_thread_pool_free(engine->pool, FALSE, TRUE);
    close(engine->eventfd);
    g_mutex_clear(&engine->lock);
    g_free(engine);
}

static BlockEngine *threads_open(Iothread *iothread, GError **error)
{
    BlockEngine *engine = g_new0(BlockEngine, 1);
    block_queue_init(&engine->finished);
    g_mutex_init(&engine->lock);
    engine->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (engine->eventfd < 0) {
        error_host(error, "aio=threads: no file descriptor left; raise ulimit -n");
        g_mutex_clear(&engine->lock);
        g_free(engine);
        return NULL;
    }
    // Workers of its own, all there from the start: one that could not be had later would leave requests
    // waiting.
    g_autoptr(GError) refusal = NULL;
    engine->pool = g_thread_pool_new(work, engine, WORKERS, TRUE, &refusal);
    // A pool that lacks workers is given all the same.
    engine->watch = !refusal ? iothread_watch(iothread, engine->eventfd, reap, engine) : NULL;
    if (engine->watch)
        return engine;
    error_host(error, "aio=threads: %s; raise ulimit -u", refusal ? refusal->message : g_strerror(errno));
    threads_close(engine);
    return NULL;
}

static void threads_submit(BlockEngine *engine, BlockRequest *request)
{
    g_thread_pool_push(engine->pool, request, NULL);
}

const BlockEngineOps block_threads_ops = {
    .name = "threads",
    .open = threads_open,
    .close = threads_close,
    .submit = threads_submit,
};
