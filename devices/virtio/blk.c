// The virtio block device (virtio 1.2, 5.2): requests from a ring to a Block and back, on an iothread.
#include "lparun/virtio_blk.h"
#include "lparun/bytes.h"
#include "lparun/timeline.h"
#include <errno.h>
#include <stdatomic.h>

#define FEATURE_SEG_MAX (1ULL << 2)
#define FEATURE_RO (1ULL << 5)
#define FEATURE_BLK_SIZE (1ULL << 6)
#define FEATURE_FLUSH (1ULL << 9)

#define REQUEST_IN 0
#define REQUEST_OUT 1
#define REQUEST_FLUSH 4
#define REQUEST_GET_ID 8
#define REQUEST_BARRIER 0x80000000 // of old drafts; SLOF still sets it, and it asks for nothing

#define STATUS_OK 0
#define STATUS_IOERR 1
#define STATUS_UNSUPP 2

#define HEADER_SIZE 16
#define ID_SIZE 20

// Device configuration (5.2.4).
#define CONFIG_CAPACITY 0
#define CONFIG_SEG_MAX 12
#define CONFIG_BLK_SIZE 20
#define CONFIG_SIZE 24

typedef struct Request {
    VirtioRequest virtio;
    BlockRequest block;
    int result;      // the block layer's
    uint8_t *status; // the chain's last byte, in guest memory
    uint64_t bytes;  // of data
} Request;

struct VirtioBlk {
    VirtioDevice *device;
    Block *block;
    Iothread *iothread;
    TimelineDisk *marks; // or NULL
    uint64_t sectors;    // the iothread's, once the driver runs
    char serial[ID_SIZE];
    uint64_t features; // the iothread's own
    // Written by the iothread alone.
    _Atomic uint64_t reads, writes, flushes, bytes_read, bytes_written, errors;
};

static void count(_Atomic uint64_t *counter, uint64_t more)
{
    uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, before + more, memory_order_relaxed);
}

// Ends a request; `written` is how many bytes of data the driver got.
static void answer(VirtioBlk *blk, Request *request, uint8_t status, uint64_t written)
{
    if (status == STATUS_IOERR)
        count(&blk->errors, 1);
    *request->status = status;
    // 2.7.8.2: the length counts from the first byte on, so the status byte at the end is in it only when all
    // data is.
    virtio_request_answer(&request->virtio, written + (written == request->virtio.chain.in_bytes - 1));
}

static void count_done(VirtioBlk *blk, const Request *request, bool ok)
{
    switch (request->block.kind) {
    case BLOCK_READ:
        count(&blk->reads, 1);
        count(&blk->bytes_read, ok ? request->bytes : 0);
        break;
    case BLOCK_WRITE:
        count(&blk->writes, 1);
        count(&blk->bytes_written, ok ? request->bytes : 0);
        break;
    case BLOCK_FLUSH:
        count(&blk->flushes, 1);
        break;
    case BLOCK_CANCEL:
        break;
    }
}

static void finish(void *owner, VirtioRequest *virtio)
{
    Request *request = (Request *)virtio;
    bool ok = request->result == 0;
    bool filled = ok && request->block.kind == BLOCK_READ;
    answer(owner, request, ok ? STATUS_OK : STATUS_IOERR, filled ? request->bytes : 0);
}

static void block_done(BlockRequest *block_request, int result)
{
    Request *request = (Request *)((char *)block_request - offsetof(Request, block));
    request->result = result;
    if (result == -ECANCELED) {
        virtio_request_drop(&request->virtio);
        return;
    }
    count_done(block_request->owner, request, result == 0);
    virtio_request_done(&request->virtio);
}

static void submit(
    VirtioBlk *blk, Request *request, BlockKind kind, uint64_t sector, struct iovec *iov, unsigned iov_count)
{
    request->block.kind = kind;
    // 5.2.6.2: without FLUSH the driver has no other way to make a write stable.
    request->block.stable = !(blk->features & FEATURE_FLUSH);
    request->block.offset = sector * BLOCK_SECTOR;
    request->block.iov = iov;
    request->block.iov_count = iov_count;
    request->block.done = block_done;
    request->block.owner = blk;
    block_submit(blk->block, &request->block);
}

