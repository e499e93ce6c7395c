// Disk images: requests from start to end, whatever engine tries them.
#include "block_engine.h"
#include "block_image.h"
#include "lparun/error.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// The bounce buffer: one for each image, so that unaligned requests wait for each other instead of growing
// the VMM.
#define BOUNCE_SIZE (1024 * 1024)
#define RETRIES 32

struct Block {
    BlockImage image;
    BlockAio aio;

    // What follows is for the iothread while attached.
    Iothread *iothread;
    const BlockEngineOps *ops;
    BlockEngine *engine;
    bool told;       // of an error of the host's
    uint8_t *bounce; // NULL where every address will do
    BlockRequest *bouncing, *bounce_waiting, **bounce_waiting_end;
    BlockRequest *finished; // done without the engine, to be said at the round's end
    IothreadTask finish_task;
};

Block *block_open(const BlockOptions *options, GError **error)
{
    BlockAio aio;
    if (!block_aio_parse(options->aio, &aio)) {
        error_user(error, "aio=%s: not known; one of " BLOCK_AIO_WORDS, options->aio);
        return NULL;
    }
    BlockCache cache;
    if (!block_cache_parse(options->cache, &cache)) {
        error_user(error, "cache=%s: not known; one of " BLOCK_CACHE_WORDS, options->cache);
        return NULL;
    }
    if (aio == BLOCK_AIO_NATIVE && cache != BLOCK_NONE && cache != BLOCK_DIRECTSYNC) {
        error_user(error, "aio=native: works only past the page cache; add cache=none, or use aio=io_uring");
        return NULL;
    }
    Block *block = g_new0(Block, 1);
    block->aio = aio;
    if (!block_image_open(&block->image, options->path, options->readonly, cache, error)) {
        g_free(block);
        return NULL;
    }
    return block;
}

void block_close(Block *block)
{
    if (!block)
        return;
    g_assert(!block->engine);
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
    bool stable = request->stable || image->cache == BLOCK_WRITETHROUGH || image->cache == BLOCK_DIRECTSYNC;
    return (BlockTransfer){
        .kind = request->kind,
        .fd = image->fd,
        .flags = request->kind == BLOCK_WRITE && stable && image->cache != BLOCK_UNSAFE ? RWF_DSYNC : 0,
        .offset = request->offset,
        .iov = bounced ? &request->bounce : request->iov,
        .iov_count = bounced ? 1 : request->iov_count,
    };
}

// Goes `bytes` further in the request's buffers; copies from or to `copy` on the way if it is not NULL.
static void advance(BlockRequest *request, uint64_t bytes, uint8_t *copy, bool into_buffers)
{
    while (bytes) {
        struct iovec *iov = request->iov;
        size_t step = MIN(bytes, iov->iov_len);
        if (copy && step) {
            if (into_buffers)
                memcpy(iov->iov_base, copy, step);
            else
                memcpy(copy, iov->iov_base, step);
            copy += step;
        }
        iov->iov_base = (uint8_t *)iov->iov_base + step;
        iov->iov_len -= step;
        bytes -= step;
        if (!iov->iov_len) {
            request->iov++;
            request->iov_count--;
        }
    }
}

// Copies the next bytes to write into the bounce buffer, without going further in the request's own buffers.
static void fill_bounce(BlockRequest *request)
{
    uint8_t *to = request->bounce.iov_base;
    size_t left = request->bounce.iov_len;
    for (const struct iovec *iov = request->iov; left; iov++) {
        size_t step = MIN(left, iov->iov_len);
        memcpy(to, iov->iov_base, step);
        to += step;
        left -= step;
    }
}

static void try_again(BlockRequest *request)
{
    Block *block = request->block;
    if (block->bouncing == request) {
        request->bounce = (struct iovec){ block->bounce, MIN(request->left, BOUNCE_SIZE) };
        if (request->kind == BLOCK_WRITE)
            fill_bounce(request);
    }
    block->ops->submit(block->engine, request);
}

