// A machine without a CPU, and a virtio driver in place of its guest: what tests of devices drive them with.
#pragma once
#include "fake_kvm.h"
#include "lparun/virtio.h"

#define GUEST_RAM (16u << 20)
#define GUEST_BAR1 0x200080000000ULL
#define GUEST_BAR4 0x210000000000ULL
#define GUEST_SOURCE 0x1200 // the first interrupt source of the device under test

typedef struct Guest {
    KvmVm *vm;
    Bus *bus;
    GuestMemory *memory;
    InterruptController *interrupts;
    VirtioContext context;
    PciDevice *device;
} Guest;

void guest_open(Guest *guest);
// Frees the PCI function too.
void guest_close(Guest *guest);

// Plugs the function in as a bridge would; its BARs are then set to the addresses above and decoded.
void guest_plug(Guest *guest, PciDevice *device);
void guest_place_bars(Guest *guest, uint64_t bar1, uint64_t bar4);
// The offset of the vendor capability of this virtio type; 0 when there is none.
unsigned guest_find_capability(Guest *guest, uint8_t type);

// Accesses as a vCPU makes them: the kernel's bus first, then the userspace one. The latter must take it.
uint64_t guest_load(Guest *guest, uint64_t gpa, unsigned size);
void guest_store(Guest *guest, uint64_t gpa, unsigned size, uint64_t value);
// The same in the common configuration.
uint64_t guest_common(Guest *guest, unsigned offset, unsigned size);
void guest_set_common(Guest *guest, unsigned offset, unsigned size, uint64_t value);
uint8_t guest_status(Guest *guest);

uint64_t guest_offered(Guest *guest);
// Waits until the device says that it is done.
void guest_reset(Guest *guest);
// From a reset to FEATURES_OK; false when the device does not take the features.
bool guest_negotiate(Guest *guest, uint64_t features);
void guest_driver_ok(Guest *guest);
// MSI-X on, all vectors granted and unmasked.
void guest_enable_msix(Guest *guest);
void guest_mask_vector(Guest *guest, unsigned vector, bool masked);

#define DESC_NEXT 1
#define DESC_WRITE 2
#define DESC_INDIRECT 4

// A queue with its three areas at `base` and following.
typedef struct GuestQueue {
    Guest *guest;
    unsigned index, size;
    uint64_t descriptors, avail, used, tables; // GPAs; `tables` is room for indirect tables
    uint16_t avail_index, used_seen;
    unsigned next_descriptor;
} GuestQueue;

typedef struct GuestBuffer {
    uint64_t gpa;
    uint32_t length;
    bool write; // for the device to write
} GuestBuffer;

// Programs the queue and enables it with MSI-X vector `vector`.
void guest_queue_setup(
    GuestQueue *queue, Guest *guest, unsigned index, unsigned size, uint64_t base, unsigned vector);
void guest_set_descriptor(
    GuestQueue *queue, unsigned index, uint64_t gpa, uint32_t length, unsigned flags, unsigned next);
void guest_set_table(GuestQueue *queue, uint64_t table, unsigned index, uint64_t gpa, uint32_t length,
    unsigned flags, unsigned next);
// Chains the buffers, directly or in one indirect table, and makes them available. Returns the head.
uint16_t guest_add(GuestQueue *queue, const GuestBuffer *buffers, unsigned count, bool indirect);
// Makes a head available by hand.
void guest_offer(GuestQueue *queue, uint16_t head);
void guest_set_avail_index(GuestQueue *queue, uint16_t index);
void guest_set_avail_flags(GuestQueue *queue, uint16_t flags);
void guest_set_used_event(GuestQueue *queue, uint16_t index);
uint16_t guest_used_flags(GuestQueue *queue);
uint16_t guest_avail_event(GuestQueue *queue);
uint16_t guest_used_index(GuestQueue *queue);
void guest_kick(GuestQueue *queue);
// Waits up to five seconds (SLOF's patience) for the next used element.
bool guest_wait_used(GuestQueue *queue, uint32_t *head, uint32_t *length);
// Waits for status bits, as long.
bool guest_wait_status(Guest *guest, uint8_t bits);