static void transfer(
    VirtioBlk *blk, Request *request, BlockKind kind, uint64_t sector, struct iovec *iov, unsigned iov_count)
{
    uint64_t sectors = request->bytes / BLOCK_SECTOR;
    if (request->bytes % BLOCK_SECTOR || sector > blk->sectors || sectors > blk->sectors - sector ||
        (kind == BLOCK_WRITE && block_readonly(blk->block)))
        answer(blk, request, STATUS_IOERR, 0);
    else
        submit(blk, request, kind, sector, iov, iov_count);
}

static void get_id(VirtioBlk *blk, Request *request, const struct iovec *iov, unsigned iov_count)
{
    uint64_t done = 0;
    for (unsigned i = 0; i < iov_count && done < ID_SIZE; i++) {
        size_t step = MIN(iov[i].iov_len, ID_SIZE - done);
        memcpy(iov[i].iov_base, blk->serial + done, step);
        done += step;
    }
    answer(blk, request, STATUS_OK, done);
}

// Takes the header off the bytes that the device reads. Drivers may lay it out as they like (2.7.4), so it
// can lie in several descriptors or share one with data.
static void take_header(
    VirtioChain *chain, uint8_t header[HEADER_SIZE], struct iovec **data, unsigned *data_count)
{
    struct iovec *iov = chain->iov;
    for (size_t done = 0; done < HEADER_SIZE;) {
        size_t step = MIN(iov->iov_len, HEADER_SIZE - done);
        memcpy(header + done, iov->iov_base, step);
        done += step;
        iov->iov_base = (uint8_t *)iov->iov_base + step;
        iov->iov_len -= step;
        if (!iov->iov_len)
            iov++;
    }
    *data = iov;
    *data_count = chain->out_count - (unsigned)(iov - chain->iov);
}

// Takes the status byte off the end of the bytes that the device writes.
static uint8_t *take_status(VirtioChain *chain, struct iovec **data, unsigned *data_count)
{
    *data = chain->iov + chain->out_count;
    struct iovec *last = *data + chain->in_count - 1;
    last->iov_len--;
    *data_count = chain->in_count - (last->iov_len == 0);
    return (uint8_t *)last->iov_base + last->iov_len;
}

// False when the chain has no room for header and status, so that there is no way to answer.
static bool handle(void *owner, unsigned queue, VirtioRequest *virtio)
{
    VirtioBlk *blk = owner;
    Request *request = (Request *)virtio;
    VirtioChain *chain = &virtio->chain;
    if (chain->out_bytes < HEADER_SIZE || chain->in_bytes < 1)
        return false;
    struct iovec *out, *in;
    unsigned out_count, in_count;
    uint8_t header[HEADER_SIZE];
    take_header(chain, header, &out, &out_count);
    request->status = take_status(chain, &in, &in_count);
    uint64_t sector = le_bytes_get(header + 8, 8);
    switch (le_bytes_get(header, 4) & ~(uint64_t)REQUEST_BARRIER) {
    case REQUEST_IN:
        timeline_read(blk->marks);
        request->bytes = chain->in_bytes - 1;
        transfer(blk, request, BLOCK_READ, sector, in, in_count);
        break;
    case REQUEST_OUT:
        request->bytes = chain->out_bytes - HEADER_SIZE;
        transfer(blk, request, BLOCK_WRITE, sector, out, out_count);
        break;
    case REQUEST_FLUSH:
        request->bytes = 0;
        submit(blk, request, BLOCK_FLUSH, 0, NULL, 0);
        break;
    case REQUEST_GET_ID:
        get_id(blk, request, in, in_count);
        break;
    default:
        answer(blk, request, STATUS_UNSUPP, 0);
    }
    return true;
}

static void start(void *owner, uint64_t features)
{
    VirtioBlk *blk = owner;
    blk->features = features;
}