static void bounce_next(Block *block)
{
    BlockRequest *request = block->bounce_waiting;
    block->bouncing = request;
    if (!request)
        return;
    block->bounce_waiting = request->next;
    if (!block->bounce_waiting)
        block->bounce_waiting_end = &block->bounce_waiting;
    try_again(request);
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

static void read_zeros(BlockRequest *request)
{
    for (unsigned i = 0; i < request->iov_count; i++)
        memset(request->iov[i].iov_base, 0, request->iov[i].iov_len);
    finish(request, 0);
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

void block_request_tried(BlockRequest *request, int64_t result)
{
    Block *block = request->block;
    if ((result == -EINTR || result == -EAGAIN) && request->retries++ < RETRIES) {
        try_again(request);
        return;
    }
    if (request->kind == BLOCK_FLUSH || result < 0) {
        if (result < 0)
            tell_once(block, request->kind, (int)result);
        finish(request, MIN((int)result, 0));
        return;
    }
    if (result == 0) { // somebody cut the image off
        tell_once(block, request->kind, -EIO);
        finish(request, -EIO);
        return;
    }
    uint64_t bytes = MIN((uint64_t)result, request->left);
    bool copy_in = block->bouncing == request && request->kind == BLOCK_READ;
    advance(request, bytes, copy_in ? block->bounce : NULL, true);
    request->offset += bytes;
    request->left -= bytes;
    request->retries = 0;
    if (!request->left)
        finish(request, 0);
    else if (is_behind_end(request))
        read_zeros(request);
    else
        try_again(request);
}

static void finish_all(void *opaque)
{
    Block *block = opaque;
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

static bool aligned(const Block *block, const BlockRequest *request)
{
    for (unsigned i = 0; i < request->iov_count; i++)
        if ((uintptr_t)request->iov[i].iov_base % block->image.memory_alignment ||
            request->iov[i].iov_len % BLOCK_SECTOR)
            return false;
    return true;
}

void block_submit(Block *block, BlockRequest *request)
{
    request->block = block;
    request->next = NULL;
    request->retries = 0;
    request->bounce = (struct iovec){ 0 };
    request->left = 0;
    if (request->kind == BLOCK_FLUSH) {
        if (block->image.cache == BLOCK_UNSAFE || block->image.readonly)
            finish_later(block, request, 0);
        else
            block->ops->submit(block->engine, request);
        return;
    }
    for (unsigned i = 0; i < request->iov_count; i++)
        request->left += request->iov[i].iov_len;
    g_assert(request->offset <= block->image.size && request->left <= block->image.size - request->offset);
    if (request->kind == BLOCK_WRITE && block->image.readonly) {
        finish_later(block, request, -EROFS);
    } else if (!request->left) {
        finish_later(block, request, 0);
    } else if (!block->bounce || aligned(block, request)) {
        block->ops->submit(block->engine, request);
    } else {
        *block->bounce_waiting_end = request;
        block->bounce_waiting_end = &request->next;
        if (!block->bouncing)
            bounce_next(block);
    }
}

typedef struct Attach {
    Block *block;
    GError **error;
} Attach;

static void attach(void *opaque)
{
    Attach *a = opaque;
    Block *block = a->block;
    block->engine = block->ops->open(block->iothread, a->error);
}

static void detach(void *opaque)
{
    Block *block = opaque;
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
        munmap(block->bounce, BOUNCE_SIZE);
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
    block->bounce_waiting_end = &block->bounce_waiting;
    block->finish_task = (IothreadTask){ .run = finish_all, .opaque = block };
    iothread_call(iothread, attach, &(Attach){ block, error });
    if (!block->engine)
        return false;
    if (block->image.direct) {
        // Costs address space only, until a guest's buffer is not aligned.
        void *buffer = mmap(NULL, BOUNCE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (buffer == MAP_FAILED) {
            block_detach(block);
            return error_host(error, "no memory for a buffer of 1 MiB: %s", g_strerror(errno));
        }
        block->bounce = buffer;
    }
    return true;
}
