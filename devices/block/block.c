// Disk images: requests from start to end, whatever engine tries them.
#include "buffers.h"
#include "engine.h"
#include "image.h"
#include "lparun/error.h"
#include "overlay.h"
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define RETRIES 32
#define CUT_ALIGNMENT 4096 // enough for direct I/O, whatever the disk

// Enough bytes to keep a fast disk busy. More waits here, where it can be cancelled.
#define IN_FLIGHT (8 * BLOCK_PIECE)

struct Block {
    BlockImage image;
    BlockAio aio;
    BlockOverlay *overlay; // of a snapshot, or NULL

    // What follows is for the iothread while attached.
    Iothread *iothread;
    const BlockEngineOps *ops;
    BlockEngine *engine;
    bool told;                  // of an error of the host's
    BlockQueue waiting;         // to be tried, in turn
    uint64_t in_flight;         // bytes that the engine was given
    unsigned tries;             // that the engine was given
    bool held;                  // nothing is begun
    atomic_bool cancelled;      // what has not begun is over; the engine's threads look at it
    BlockRequest cancel;        // of all that the engine was given
    void (*quiet)(void *owner); // while held, until it was called
    void *quiet_owner;
    // One for the image, so that unaligned requests wait for each other instead of growing the VMM; NULL
    // where every address will do.
    uint8_t *bounce;
    BlockRequest *bouncing;
    BlockQueue bounce_waiting;
    BlockRequest *finished; // done without the engine, to be said at the round's end
    IothreadTask finish_task;
};

// The image is only read, and through the page cache, as reads end where what was written begins. The overlay
// is nothing to wait for.
static bool open_snapshot(Block *block, const BlockOptions *options, GError **error)
{
    BlockOptions below = *options;
    below.readonly = true;
    below.cache = BLOCK_NO_FLUSH;
    if (options->aio == BLOCK_AIO_NATIVE)
        return error_user(
            error, "aio=native: not of a snapshot, which is in the page cache; use aio=io_uring");
    if (!block_image_open(&block->image, &below, error))
        return false;
    block->overlay = block_overlay_new(block->image.size, error);
    if (!block->overlay)
        block_image_close(&block->image);
    block->image.readonly = false;
    return block->overlay;
}

Block *block_open(const BlockOptions *options, GError **error)
{
    if (options->aio == BLOCK_AIO_NATIVE && !(options->cache & BLOCK_DIRECT)) {
        error_user(error, "aio=native: works only past the page cache; add cache=none, or use aio=io_uring");
        return NULL;
    }
    Block *block = g_new0(Block, 1);
    block->aio = options->aio;
    bool opened = options->snapshot && !options->readonly ? open_snapshot(block, options, error)
                                                          : block_image_open(&block->image, options, error);
    if (opened)
        return block;
    g_free(block);
    return NULL;
}

void block_close(Block *block)
{
    if (!block)
        return;
    g_assert(!block->engine);
    block_overlay_free(block->overlay);
    block_image_close(&block->image);
    g_free(block);
}

uint64_t block_size(const Block *block)
{
    return block->image.size;
}

bool block_readonly(const Block *block)
{
    return block->image.readonly;
}

const char *block_path(const Block *block)
{
    return block->image.path;
}

const char *block_engine_name(const Block *block)
{
    return block->ops->name;
}

BlockTransfer block_request_transfer(const BlockRequest *request)
{
    const BlockImage *image = &request->block->image;
    bool bounced = request->bounce.iov_len > 0;
    bool stable = request->stable || image->cache & BLOCK_THROUGH;
    return (BlockTransfer){
        .kind = request->kind,
        .fd = request->over ? block_overlay_fd(request->block->overlay) : image->fd,
        .flags = request->kind == BLOCK_WRITE && stable && !(image->cache & BLOCK_NO_FLUSH) ? RWF_DSYNC : 0,
        .offset = request->offset,
        .iov = bounced ? &request->bounce : request->iov,
        .iov_count = request->piece_count,
    };
}

bool block_request_is_cancelled(const BlockRequest *request)
{
    return atomic_load_explicit(&request->block->cancelled, memory_order_relaxed);
}

// All that is written, and what was.
static void cut_for_overlay(const Block *block, BlockRequest *request)
{
    uint64_t most = MIN(request->left, BLOCK_PIECE);
    request->over =
        request->kind == BLOCK_WRITE ||
        (request->kind == BLOCK_READ && block_overlay_find(block->overlay, request->offset, &most));
    block_buffers_cut(request, most, 1);
}

// Gives the engine what waits, as far as it may have.
static void try_waiting(Block *block)
{
    while (block->waiting.first && !block->held && block->in_flight < IN_FLIGHT) {
        BlockRequest *request = block_queue_pop(&block->waiting);
        if (block->bouncing == request)
            block_buffers_bounce(request, block->bounce);
        else if (block->overlay)
            cut_for_overlay(block, request);
        else
            block_buffers_cut(request, BLOCK_PIECE, CUT_ALIGNMENT);
        block->in_flight += request->piece;
        block->tries++;
        block->ops->submit(block->engine, request);
    }
}

