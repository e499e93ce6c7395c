// Disk images: raw files and block devices, read and written by one of three engines.
//
// A Block is opened when the machine is built and attached to one iothread, which then submits requests and
// gets their completions. Offsets and lengths are bytes.
#pragma once
#include "lparun/iothread.h"
#include "lparun/words.h"
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

typedef struct Block Block;

#define BLOCK_SECTOR 512

// How writes reach the medium; QEMU's words for -drive cache=.
typedef enum {
    BLOCK_WRITEBACK,    // through the host's page cache, stable after a flush
    BLOCK_NONE,         // past the page cache (O_DIRECT), stable after a flush
    BLOCK_WRITETHROUGH, // through the page cache, each write stable at once
    BLOCK_DIRECTSYNC,   // past the page cache, each write stable at once
    BLOCK_UNSAFE,       // through the page cache, never waited for: the image is lost with the host
} BlockCache;

// QEMU's words for -drive aio=.
typedef enum {
    BLOCK_AIO_DEFAULT, // io_uring where the iothread has a ring, else threads
    BLOCK_AIO_IO_URING,
    BLOCK_AIO_NATIVE,  // libaio
    BLOCK_AIO_THREADS, // preadv and pwritev on worker threads
} BlockAio;

extern const Word block_cache_words[], block_aio_words[];

// What -drive says: file=, readonly=, cache=, aio=.
typedef struct BlockOptions {
    const char *path;
    bool readonly;
    BlockCache cache;
    BlockAio aio;
} BlockOptions;

// Opens and locks the image: for writing alone, or shared with other readers when it is read-only. The lock
// is the kernel's own and ends with the process. NULL and `error`, always the user's: no such file, a folder,
// no permission, in use by another process, shorter than a sector, direct I/O that its file system has not.
// The message begins with the path or the option and says what to do.
Block *block_open(const BlockOptions *options, GError **error);
// Not while it is attached.
void block_close(Block *block);

// Bytes, a multiple of BLOCK_SECTOR: of an incomplete sector at the end of a file the rest reads as zeros,
// and writing it makes the file longer.
uint64_t block_size(const Block *block);
bool block_readonly(const Block *block);
const char *block_path(const Block *block);
BlockCache block_cache(const Block *block);
// Bytes that the host has in use for it (st_blocks); 0 where it does not say.
uint64_t block_allocated(const Block *block);
// Makes the image `bytes` long, whole sectors, and all of that the guest's. While attached, on any thread but
// the iothread, and one at a time. False and `error`, one line without an option: it would get shorter, the
// host refuses, a device that is not so large.
bool block_grow(Block *block, uint64_t bytes, GError **error);

// Starts the engine on `iothread`. False and `error` (the user's: aio=io_uring without a ring, aio=native
// with no event slots left). Only while the machine is built, as block_detach(), before which all requests
// must be done.
bool block_attach(Block *block, Iothread *iothread, GError **error);
void block_detach(Block *block);
// "io_uring", "native" or "threads", while attached.
const char *block_engine_name(const Block *block);

typedef enum {
    BLOCK_READ,
    BLOCK_WRITE,
    BLOCK_FLUSH,  // all writes that are done become stable; no data
    BLOCK_CANCEL, // the block layer's own
} BlockKind;

// A request; embedded in its owner, so that nothing is allocated for I/O. The caller fills the first part;
// its iovec array is used up on the way.
typedef struct BlockRequest {
    BlockKind kind;
    bool stable;     // a write that must be stable when it is done, whatever the cache mode (but unsafe)
    uint64_t offset; // a multiple of BLOCK_SECTOR, as the sum of the lengths
    struct iovec *iov;
    unsigned iov_count;
    // On the iothread, never from within block_submit(). `result`: 0, -errno of the host, or -ECANCELED after
    // block_cancel().
    void (*done)(struct BlockRequest *request, int result);
    void *owner; // the caller's, for `done`

    // The block layer's.
    Block *block;
    struct BlockRequest *next;
    uint64_t left;        // bytes
    size_t piece, rest;   // bytes that are tried now, and that were cut off its last buffer
    unsigned piece_count; // buffers
    unsigned retries;
    int result;
    struct iovec bounce; // what the engine is given in place of `iov`, when its length is not 0
    union {
        IothreadIo ring;
        uint64_t aio[8]; // a struct iocb
    } engine;
} BlockRequest;

// On the iothread that it is attached to, as all that follow. The range must lie inside the image. Not while
// the block is held.
void block_submit(Block *block, BlockRequest *request);

// Begins nothing more. `quiet` is called once, maybe from within, when the host is doing nothing for this
// block any more: no buffer is touched from then on. A request that is done by itself meanwhile says so.
void block_hold(Block *block, void (*quiet)(void *owner), void *owner);
// The same, and all requests end: those that have not begun from within, with -ECANCELED, the others before
// `quiet` is called.
void block_cancel(Block *block, void (*quiet)(void *owner), void *owner);
// Goes on.
void block_release(Block *block);
