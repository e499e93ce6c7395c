// A virtio device is what it answers: a table, and functions that get requests (virtio 1.2, 2.6).
//
// Queues, their doorbells, the thread that serves them, interrupts, features, reset, stop and hold are here
// (devices/virtio/worker.c), on top of the PCI transport.
#pragma once
#include "lparun/virtio.h"

typedef struct VirtioDevice VirtioDevice;

// A chain of the driver's, on its way through the device. A device's own struct begins with it; all of its
// memory is there from the start.
typedef struct VirtioRequest {
    VirtioChain chain;
    struct VirtioServedQueue *queue; // the worker's, as are the next two
    struct VirtioRequest *next;
    int64_t taken; // when, for tracing: trace_now(); 0: it was not traced
} VirtioRequest;

// All but config_write on the iothread. What may be NULL is not there.
typedef struct VirtioDeviceType {
    uint16_t type;        // 5: the device ID
    uint32_t class_code;  // PCI's, 24 bits
    unsigned config_size; // bytes of device configuration, at most VIRTIO_CONFIG_MAX
    size_t request_size;  // bytes of the device's own struct; 0: it is VirtioRequest itself
    // A request is there, in queue `queue`: it is answered, dropped or over sooner or later. False: the chain
    // breaks the device's rules, so that there is no way to answer; the device needs a reset then.
    bool (*handle)(void *owner, unsigned queue, VirtioRequest *request);
    // virtio_request_done() was called, and the bus may be used: answers.
    void (*finish)(void *owner, VirtioRequest *request);
    // The driver is ready; `features` are the negotiated ones. May be NULL, as all that follow.
    void (*start)(void *owner, uint64_t features);
    // Begins nothing more with requests that it has, and touches no guest memory from virtio_device_quiet()
    // on. NULL: nothing of it goes on by itself.
    void (*hold)(void *owner);
    // Goes on.
    void (*release)(void *owner);
    // The same as hold(), and all requests are dropped or done by then. NULL: it has none.
    void (*cancel)(void *owner);
    // As VirtioPciOps.
    void (*config_write)(void *owner, unsigned offset, unsigned size, uint64_t value);
} VirtioDeviceType;

// With `queues` queues, served on `iothread`. `id` ("virtio-blk0") names the doorbells. `features` are the
// device's own: those of rings and transport come by themselves. Takes virtio_pci_vectors(queues) interrupt
// sources from `first_source` on. NULL and `error` (the host's).
VirtioDevice *virtio_device_new(const VirtioContext *context, const char *id, const VirtioDeviceType *type,
    void *owner, Iothread *iothread, uint64_t features, unsigned queues, uint32_t first_source,
    GError **error);
// Stops it and waits for that. As virtio_pci_free(), and before iothread_free().
void virtio_device_free(VirtioDevice *device);
// The transport, for virtio_pci_hold(), _release(), _device(), _set_config() and _doorbell().
VirtioPci *virtio_device_pci(const VirtioDevice *device);
unsigned virtio_device_queues(const VirtioDevice *device);

// --- For the device, on its iothread.

// hold() or cancel() is done, now or some time ago; maybe from within.
void virtio_device_quiet(VirtioDevice *device);
// May the bus not be used? Requests are answered only when it may, but for those that are done by
// virtio_request_done().
bool virtio_device_is_held(const VirtioDevice *device);

// The driver gets the request back, with `written` bytes of it written. It is gone from here on.
void virtio_request_answer(VirtioRequest *request, uint64_t written);
// The device is through with it: finish() answers, now or when the bus may be used again.
void virtio_request_done(VirtioRequest *request);
// It was cancelled: nobody waits for an answer.
void virtio_request_drop(VirtioRequest *request);