// A request's pieces take turns with other requests.
static void wait_turn(BlockRequest *request)
{
    block_queue_push(&request->block->waiting, request);
}

static void bounce_next(Block *block)
{
    block->bouncing = block_queue_pop(&block->bounce_waiting);
    if (block->bouncing)
        wait_turn(block->bouncing);
}

static void finish(BlockRequest *request, int result)
{
    Block *block = request->block;
    if (block->bouncing == request)
        bounce_next(block);
    request->done(request, result);
}

// A file may end within its last sector, of which the rest reads as zeros until the guest writes it.
static bool is_behind_end(const BlockRequest *request)
{
    const BlockImage *image = &request->block->image;
    struct stat now;
    return request->kind == BLOCK_READ && request->offset == image->bytes && request->left < BLOCK_SECTOR &&
           fstat(image->fd, &now) == 0 && (uint64_t)now.st_size == image->bytes;
}

// The person hears of a disk's first error, the guest of each.
static void tell_once(Block *block, BlockKind kind, int result)
{
    static const char *const words[] = {
        [BLOCK_READ] = "read", [BLOCK_WRITE] = "write", [BLOCK_FLUSH] = "flush"
    };
    if (block->told)
        return;
    block->told = true;
    error_tell("file=%s: cannot %s: %s; the guest is told, and this is said once", block->image.path,
        words[kind], g_strerror(-result));
}

static void try_again(BlockRequest *request)
{
    if (block_request_is_cancelled(request))
        finish(request, -ECANCELED);
    else
        wait_turn(request);
}

static void fail(BlockRequest *request, int result)
{
    if (!block_request_is_cancelled(request))
        tell_once(request->block, request->kind, result);
    finish(request, result);
}

static void take_bytes(BlockRequest *request, uint64_t bytes)
{
    const Block *block = request->block;
    bool copy_in = block->bouncing == request && request->kind == BLOCK_READ;
    block_buffers_advance(request, bytes, copy_in ? block->bounce : NULL);
    if (request->over && request->kind == BLOCK_WRITE)
        block_overlay_add(block->overlay, request->offset, bytes);
    request->offset += bytes;
    request->left -= bytes;
    request->retries = 0;
    if (request->left && !is_behind_end(request)) {
        try_again(request);
        return;
    }
    block_buffers_clear(request);
    finish(request, 0);
}

static void take_result(BlockRequest *request, int64_t result)
{
    if ((result == -EINTR || result == -EAGAIN) && request->retries++ < RETRIES)
        try_again(request);
    else if (result < 0)
        fail(request, (int)result);
    else if (request->kind == BLOCK_FLUSH)
        finish(request, 0);
    else if (result == 0) // somebody cut the image off
        fail(request, -EIO);
    else
        take_bytes(request, MIN((uint64_t)result, request->piece));
}

static void tell_quiet(Block *block)
{
    void (*quiet)(void *owner) = block->quiet;
    block->quiet = NULL;
    if (quiet)
        quiet(block->quiet_owner);
}

void block_request_tried(BlockRequest *request, int64_t result)
{
    Block *block = request->block;
    block->in_flight -= request->piece;
    block->tries--;
    if (request != &block->cancel) {
        block_buffers_join(request);
        take_result(request, result);
    }
    try_waiting(block);
    if (!block->tries)
        tell_quiet(block);
}

static void finish_all(void *owner)
{
    Block *block = owner;
    BlockRequest *request = block->finished;
    block->finished = NULL;
    while (request) {
        BlockRequest *next = request->next;
        finish(request, request->result);
        request = next;
    }
}

// Says the result at the round's end, because done() must not come from within block_submit().
static void finish_later(Block *block, BlockRequest *request, int result)
{
    request->result = result;
    request->next = block->finished;
    block->finished = request;
    iothread_defer(block->iothread, &block->finish_task);
}

// Without data, or not allowed: over without the engine.
static bool is_over(const Block *block, const BlockRequest *request, int *result)
{
    bool readonly = block->image.readonly;
    *result = request->kind == BLOCK_WRITE && readonly ? -EROFS : 0;
    if (request->kind == BLOCK_FLUSH)
        return block->image.cache & BLOCK_NO_FLUSH || readonly;
    return *result || !request->left;
}

