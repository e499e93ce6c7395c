// Serves a virtio device's queues on an iothread: takes requests by rounds, publishes answers by batches, and
// brings the device to a stand.
#include "lparun/virtio_device.h"
#include "lparun/usdt.h"
#include "trace.h"

#define REQUESTS VIRTIO_QUEUE_SIZE // of a queue that are under way at once

typedef struct VirtioServedQueue {
    VirtioDevice *device;
    unsigned index;
    VirtioRing *ring; // NULL while stopped, or not enabled
    IothreadWatch *watch;
    IothreadTask serve, publish;
    bool starved; // chains wait for a free request
    // Requests that were never used lie untouched behind `fresh`, so that they cost no memory.
    uint8_t *requests;
    VirtioRequest *unused;
    unsigned fresh;
} Queue;

struct VirtioDevice {
    const VirtioDeviceType *type;
    VirtioPciType pci_type;
    void *owner;
    VirtioPci *pci;
    const char *name; // `pci`'s
    Iothread *iothread;
    size_t request_size;
    // The iothread's own.
    bool held; // the bus is not to be used
    // Done while held, and finished later.
    VirtioRequest *unfinished, **unfinished_end;
    unsigned queue_count;
    Queue queues[];
};

// --- Requests.

static VirtioRequest *take_request(Queue *queue)
{
    VirtioRequest *request = queue->unused;
    if (request)
        queue->unused = request->next;
    else if (queue->fresh < REQUESTS)
        request = (VirtioRequest *)(queue->requests + queue->fresh++ * queue->device->request_size);
    return request;
}

static void give_back(Queue *queue, VirtioRequest *request)
{
    request->next = queue->unused;
    queue->unused = request;
    if (queue->starved) {
        queue->starved = false;
        iothread_defer(queue->device->iothread, &queue->serve);
    }
}

// As lines of tracing have it.
static VirtioTraced traced(const VirtioRequest *request)
{
    const Queue *queue = request->queue;
    return (VirtioTraced){ queue->device->name, queue->index, request->chain.head };
}

static void trace_taken(VirtioRequest *request)
{
    const VirtioTraced what = traced(request);
    request->taken = virtio_trace_request(&what, &request->chain);
}

static void trace_answer(const VirtioRequest *request, uint64_t written)
{
    const VirtioTraced what = traced(request);
    virtio_trace_answer(&what, request->taken, written);
}

void virtio_request_answer(VirtioRequest *request, uint64_t written)
{
    Queue *queue = request->queue;
    USDT4(virtio_answer, queue->device->name, queue->index, request->chain.head, written);
    if (trace_wants(TRACE_BIT(VIRTIO_ANSWER)))
        trace_answer(request, written);
    if (queue->ring) {
        virtio_ring_push(queue->ring, request->chain.head, (uint32_t)MIN(written, UINT32_MAX));
        iothread_defer(queue->device->iothread, &queue->publish);
    }
    give_back(queue, request);
}

void virtio_request_drop(VirtioRequest *request)
{
    give_back(request->queue, request);
}

void virtio_request_done(VirtioRequest *request)
{
    VirtioDevice *device = request->queue->device;
    if (!request->queue->ring) { // stopped meanwhile
        virtio_request_drop(request);
    } else if (!device->held) {
        device->type->finish(device->owner, request);
    } else {
        request->next = NULL;
        *device->unfinished_end = request;
        device->unfinished_end = &request->next;
    }
}

static void finish_waiting(VirtioDevice *device)
{
    VirtioRequest *request = device->unfinished;
    device->unfinished = NULL;
    device->unfinished_end = &device->unfinished;
    while (request) {
        VirtioRequest *next = request->next;
        virtio_request_done(request);
        request = next;
    }
}

// --- A queue.

static void publish(void *owner)
{
    Queue *queue = owner;
    if (queue->ring && !queue->device->held && virtio_ring_publish(queue->ring))
        virtio_pci_notify(queue->device->pci, queue->index);
}

static void break_ring(Queue *queue)
{
    queue->ring->broken = true;
    trace_fault(TRACE_FAULT_VIRTIO, "%s queue %u: %s; the device needs a reset", queue->device->name,
        queue->index, queue->ring->why ? queue->ring->why : "a request that the device cannot answer");
    virtio_pci_needs_reset(queue->device->pci);
}

static void taken(VirtioRequest *request)
{
    USDT4(virtio_request, request->queue->device->name, request->queue->index, request->chain.head,
        request->chain.in_bytes);
    if (trace_wants(TRACE_BIT(VIRTIO_REQUEST) | TRACE_BIT(VIRTIO_ANSWER)))
        trace_taken(request);
}

// Takes what the ring holds. One round takes a ring's worth at most, so that a driver that always adds more
// does not keep other devices of the iothread waiting.
static void serve(void *owner)
{
    Queue *queue = owner;
    VirtioDevice *device = queue->device;
    if (!queue->ring || queue->ring->broken || device->held)
        return;
    virtio_ring_pause_bell(queue->ring);
    for (unsigned budget = queue->ring->size; budget; budget--) {
        VirtioRequest *request = take_request(queue);
        queue->starved = !request;
        if (!request)
            return;
        request->queue = queue;
        VirtioPop pop = virtio_ring_pop(queue->ring, &request->chain);
        if (pop == VIRTIO_POP_CHAIN)
            taken(request);
        if (pop == VIRTIO_POP_CHAIN && device->type->handle(device->owner, queue->index, request))
            continue;
        give_back(queue, request);
        if (pop != VIRTIO_POP_EMPTY) {
            break_ring(queue);
            return;
        }
        if (!virtio_ring_resume_bell(queue->ring))
            return;
        virtio_ring_pause_bell(queue->ring);
    }
    iothread_defer(device->iothread, &queue->serve);
}

