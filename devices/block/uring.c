// Block engine: the iothread's own io_uring. A batch goes out and comes back with the system call that waits.
#include "engine.h"
#include "lparun/error.h"
#include <liburing.h>

struct BlockEngine {
    Iothread *iothread;
};

static BlockRequest *request_of(IothreadIo *io)
{
    return (BlockRequest *)((char *)io - offsetof(BlockRequest, engine.ring));
}

static void prepare(IothreadIo *io, struct io_uring_sqe *entry)
{
    BlockTransfer transfer = block_request_transfer(request_of(io));
    switch (transfer.kind) {
    case BLOCK_READ:
        io_uring_prep_readv2(
            entry, transfer.fd, transfer.iov, transfer.iov_count, transfer.offset, transfer.flags);
        break;
    case BLOCK_WRITE:
        io_uring_prep_writev2(
            entry, transfer.fd, transfer.iov, transfer.iov_count, transfer.offset, transfer.flags);
        break;
    case BLOCK_FLUSH:
        io_uring_prep_fsync(entry, transfer.fd, IORING_FSYNC_DATASYNC);
        break;
    case BLOCK_CANCEL: // a kernel before 5.19 refuses it, and then all of it is waited for
        io_uring_prep_cancel_fd(entry, transfer.fd, IORING_ASYNC_CANCEL_ALL);
        break;
    }
}

static void complete(IothreadIo *io, int result, unsigned flags)
{
    block_request_tried(request_of(io), result);
}

static BlockEngine *uring_open(Iothread *iothread, GError **error)
{
    if (!iothread_has_ring(iothread)) {
        error_user(error,
            "aio=io_uring: this host refuses io_uring; set sysctl kernel.io_uring_disabled=0, or use "
            "aio=threads");
        return NULL;
    }
    BlockEngine *engine = g_new0(BlockEngine, 1);
    engine->iothread = iothread;
    return engine;
}

static void uring_close(BlockEngine *engine)
{
    g_free(engine);
}

static void uring_submit(BlockEngine *engine, BlockRequest *request)
{
    request->engine.ring = (IothreadIo){ .prepare = prepare, .complete = complete };
    iothread_submit(engine->iothread, &request->engine.ring);
}

const BlockEngineOps block_uring_ops = {
    .name = "io_uring",
    .open = uring_open,
    .close = uring_close,
    .submit = uring_submit,
    .cancels = true,
};
