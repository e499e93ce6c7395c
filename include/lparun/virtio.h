// Virtio: split rings, the modern PCI transport, and what a device on it provides.
//
// A device is three layers, in devices/virtio/: pci.c has what the guest's vCPUs touch (registers, features,
// status), the device (blk.c, ...) has an iothread's work, and ring.c walks the rings for it. Source: virtio
// 1.2.
#pragma once
#include "lparun/bus.h"
#include "lparun/doorbell.h"
#include "lparun/interrupt.h"
#include "lparun/iothread.h"
#include "lparun/memory.h"
#include "lparun/pci.h"
#include <sys/uio.h>

#define VIRTIO_F_INDIRECT_DESC (1ULL << 28)
#define VIRTIO_F_EVENT_IDX (1ULL << 29)
#define VIRTIO_F_VERSION_1 (1ULL << 32)

#define VIRTIO_NO_VECTOR 0xffff
#define VIRTIO_QUEUE_SIZE 256 // entries that every queue offers; the driver may choose less

// Device status bits (2.1).
#define VIRTIO_STATUS_ACKNOWLEDGE 0x01
#define VIRTIO_STATUS_DRIVER 0x02
#define VIRTIO_STATUS_DRIVER_OK 0x04
#define VIRTIO_STATUS_FEATURES_OK 0x08
#define VIRTIO_STATUS_NEEDS_RESET 0x40
#define VIRTIO_STATUS_FAILED 0x80

// --- Rings (2.7). Each is used by one thread at a time.

// Descriptors of one chain, those of an indirect table included. A driver must stay below the queue's size
// (2.7.5.3.1), but Linux goes by seg_max when it chose a smaller queue.
#define VIRTIO_CHAIN_MAX VIRTIO_QUEUE_SIZE

// A request as the driver chained it: host addresses of the bytes that the device reads, then of those it
// writes. Descriptors without bytes are left out.
typedef struct VirtioChain {
    uint16_t head; // names the request in the used ring
    unsigned out_count, in_count;
    uint64_t out_bytes, in_bytes;
    struct iovec iov[VIRTIO_CHAIN_MAX];
} VirtioChain;

typedef struct VirtioDescriptor VirtioDescriptor;

typedef struct VirtioRing {
    const GuestMemory *memory;
    bool indirect, event_index;
    bool broken;     // the driver broke a rule; nothing more is read or written
    const char *why; // a few words on that rule, where it is known
    uint16_t size;
    uint16_t next;      // avail index of the next chain to take
    uint16_t seen;      // avail index read last
    uint16_t used;      // used index, elements that are not published yet included
    uint16_t published; // used index that the driver knows
    const VirtioDescriptor *descriptors;
    const uint8_t *driver_area; // avail ring
    uint8_t *device_area;       // used ring
} VirtioRing;

// Starts at index 0 with `size` (a power of two) entries and the areas at these GPAs. False when one is not
// in RAM or not aligned (2.7: 16, 2 and 4 bytes).
bool virtio_ring_start(VirtioRing *ring, const GuestMemory *memory, unsigned size, uint64_t descriptor_area,
    uint64_t driver_area, uint64_t device_area, uint64_t features);

typedef enum {
    VIRTIO_POP_EMPTY,
    VIRTIO_POP_CHAIN,
    VIRTIO_POP_BROKEN, // the ring is broken, now or already: DEVICE_NEEDS_RESET
} VirtioPop;
// Takes the next chain.
VirtioPop virtio_ring_pop(VirtioRing *ring, VirtioChain *chain);
// Puts a chain into the used ring with the number of bytes that were written to it. The driver learns of it
// with the next virtio_ring_publish(), which returns whether it wants to be notified. Nothing for a broken
// ring.
void virtio_ring_push(VirtioRing *ring, uint16_t head, uint32_t written);
bool virtio_ring_publish(VirtioRing *ring);
// Asks the driver not to ring, or to ring again. The latter returns true when chains came meanwhile: take
// them first.
void virtio_ring_pause_bell(VirtioRing *ring);
bool virtio_ring_resume_bell(VirtioRing *ring);

// --- The PCI transport (4.1), as devices see it.

typedef struct VirtioPci VirtioPci;

