// What block.c asks of an engine: to try one transfer, and to say how far it came.
#pragma once
#include "lparun/block.h"

typedef struct BlockEngine BlockEngine;

typedef struct BlockEngineOps {
    const char *name;
    // On the iothread, as all that follow. NULL and `error`, which says what to do.
    BlockEngine *(*open)(Iothread *iothread, GError **error);
    void (*close)(BlockEngine *engine);
    // Tries `request` once, as far as it is not done yet. block_request_tried() comes later, never from
    // within.
    void (*submit)(BlockEngine *engine, BlockRequest *request);
    bool cancels; // takes BLOCK_CANCEL: what it was given for this file and the host has not begun is over
} BlockEngineOps;

// Requests in the order in which they came, linked by `next`.
typedef struct BlockQueue {
    BlockRequest *first, **end;
} BlockQueue;

static inline void block_queue_init(BlockQueue *queue)
{
    queue->first = NULL;
    queue->end = &queue->first;
}

static inline void block_queue_push(BlockQueue *queue, BlockRequest *request)
{
    request->next = NULL;
    *queue->end = request;
    queue->end = &request->next;
}

// NULL when there is none.
static inline BlockRequest *block_queue_pop(BlockQueue *queue)
{
    BlockRequest *request = queue->first;
    if (!request)
        return NULL;
    queue->first = request->next;
    if (!queue->first)
        queue->end = &queue->first;
    return request;
}

// All of them, as a list; the queue is empty then.
static inline BlockRequest *block_queue_take(BlockQueue *queue)
{
    BlockRequest *first = queue->first;
    block_queue_init(queue);
    return first;
}

extern const BlockEngineOps block_uring_ops, block_aio_ops, block_threads_ops;

// What an engine has to do: CANCEL only if it said so, READ and WRITE transfer `iov` at `offset` with RWF_*
// `flags`, FLUSH is fdatasync(2).
typedef struct BlockTransfer {
    BlockKind kind;
    int fd;
    int flags;
    uint64_t offset;
    const struct iovec *iov;
    unsigned iov_count;
} BlockTransfer;
// Any thread while the request is the engine's.
BlockTransfer block_request_transfer(const BlockRequest *request);
// An engine of threads asks this before it begins. Any thread.
bool block_request_is_cancelled(const BlockRequest *request);
// `result`: bytes transferred, 0 for a flush, or -errno. On the iothread.
void block_request_tried(BlockRequest *request, int64_t result);