static void start_queue(Queue *queue)
{
    VirtioDevice *device = queue->device;
    queue->starved = false;
    queue->ring = virtio_pci_ring(device->pci, queue->index);
    if (!queue->ring)
        return;
    int bell = doorbell_fd(virtio_pci_doorbell(device->pci, queue->index));
    queue->watch = iothread_watch(device->iothread, bell, serve, queue);
    if (!queue->watch) {
        queue->ring->why = "the host has no memory to serve it";
        break_ring(queue);
    }
}

static void stop_queue(Queue *queue)
{
    iothread_unwatch(queue->watch);
    queue->watch = NULL;
    queue->ring = NULL;
    queue->starved = false;
    iothread_undefer(queue->device->iothread, &queue->serve);
    iothread_undefer(queue->device->iothread, &queue->publish);
}

// --- From state to state: VirtioPciOps.

static void start_device(void *owner, uint64_t features)
{
    VirtioDevice *device = owner;
    device->held = true;
    if (device->type->start)
        device->type->start(device->owner, features);
    for (unsigned i = 0; i < device->queue_count; i++)
        start_queue(&device->queues[i]);
}

static void resume_device(void *owner)
{
    VirtioDevice *device = owner;
    device->held = false;
    if (device->type->release)
        device->type->release(device->owner);
    finish_waiting(device);
    for (unsigned i = 0; i < device->queue_count; i++) {
        iothread_defer(device->iothread, &device->queues[i].publish);
        serve(&device->queues[i]);
    }
}

static void hold_device(void *owner)
{
    VirtioDevice *device = owner;
    device->held = true;
    if (device->type->hold)
        device->type->hold(device->owner);
    else
        virtio_device_quiet(device);
}

static void stop_device(void *owner)
{
    VirtioDevice *device = owner;
    for (unsigned i = 0; i < device->queue_count; i++)
        stop_queue(&device->queues[i]);
    device->held = false;
    finish_waiting(device); // for nobody
    if (device->type->cancel)
        device->type->cancel(device->owner);
    else
        virtio_device_quiet(device);
}

static void write_config(void *owner, unsigned offset, unsigned size, uint64_t value)
{
    const VirtioDevice *device = owner;
    if (device->type->config_write)
        device->type->config_write(device->owner, offset, size, value);
}

static const VirtioPciOps pci_ops = { .start = start_device,
    .resume = resume_device,
    .hold = hold_device,
    .stop = stop_device,
    .config_write = write_config };

void virtio_device_quiet(VirtioDevice *device)
{
    virtio_pci_quiet(device->pci);
}

bool virtio_device_is_held(const VirtioDevice *device)
{
    return device->held;
}

// --- Making one.

static void make_queue(VirtioDevice *device, unsigned index)
{
    Queue *queue = &device->queues[index];
    *queue = (Queue){ .device = device, .index = index };
    queue->serve = (IothreadTask){ .run = serve, .owner = queue };
    queue->publish = (IothreadTask){ .run = publish, .owner = queue };
    queue->requests = g_malloc0_n(REQUESTS, device->request_size);
}

static void release(VirtioDevice *device)
{
    for (unsigned i = 0; i < device->queue_count; i++)
        g_free(device->queues[i].requests);
    g_free(device);
}

VirtioDevice *virtio_device_new(const VirtioContext *context, const char *id, const VirtioDeviceType *type,
    void *owner, Iothread *iothread, uint64_t features, unsigned queues, uint32_t first_source,
    GError **error)
{
    VirtioDevice *device = g_malloc0(sizeof *device + queues * sizeof device->queues[0]);
    device->type = type;
    device->owner = owner;
    device->iothread = iothread;
    device->request_size = type->request_size ? type->request_size : sizeof(VirtioRequest);
    device->unfinished_end = &device->unfinished;
    device->queue_count = queues;
    device->pci_type = (VirtioPciType){
        .type = type->type, .class_code = type->class_code, .config_size = type->config_size, .ops = &pci_ops
    };
    for (unsigned i = 0; i < queues; i++)
        make_queue(device, i);
    device->pci = virtio_pci_new(context, id, &device->pci_type, device, iothread,
        features | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX, queues, first_source, error);
    if (device->pci) {
        device->name = virtio_pci_name(device->pci);
        return device;
    }
    release(device);
    return NULL;
}

void virtio_device_free(VirtioDevice *device)
{
    if (!device)
        return;
    virtio_pci_free(device->pci);
    release(device);
}

VirtioPci *virtio_device_pci(const VirtioDevice *device)
{
    return device->pci;
}

unsigned virtio_device_queues(const VirtioDevice *device)
{
    return device->queue_count;
}
