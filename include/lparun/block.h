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

// How writes reach the medium: any of three bits. QEMU's words for -drive cache= are five of their sums.
typedef enum {
    BLOCK_WRITEBACK = 0, // through the page cache, stable after a flush
    BLOCK_DIRECT = 1,    // past the page cache (O_DIRECT)
    BLOCK_THROUGH = 2,   // each write stable at once
    BLOCK_NO_FLUSH = 4,  // never waited for: lost with the host
    BLOCK_NONE = BLOCK_DIRECT,
    BLOCK_WRITETHROUGH = BLOCK_THROUGH,
    BLOCK_DIRECTSYNC = BLOCK_DIRECT | BLOCK_THROUGH,
    BLOCK_UNSAFE = BLOCK_NO_FLUSH,
} BlockCache;

// Whether the device that has an image says otherwise.
typedef enum {
    BLOCK_CACHE_AS_SAID,
    BLOCK_CACHE_ON,  // no BLOCK_THROUGH
    BLOCK_CACHE_OFF, // BLOCK_THROUGH
} BlockWriteCache;

// QEMU's words for -drive aio=.
typedef enum {
    BLOCK_AIO_DEFAULT, // io_uring where the iothread has a ring, else threads
    BLOCK_AIO_IO_URING,
    BLOCK_AIO_NATIVE,  // libaio
    BLOCK_AIO_THREADS, // preadv and pwritev on worker threads
} BlockAio;

extern const Word block_cache_words[], block_aio_words[];

// What the image may be.
typedef enum {
    BLOCK_ANY_FILE,
    BLOCK_REGULAR_FILE,
    BLOCK_DEVICE_FILE,
    BLOCK_ZEROS, // no file: it reads as zeros, and what is written is gone
} BlockFile;

// Who else may have it open: the lock is the kernel's own, for all of the file, and ends with the process.
typedef enum {
    BLOCK_LOCK,        // nobody; of a read-only one, other readers
    BLOCK_LOCK_SHARED, // whoever says the same, and readers
    BLOCK_LOCK_NONE,   // whoever likes to
} BlockLock;

// What its first bytes may be. An image of another format that a guest had as a raw disk would be
// overwritten.
typedef enum {
    BLOCK_CONTENT_UNSAID, // no format was given: nothing that another format begins with
    BLOCK_CONTENT_RAW,    // raw was given: the same, but encrypted, since guests encrypt whole disks
    BLOCK_CONTENT_ANY,    // whatever it is: a guest wrote it
} BlockContent;

// What -drive and -blockdev say of an image.
typedef struct BlockOptions {
    const char *path; // NULL for zeros
    bool readonly;
    bool auto_readonly; // read-only where it cannot be opened to write
    BlockCache cache;
    BlockAio aio;
    BlockFile file;
    BlockLock lock;
    BlockContent content;
    uint64_t bytes; // of zeros
    bool snapshot;  // what is written is gone at the end
} BlockOptions;

// Opens the image, locks it and looks at its first bytes. NULL and `error`, always the user's: no such file,
// a folder, no permission, in use by another process, shorter than a sector, direct I/O that its file system
// has not, another format. The message begins with the path or the option and says what to do.
Block *block_open(const BlockOptions *options, GError **error);
// Not while it is attached.
void block_close(Block *block);

// Bytes, a multiple of BLOCK_SECTOR: of an incomplete sector at the end of a file the rest reads as zeros,
// and writing it makes the file longer.
uint64_t block_size(const Block *block);
// False and `error` for a file that begins (or ends) as an image of another format than raw, which
// `content` does not allow. `path` is for the message, which begins with it. Any thread.
bool block_content_check(int fd, const char *path, BlockContent content, GError **error);
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
    bool over; // the piece is in the overlay
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