void block_submit(Block *block, BlockRequest *request)
{
    g_assert(!block->held);
    request->block = block;
    request->next = NULL;
    request->retries = 0;
    request->over = false;
    request->bounce = (struct iovec){ 0 };
    request->left = 0;
    if (request->kind == BLOCK_FLUSH)
        request->iov_count = 0;
    for (unsigned i = 0; i < request->iov_count; i++)
        request->left += request->iov[i].iov_len;
    g_assert(!request->left ||
             (request->offset <= block->image.size && request->left <= block->image.size - request->offset));
    int result;
    if (is_over(block, request, &result)) {
        finish_later(block, request, result);
    } else if (!block->bounce || block_buffers_aligned(request, block->image.memory_alignment)) {
        wait_turn(request);
    } else {
        block_queue_push(&block->bounce_waiting, request);
        if (!block->bouncing)
            bounce_next(block);
    }
    try_waiting(block);
}

void block_hold(Block *block, void (*quiet)(void *owner), void *owner)
{
    block->held = true;
    block->quiet = quiet;
    block->quiet_owner = owner;
    if (!block->tries)
        tell_quiet(block);
}

void block_release(Block *block)
{
    block->held = false;
    block->quiet = NULL;
    atomic_store_explicit(&block->cancelled, false, memory_order_relaxed);
    try_waiting(block);
}

static void cancel_list(BlockRequest *request)
{
    while (request) {
        BlockRequest *next = request->next;
        finish(request, -ECANCELED);
        request = next;
    }
}

// In this order, so that the bounce buffer's next user is gone when its user is.
static void cancel_waiting(Block *block)
{
    cancel_list(block_queue_take(&block->bounce_waiting));
    cancel_list(block_queue_take(&block->waiting));
    iothread_undefer(block->iothread, &block->finish_task);
    finish_all(block);
}

void block_cancel(Block *block, void (*quiet)(void *owner), void *owner)
{
    block->held = true;
    atomic_store_explicit(&block->cancelled, true, memory_order_relaxed);
    cancel_waiting(block);
    if (block->tries && block->ops->cancels) {
        block->cancel = (BlockRequest){ .kind = BLOCK_CANCEL, .block = block };
        block->tries++;
        block->ops->submit(block->engine, &block->cancel);
    }
    block_hold(block, quiet, owner);
}

typedef struct Attach {
    Block *block;
    GError **error;
} Attach;

static void attach(void *owner)
{
    Attach *a = owner;
    Block *block = a->block;
    block->engine = block->ops->open(block->iothread, a->error);
}

static void detach(void *owner)
{
    Block *block = owner;
    iothread_undefer(block->iothread, &block->finish_task);
    block->ops->close(block->engine);
    block->engine = NULL;
}

void block_detach(Block *block)
{
    if (!block->engine)
        return;
    iothread_call(block->iothread, detach, block);
    if (block->bounce)
        munmap(block->bounce, BLOCK_PIECE);
    block->bounce = NULL;
}

bool block_attach(Block *block, Iothread *iothread, GError **error)
{
    static const BlockEngineOps *const engines[] = {
        [BLOCK_AIO_IO_URING] = &block_uring_ops,
        [BLOCK_AIO_NATIVE] = &block_aio_ops,
        [BLOCK_AIO_THREADS] = &block_threads_ops,
    };
    g_assert(!block->engine);
    BlockAio aio = block->aio;
    if (aio == BLOCK_AIO_DEFAULT)
        aio = iothread_has_ring(iothread) ? BLOCK_AIO_IO_URING : BLOCK_AIO_THREADS;
    block->ops = engines[aio];
    block->iothread = iothread;
    block_queue_init(&block->bounce_waiting);
    block_queue_init(&block->waiting);
    block->finish_task = (IothreadTask){ .run = finish_all, .owner = block };
    iothread_call(iothread, attach, &(Attach){ block, error });
    if (!block->engine)
        return false;
    if (block->image.direct) {
        // Costs address space only, until a guest's buffer is not aligned.
        void *buffer = mmap(NULL, BLOCK_PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (buffer == MAP_FAILED) {
            block_detach(block);
            return error_host(error, "no memory for a buffer of 1 MiB: %s", g_strerror(errno));
        }
        block->bounce = buffer;
    }
    return true;
}

BlockCache block_cache(const Block *block)
{
    return block->image.cache;
}

uint64_t block_allocated(const Block *block)
{
    struct stat status;
    return fstat(block->image.fd, &status) == 0 ? (uint64_t)status.st_blocks * 512 : 0;
}

typedef struct Growth {
    Block *block;
    uint64_t bytes;
} Growth;

static void set_size(void *owner)
{
    const Growth *growth = owner;
    growth->block->image.bytes = growth->block->image.size = growth->bytes;
}

bool block_grow(Block *block, uint64_t bytes, GError **error)
{
    if (block->overlay)
        return error_user(error, "it is a snapshot, which is as large as its image");
    if (!block_image_grow(&block->image, bytes, error))
        return false;
    iothread_call(block->iothread, set_size, &(Growth){ block, bytes });
    return true;
}
