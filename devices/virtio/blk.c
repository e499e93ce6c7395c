// The virtio block device (virtio 1.2, 5.2): requests from a ring to a Block and back, on an iothread.
#include "lparun/virtio_blk.h"
#include "lparun/bytes.h"
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

#define REQUESTS VIRTIO_QUEUE_SIZE

typedef struct Request {
    BlockRequest block;
    VirtioBlk *blk;
    struct Request *next; // in the free list, or of those that wait to be answered
    int result;           // the block layer's
    uint8_t *status;      // the chain's last byte, in guest memory
    uint64_t bytes;       // of data
    VirtioChain chain;
} Request;

struct VirtioBlk {
    VirtioPci *pci;
    Block *block;
    Iothread *iothread;
    uint64_t sectors;
    char serial[ID_SIZE];

    // The iothread's own.
    VirtioRing *ring; // NULL while stopped
    uint64_t features;
    IothreadWatch *watch;
    IothreadTask serve, publish;
    bool starved; // chains wait for a free request
    bool held;    // the bus is not to be used
    // Done while held, and answered later.
    Request *unanswered, **unanswered_end;
    // Requests that were never used lie untouched behind `fresh`, so that they cost no memory.
    Request *requests, *unused;
    unsigned fresh;

    // Written by the iothread alone.
    _Atomic uint64_t reads, writes, flushes, bytes_read, bytes_written, errors;
};

static void count(_Atomic uint64_t *counter, uint64_t more)
{
    uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, before + more, memory_order_relaxed);
}

static Request *take_request(VirtioBlk *blk)
{
    Request *request = blk->unused;
    if (request)
        blk->unused = request->next;
    else if (blk->fresh < REQUESTS)
        request = &blk->requests[blk->fresh++];
    return request;
}

static void give_back(VirtioBlk *blk, Request *request)
{
    request->next = blk->unused;
    blk->unused = request;
    if (blk->starved) {
        blk->starved = false;
        iothread_defer(blk->iothread, &blk->serve);
    }
}

// Ends a request; `written` is how many bytes of data the driver got.
static void answer(Request *request, uint8_t status, uint64_t written)
{
    VirtioBlk *blk = request->blk;
    if (status == STATUS_IOERR)
        count(&blk->errors, 1);
    if (blk->ring) {
        *request->status = status;
        // 2.7.8.2: the length counts from the first byte on, so the status byte at the end is in it only when
        // all data is.
        uint64_t length = written + (written == request->chain.in_bytes - 1);
        virtio_ring_push(blk->ring, request->chain.head, (uint32_t)MIN(length, UINT32_MAX));
        iothread_defer(blk->iothread, &blk->publish);
    }
    give_back(blk, request);
}