static void quiet(void *owner)
{
    VirtioBlk *blk = owner;
    virtio_device_quiet(blk->device);
}

static void hold(void *owner)
{
    VirtioBlk *blk = owner;
    block_hold(blk->block, quiet, blk);
}

static void resume(void *owner)
{
    VirtioBlk *blk = owner;
    block_release(blk->block);
}

static void cancel(void *owner)
{
    VirtioBlk *blk = owner;
    block_cancel(blk->block, quiet, blk);
}

static const VirtioDeviceType device_type = {
    .type = 2,
    .class_code = 0x010000, // SLOF names the node scsi@ by it
    .config_size = CONFIG_SIZE,
    .request_size = sizeof(Request),
    .handle = handle,
    .finish = finish,
    .start = start,
    .hold = hold,
    .release = resume,
    .cancel = cancel,
};

static void describe(VirtioBlk *blk)
{
    uint8_t config[CONFIG_SIZE] = { 0 };
    le_bytes_put(config + CONFIG_CAPACITY, 8, blk->sectors);
    le_bytes_put(config + CONFIG_SEG_MAX, 4, VIRTIO_CHAIN_MAX - 2); // without header and status
    le_bytes_put(config + CONFIG_BLK_SIZE, 4, BLOCK_SECTOR);        // SLOF reads it whatever was negotiated
    virtio_pci_set_config(virtio_device_pci(blk->device), config);
}

VirtioBlk *virtio_blk_new(const VirtioContext *context, const char *id, const char *serial, Block *block,
    Iothread *iothread, uint32_t first_source, GError **error)
{
    VirtioBlk *blk = g_new0(VirtioBlk, 1);
    blk->block = block;
    blk->iothread = iothread;
    blk->marks = timeline_add_disk(context->timeline, id);
    blk->sectors = block_size(block) / BLOCK_SECTOR;
    if (serial)
        memcpy(blk->serial, serial, MIN(strlen(serial), ID_SIZE));
    uint64_t features =
        FEATURE_SEG_MAX | FEATURE_BLK_SIZE | FEATURE_FLUSH | (block_readonly(block) ? FEATURE_RO : 0);
    if (block_attach(block, iothread, error))
        blk->device =
            virtio_device_new(context, id, &device_type, blk, iothread, features, 1, first_source, error);
    if (!blk->device) {
        block_detach(block);
        g_free(blk);
        return NULL;
    }
    describe(blk);
    return blk;
}

void virtio_blk_free(VirtioBlk *blk)
{
    if (!blk)
        return;
    virtio_device_free(blk->device);
    block_detach(blk->block);
    g_free(blk);
}

VirtioDevice *virtio_blk_device(const VirtioBlk *blk)
{
    return blk->device;
}

static void set_sectors(void *owner)
{
    VirtioBlk *blk = owner;
    blk->sectors = block_size(blk->block) / BLOCK_SECTOR;
}

bool virtio_blk_grow(VirtioBlk *blk, uint64_t bytes, GError **error)
{
    if (!block_grow(blk->block, bytes, error))
        return false;
    iothread_call(blk->iothread, set_sectors, blk); // before the driver can know of it
    describe(blk);
    return true;
}

Block *virtio_blk_block(const VirtioBlk *blk)
{
    return blk->block;
}

VirtioBlkCounters virtio_blk_counters(const VirtioBlk *blk)
{
    return (VirtioBlkCounters){
        .reads = atomic_load_explicit(&blk->reads, memory_order_relaxed),
        .writes = atomic_load_explicit(&blk->writes, memory_order_relaxed),
        .flushes = atomic_load_explicit(&blk->flushes, memory_order_relaxed),
        .bytes_read = atomic_load_explicit(&blk->bytes_read, memory_order_relaxed),
        .bytes_written = atomic_load_explicit(&blk->bytes_written, memory_order_relaxed),
        .errors = atomic_load_explicit(&blk->errors, memory_order_relaxed),
    };
}
