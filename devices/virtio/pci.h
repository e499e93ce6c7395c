// What the parts of the virtio PCI transport share: pci.c is the PCI function, registers.c the registers
// in it, run.c takes the device from state to state.
#pragma once
#include "lparun/virtio.h"
#include "lparun/sink.h"
#include <stdatomic.h>

// Regions of the BAR, as the capabilities describe them.
#define REGION_COMMON 0x0000
#define REGION_ISR 0x1000
#define REGION_DEVICE 0x2000
#define REGION_NOTIFY 0x3000
#define REGISTERS_SIZE                                                                                       \
    REGION_NOTIFY // what is served here; the doorbells behind it are on the bus by themselves
#define COMMON_SIZE 0x3c
#define NOTIFY_MULTIPLIER DOORBELL_SIZE

// Offsets in the common configuration.
#define DEVICE_FEATURE_SELECT 0x00
#define DEVICE_FEATURE 0x04
#define DRIVER_FEATURE_SELECT 0x08
#define DRIVER_FEATURE 0x0c
#define CONFIG_VECTOR 0x10
#define NUM_QUEUES 0x12
#define DEVICE_STATUS 0x14
#define CONFIG_GENERATION 0x15
#define QUEUE_SELECT 0x16
#define QUEUE_SIZE 0x18
#define QUEUE_VECTOR 0x1a
#define QUEUE_ENABLE 0x1c
#define QUEUE_NOTIFY_OFFSET 0x1e
#define QUEUE_DESCRIPTOR 0x20
#define QUEUE_DRIVER 0x28
#define QUEUE_DEVICE 0x30

#define ISR_QUEUE 1
#define ISR_CONFIG 2

typedef struct VirtioQueue {
    Doorbell *doorbell;
    uint16_t size;
    bool enabled;
    uint64_t descriptor_area, driver_area, device_area;
    _Atomic uint16_t vector;
    VirtioRing ring; // the device's between start and stop
} VirtioQueue;

typedef enum {
    VIRTIO_STOPPED,
    VIRTIO_HELD, // started, and may not use the bus
    VIRTIO_SERVING,
} VirtioState;

typedef struct VirtioRun {
    Iothread *iothread;
    IothreadPost post;
    VirtioState state; // the iothread's own, as the next
    bool is_quiet;

    GMutex lock; // guards what follows; the innermost
    GCond changed;
    VirtioState wanted;
    uint64_t features; // from the start on
    bool quiet;        // the device is stopped or held, as it was wanted last
} VirtioRun;

struct VirtioPci {
    VirtioContext context;
    char *name; // "virtio-blk0"
    const VirtioPciType *type;
    void *owner;
    PciDevice *function;
    Msix *msix;
    BusRange *registers;
    unsigned window_capability; // PCI_CFG's offset
    uint64_t offered;
    VirtioRun run;

    // Read and written without the lock by the device's iothread.
    _Atomic uint8_t status, isr;
    _Atomic uint16_t config_vector;

    GMutex lock;    // guards what follows; taken inside the function's lock, never the other way round
    bool running;   // the device is to be started, and not stopped yet
    bool started;   // since the last reset
    bool resetting; // the device has I/O under way
    bool master;    // it may use the bus
    bool held;      // the machine stands still
    uint32_t device_feature_select, driver_feature_select;
    uint64_t accepted; // what the driver wrote
    uint16_t queue_select;
    uint64_t registers_at; // GPA, or PCI_UNMAPPED
    Sink *select_sink;     // swallows stores that select queue 0 again
    uint8_t generation;
    uint8_t config[VIRTIO_CONFIG_MAX];
    unsigned queues;
    VirtioQueue queue[];
};

// An access to [offset, offset + size) of the registers; `size` is 1, 2, 4 or 8. Takes the lock.
uint64_t virtio_registers_read(VirtioPci *pci, unsigned offset, unsigned size);
void virtio_registers_write(VirtioPci *pci, unsigned offset, unsigned size, uint64_t value);
// Puts the sink where it belongs, after the registers moved or another queue was selected. Under the lock.
void virtio_registers_place_sink(VirtioPci *pci);
// Status 0 (2.1): stops the device and forgets everything. False while the device has I/O under way: the
// status reads as something else until it is over. Takes the lock.
bool virtio_registers_reset(VirtioPci *pci);
// The function may use the bus, or not any more. Takes the lock.
void virtio_registers_set_master(VirtioPci *pci, bool master);

// A device that is stopped and quiet. Before virtio_run_clear(), which waits until it is so again.
void virtio_run_init(VirtioPci *pci, Iothread *iothread);
void virtio_run_clear(VirtioPci *pci);
// Where the device shall go, with these features if it starts. Any thread but the iothread; does not wait.
void virtio_run_want(VirtioPci *pci, VirtioState wanted, uint64_t features);
// Has it got there, and touches nothing any more? Waits for `wait_us` microseconds at most. Not for SERVING.
bool virtio_run_is_quiet(VirtioPci *pci, int64_t wait_us);