static void publish(void *opaque)
{
    VirtioBlk *blk = opaque;
    if (blk->ring && !blk->held && virtio_ring_publish(blk->ring))
        virtio_pci_notify(blk->pci, 0);
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

static void answer_block(Request *request)
{
    bool ok = request->result == 0;
    bool filled = ok && request->block.kind == BLOCK_READ;
    answer(request, ok ? STATUS_OK : STATUS_IOERR, filled ? request->bytes : 0);
}

static void block_done(BlockRequest *block_request, int result)
{
    Request *request = (Request *)((char *)block_request - offsetof(Request, block));
    VirtioBlk *blk = request->blk;
    request->result = result;
    if (result == -ECANCELED) {
        give_back(blk, request);
        return;
    }
    count_done(blk, request, result == 0);
    if (!blk->held) {
        answer_block(request);
        return;
    }
    request->next = NULL;
    *blk->unanswered_end = request;
    blk->unanswered_end = &request->next;
}

static void answer_waiting(VirtioBlk *blk)
{
    Request *request = blk->unanswered;
    blk->unanswered = NULL;
    blk->unanswered_end = &blk->unanswered;
    while (request) {
        Request *next = request->next;
        answer_block(request);
        request = next;
    }
}

static void submit(Request *request, BlockKind kind, uint64_t sector, struct iovec *iov, unsigned iov_count)
{
    VirtioBlk *blk = request->blk;
    request->block.kind = kind;
    // 5.2.6.2: without FLUSH the driver has no other way to make a write stable.
    request->block.stable = !(blk->features & FEATURE_FLUSH);
    request->block.offset = sector * BLOCK_SECTOR;
    request->block.iov = iov;
    request->block.iov_count = iov_count;
    request->block.done = block_done;
    block_submit(blk->block, &request->block);
}

static void transfer(Request *request, BlockKind kind, uint64_t sector, struct iovec *iov, unsigned iov_count)
{
    const VirtioBlk *blk = request->blk;
    uint64_t sectors = request->bytes / BLOCK_SECTOR;
    if (request->bytes % BLOCK_SECTOR || sector > blk->sectors || sectors > blk->sectors - sector ||
        (kind == BLOCK_WRITE && block_readonly(blk->block)))
        answer(request, STATUS_IOERR, 0);
    else
        submit(request, kind, sector, iov, iov_count);
}

static void get_id(Request *request, const struct iovec *iov, unsigned iov_count)
{
    const char *serial = request->blk->serial;
    uint64_t done = 0;
    for (unsigned i = 0; i < iov_count && done < ID_SIZE; i++) {
        size_t step = MIN(iov[i].iov_len, ID_SIZE - done);
        memcpy(iov[i].iov_base, serial + done, step);
        done += step;
    }
    answer(request, STATUS_OK, done);
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
static bool start_request(VirtioBlk *blk, Request *request)
{
    VirtioChain *chain = &request->chain;
    if (chain->out_bytes < HEADER_SIZE || chain->in_bytes < 1)
        return false;
    struct iovec *out, *in;
    unsigned out_count, in_count;
    uint8_t header[HEADER_SIZE];
    take_header(chain, header, &out, &out_count);
    request->blk = blk;
    request->status = take_status(chain, &in, &in_count);
    uint64_t sector = le_bytes_get(header + 8, 8);
    switch (le_bytes_get(header, 4) & ~(uint64_t)REQUEST_BARRIER) {
    case REQUEST_IN:
        request->bytes = chain->in_bytes - 1;
        transfer(request, BLOCK_READ, sector, in, in_count);
        break;
    case REQUEST_OUT:
        request->bytes = chain->out_bytes - HEADER_SIZE;
        transfer(request, BLOCK_WRITE, sector, out, out_count);
        break;
    case REQUEST_FLUSH:
        request->bytes = 0;
        submit(request, BLOCK_FLUSH, 0, NULL, 0);
        break;
    case REQUEST_GET_ID:
        get_id(request, in, in_count);
        break;
    default:
        answer(request, STATUS_UNSUPP, 0);
    }
    return true;
}

static void break_ring(VirtioBlk *blk)
{
    blk->ring->broken = true;
    virtio_pci_needs_reset(blk->pci);
}

// Takes what the ring holds. One round takes a ring's worth at most, so that a driver that always adds more
// does not keep other devices of the iothread waiting.
static void serve(void *opaque)
{
    VirtioBlk *blk = opaque;
    if (!blk->ring || blk->ring->broken || blk->held)
        return;
    virtio_ring_pause_bell(blk->ring);
    for (unsigned budget = blk->ring->size; budget; budget--) {
        Request *request = take_request(blk);
        blk->starved = !request;
        if (!request)
            return;
        VirtioPop pop = virtio_ring_pop(blk->ring, &request->chain);
        if (pop == VIRTIO_POP_CHAIN && start_request(blk, request))
            continue;
        give_back(blk, request);
        if (pop != VIRTIO_POP_EMPTY) {
            break_ring(blk);
            return;
        }
        if (!virtio_ring_resume_bell(blk->ring))
            return;
        virtio_ring_pause_bell(blk->ring);
    }
    iothread_defer(blk->iothread, &blk->serve);
}

static void start_device(void *owner, uint64_t features)
{
    VirtioBlk *blk = owner;
    blk->features = features;
    blk->starved = false;
    blk->held = true;
    blk->ring = virtio_pci_ring(blk->pci, 0);
    if (!blk->ring)
        return;
    blk->watch = iothread_watch(blk->iothread, doorbell_fd(virtio_pci_doorbell(blk->pci, 0)), serve, blk);
    if (!blk->watch) // the host has no memory for it
        break_ring(blk);
}

static void resume_device(void *owner)
{
    VirtioBlk *blk = owner;
    blk->held = false;
    block_release(blk->block);
    answer_waiting(blk);
    iothread_defer(blk->iothread, &blk->publish);
    serve(blk);
}

static void quiet(void *owner)
{
    VirtioBlk *blk = owner;
    virtio_pci_quiet(blk->pci);
}

static void hold_device(void *owner)
{
    VirtioBlk *blk = owner;
    blk->held = true;
    block_hold(blk->block, quiet, blk);
}

static void stop_device(void *owner)
{
    VirtioBlk *blk = owner;
    iothread_unwatch(blk->watch);
    blk->watch = NULL;
    blk->ring = NULL;
    blk->starved = false;
    blk->held = false;
    answer_waiting(blk); // to nobody
    iothread_undefer(blk->iothread, &blk->serve);
    iothread_undefer(blk->iothread, &blk->publish);
    block_cancel(blk->block, quiet, blk);
}

static const VirtioDeviceOps device_ops = {
    .start = start_device, .resume = resume_device, .hold = hold_device, .stop = stop_device
};

static const VirtioDeviceType device_type = {
    .type = 2,
    .class_code = 0x010000, // SLOF names the node scsi@ by it
    .config_size = CONFIG_SIZE,
    .ops = &device_ops,
};

static void describe(VirtioBlk *blk)
{
    uint8_t config[CONFIG_SIZE] = { 0 };
    le_bytes_put(config + CONFIG_CAPACITY, 8, blk->sectors);
    le_bytes_put(config + CONFIG_SEG_MAX, 4, VIRTIO_CHAIN_MAX - 2); // without header and status
    le_bytes_put(config + CONFIG_BLK_SIZE, 4, BLOCK_SECTOR);        // SLOF reads it whatever was negotiated
    virtio_pci_set_config(blk->pci, config);
}

static void release(VirtioBlk *blk)
{
    g_free(blk->requests);
    g_free(blk);
}

VirtioBlk *virtio_blk_new(const VirtioContext *context, const char *id, const char *serial, Block *block,
    Iothread *iothread, uint32_t first_source, GError **error)
{
    VirtioBlk *blk = g_new0(VirtioBlk, 1);
    blk->block = block;
    blk->iothread = iothread;
    blk->sectors = block_size(block) / BLOCK_SECTOR;
    if (serial)
        memcpy(blk->serial, serial, MIN(strlen(serial), ID_SIZE));
    blk->serve = (IothreadTask){ .run = serve, .opaque = blk };
    blk->publish = (IothreadTask){ .run = publish, .opaque = blk };
    blk->requests = g_new0(Request, REQUESTS);
    blk->unanswered_end = &blk->unanswered;
    uint64_t features = FEATURE_SEG_MAX | FEATURE_BLK_SIZE | FEATURE_FLUSH | VIRTIO_F_INDIRECT_DESC |
                        VIRTIO_F_EVENT_IDX | (block_readonly(block) ? FEATURE_RO : 0);
    if (block_attach(block, iothread, error))
        blk->pci = virtio_pci_new(context, id, &device_type, blk, iothread, features, 1, first_source, error);
    if (!blk->pci) {
        block_detach(block);
        release(blk);
        return NULL;
    }
    describe(blk);
    return blk;
}

void virtio_blk_free(VirtioBlk *blk)
{
    if (!blk)
        return;
    virtio_pci_free(blk->pci);
    block_detach(blk->block);
    release(blk);
}

bool virtio_blk_hold(VirtioBlk *blk)
{
    return virtio_pci_hold(blk->pci);
}

void virtio_blk_release(VirtioBlk *blk)
{
    virtio_pci_release(blk->pci);
}

PciDevice *virtio_blk_pci(VirtioBlk *blk)
{
    return virtio_pci_device(blk->pci);
}

unsigned virtio_blk_doorbell_count(const VirtioBlk *blk)
{
    return 1;
}

Doorbell *virtio_blk_doorbell(VirtioBlk *blk, unsigned index)
{
    return virtio_pci_doorbell(blk->pci, index);
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