// What every device is given.
typedef struct VirtioContext {
    KvmVm *vm;
    Bus *bus;
    Bus *doorbell_bus; // where doorbells are besides KVM's own bus: `bus`, or NULL (doorbell.h)
    GuestMemory *memory;
    InterruptController *interrupts;
    struct Timeline *timeline; // that disks mark; or NULL
} VirtioContext;

// What a device does for its transport, on its iothread: no vCPU waits for it, and it waits for none. A
// device that starts is held, until resume() says that it may use the bus.
typedef struct VirtioPciOps {
    // DRIVER_OK: virtio_pci_ring() is ready for each enabled queue. `features` are the negotiated ones.
    void (*start)(void *owner, uint64_t features);
    // Bus mastering is on (PCI 3.0, 6.2.2): what waits goes on.
    void (*resume)(void *owner);
    // Bus mastering is off: begins nothing more, and calls virtio_pci_quiet() when no ring and no guest
    // memory is touched any more. What is to be done and to be answered waits for resume().
    void (*hold)(void *owner);
    // Reset, or the driver took DRIVER_OK back: as hold(), and all that waits is forgotten, even after a
    // hold(). virtio_pci_quiet() then says that all I/O is done, too.
    void (*stop)(void *owner);
    // A write into the device configuration, inside config_size; may be NULL. On a vCPU's thread.
    void (*config_write)(void *owner, unsigned offset, unsigned size, uint64_t value);
} VirtioPciOps;

typedef struct VirtioPciType {
    uint16_t type;        // 5: the device ID
    uint32_t class_code;  // PCI's, 24 bits
    unsigned config_size; // bytes of device configuration, at most VIRTIO_CONFIG_MAX
    const VirtioPciOps *ops;
} VirtioPciType;

#define VIRTIO_CONFIG_MAX 256

// A transport with `queues` queues, reset and on no bridge. `id` ("virtio-blk0", copied) names the doorbells.
// The device works on `iothread`. `features` is what it offers; VERSION_1 comes by itself. It takes
// virtio_pci_vectors(queues) interrupt sources from `first_source` on: configuration changes, then one a
// queue. NULL and `error` (the host's).
VirtioPci *virtio_pci_new(const VirtioContext *context, const char *id, const VirtioPciType *type,
    void *owner, Iothread *iothread, uint64_t features, unsigned queues, uint32_t first_source,
    GError **error);
// Stops the device first, and waits for it. The PCI function is left to the bridge that owns it (without one:
// to pci_device_free()); this and pci_host_free() may come in either order. Before bus_free() and
// interrupt_controller_free().
void virtio_pci_free(VirtioPci *pci);
static inline unsigned virtio_pci_vectors(unsigned queues)
{
    return queues + 1;
}

// The machine stands still: the device takes nothing from its rings and touches no guest memory, until it is
// released; what its driver does meanwhile counts from then on. False while it is not there yet: call it
// again. Waits a moment at most, and the first time only. Not on a vCPU's thread.
bool virtio_pci_hold(VirtioPci *pci);
void virtio_pci_release(VirtioPci *pci);

// Its `id`. Any thread.
const char *virtio_pci_name(const VirtioPci *pci);
PciDevice *virtio_pci_device(VirtioPci *pci);
// Offers the driver `features` no more. Before any vCPU runs.
void virtio_pci_withhold(VirtioPci *pci, uint64_t features);
Doorbell *virtio_pci_doorbell(VirtioPci *pci, unsigned queue);
// How many requests the driver has put into `queue` and not got back, as its ring in memory says. Any thread.
unsigned virtio_pci_waiting(VirtioPci *pci, unsigned queue);
// NULL for a queue that the driver has not enabled. Between start and stop.
VirtioRing *virtio_pci_ring(VirtioPci *pci, unsigned queue);

// Replaces the device configuration (little-endian fields, `config_size` bytes) and tells a running driver if
// it changed. Any thread but the device's iothread.
void virtio_pci_set_config(VirtioPci *pci, const void *config);
// hold() or stop() is done, now or some time ago; maybe from within. On the device's iothread.
void virtio_pci_quiet(VirtioPci *pci);
// Used buffer notification for `queue`. Any thread, no lock.
void virtio_pci_notify(VirtioPci *pci, unsigned queue);
// The driver broke a ring: sets DEVICE_NEEDS_RESET (2.1.2) and tells it, once. Any thread, no lock.
void virtio_pci_needs_reset(VirtioPci *pci);
