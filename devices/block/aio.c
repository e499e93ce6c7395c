// Block engine: libaio. A round's requests are submitted at once, completions come by an eventfd.
#include "engine.h"
#include "lparun/error.h"
#include <errno.h>
#include <libaio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SLOTS 256
#define BATCH 32

struct BlockEngine {
    Iothread *iothread;
    io_context_t context;
    int eventfd; // never read: the watch waits for edges
    IothreadWatch *watch;
    IothreadTask submit;
    BlockQueue waiting; // for the end of the round, or for a free slot
    unsigned in_flight;
};

G_STATIC_ASSERT(sizeof(struct iocb) <= sizeof(((BlockRequest *)NULL)->engine));

static BlockRequest *request_of(struct iocb *iocb)
{
    return (BlockRequest *)((char *)iocb - offsetof(BlockRequest, engine));
}

static struct iocb *prepare(BlockEngine *engine, BlockRequest *request)
{
    struct iocb *iocb = (struct iocb *)&request->engine;
    BlockTransfer transfer = block_request_transfer(request);
    switch (transfer.kind) {
    case BLOCK_READ:
        io_prep_preadv(iocb, transfer.fd, transfer.iov, (int)transfer.iov_count, (long long)transfer.offset);
        break;
    case BLOCK_WRITE:
        io_prep_pwritev(iocb, transfer.fd, transfer.iov, (int)transfer.iov_count, (long long)transfer.offset);
        break;
    case BLOCK_FLUSH:
        io_prep_fdsync(iocb, transfer.fd);
        break;
    case BLOCK_CANCEL:
        g_assert_not_reached();
    }
    iocb->aio_rw_flags = transfer.flags;
    io_set_eventfd(iocb, engine->eventfd);
    return iocb;
}

static void submit_waiting(void *owner)
{
    BlockEngine *engine = owner;
    while (engine->waiting.first && engine->in_flight < SLOTS) {
        struct iocb *batch[BATCH];
        long count = 0;
        for (BlockRequest *request = engine->waiting.first;
             request && count < BATCH && engine->in_flight + (unsigned)count < SLOTS; request = request->next)
            batch[count++] = prepare(engine, request);
        int taken = io_submit(engine->context, count, batch);
        if (taken == -EAGAIN && engine->in_flight > 0)
            return; // the next completion comes back here
        for (int i = 0; i < taken; i++, engine->in_flight++)
            block_queue_pop(&engine->waiting);
        if (taken <= 0) // the first is at fault
            block_request_tried(block_queue_pop(&engine->waiting), taken ? taken : -EIO);
    }
}

static void reap(void *owner)
{
    BlockEngine *engine = owner;
    struct io_event events[BATCH];
    struct timespec at_once = { 0 };
    int count;
    // Ends: no new request is submitted before the round's end.
    while ((count = io_getevents(engine->context, 0, BATCH, events, &at_once)) > 0) {
        engine->in_flight -= (unsigned)count;
        for (int i = 0; i < count; i++)
            block_request_tried(request_of(events[i].obj), (long)events[i].res);
    }
    if (engine->waiting.first)
        iothread_defer(engine->iothread, &engine->submit);
}

static void aio_close(BlockEngine *engine)
{
    iothread_undefer(engine->iothread, &engine->submit);
    iothread_unwatch(engine->watch);
    io_destroy(engine->context);
    close(engine->eventfd);
    g_free(engine);
}

static BlockEngine *aio_open(Iothread *iothread, GError **error)
{
    BlockEngine *engine = g_new0(BlockEngine, 1);
    engine->iothread = iothread;
    block_queue_init(&engine->waiting);
    engine->submit = (IothreadTask){ .run = submit_waiting, .owner = engine };
    int result = io_setup(SLOTS, &engine->context);
    if (result) {
        error_user(error,
            "aio=native: the host gives no event slots: %s; raise sysctl fs.aio-max-nr, or use aio=threads",
            g_strerror(-result));
        g_free(engine);
        return NULL;
    }
    engine->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (engine->eventfd < 0) {
        error_host(error, "aio=native: no file descriptor left; raise ulimit -n");
        io_destroy(engine->context);
        g_free(engine);
        return NULL;
    }
    engine->watch = iothread_watch(iothread, engine->eventfd, reap, engine);
    if (engine->watch)
        return engine;
    error_host(error, "aio=native: epoll_ctl: %s", g_strerror(errno));
    aio_close(engine);
    return NULL;
}

static void aio_submit(BlockEngine *engine, BlockRequest *request)
{
    block_queue_push(&engine->waiting, request);
    iothread_defer(engine->iothread, &engine->submit);
}

const BlockEngineOps block_aio_ops = {
    .name = "native",
    .open = aio_open,
    .close = aio_close,
    .submit = aio_submit,
};
