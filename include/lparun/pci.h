// PCI functions and the pseries PCI host bridge they sit on.
#pragma once
#include "lparun/part.h"
#include "lparun/bus.h"
#include "lparun/dma_window.h"
#include "lparun/interrupt.h"
#include "lparun/tree.h"

typedef struct PciDevice PciDevice; // one function
typedef struct PciHost PciHost;
typedef struct Msix Msix;

typedef struct PciIdentity {
    uint16_t vendor, device, subsystem_vendor, subsystem;
    uint32_t class_code; // 24 bits: class, subclass, programming interface
    uint8_t revision;
} PciIdentity;

typedef enum {
    PCI_BAR_MEM32, // not prefetchable, 32 bits
    PCI_BAR_MEM64, // prefetchable, 64 bits; takes the next BAR's register too
} PciBarKind;

#define PCI_UNMAPPED UINT64_MAX
#define PCI_BARS 6

typedef struct PciBar {
    PciBarKind kind;
    uint64_t size;    // bytes
    uint64_t address; // on the bus; PCI_UNMAPPED: nowhere
} PciBar;

typedef struct PciDeviceOps {
    // BAR `bar` is now at guest physical address `address`, or PCI_UNMAPPED while COMMAND.MEM is clear, the
    // BAR is outside the bridge's windows or the function is being reset. Under the function's lock, on a
    // vCPU's thread.
    void (*bar_moved)(void *owner, unsigned bar, uint64_t address);
    // A configuration access to a byte range that pci_device_set_window() claimed; may be NULL. Under the
    // lock.
    uint32_t (*window_read)(void *owner, unsigned offset, unsigned size);
    void (*window_write)(void *owner, unsigned offset, unsigned size, uint32_t value);
    // COMMAND's bus master bit changed: while it is clear, the function neither reads nor writes memory.
    // Under the lock; may be NULL.
    void (*set_master)(void *owner, bool master);
    // Bus reset: BARs and COMMAND are already clear. False while the function has I/O under way: it is asked
    // again. Under the lock; may be NULL.
    bool (*reset)(void *owner);
} PciDeviceOps;

// A function that is on no bridge yet.
PciDevice *pci_device_new(const PciIdentity *identity, const PciDeviceOps *ops, void *owner);
void pci_device_free(PciDevice *device);
// `size`: a power of two, at least 4096 bytes. Only while the machine is built.
void pci_device_add_bar(PciDevice *device, unsigned bar, PciBarKind kind, uint64_t size);
// Appends a capability: id, next pointer, then the `length` bytes of `body` (read-only to the guest). Returns
// its offset in configuration space. Only while the machine is built.
unsigned pci_device_add_capability(PciDevice *device, uint8_t id, const void *body, unsigned length);
// Lets the guest write the bits of `mask` (little-endian value of `size` bytes) at `offset`.
void pci_device_set_writable(PciDevice *device, unsigned offset, unsigned size, uint32_t mask);
// Accesses that touch [offset, offset + length) go to window_read and window_write, with the offset from
// here.
void pci_device_set_window(PciDevice *device, unsigned offset, unsigned length);
// The bytes of configuration space for the owner of the capability; not through the guest's rules.
uint8_t *pci_device_config(PciDevice *device);

// What the bridge calls. `size` is 1, 2 or 4, `offset` a multiple of it below 4096; values are little-endian
// numbers. Take the function's lock. Any vCPU thread.
uint32_t pci_device_read(PciDevice *device, unsigned offset, unsigned size);
void pci_device_write(PciDevice *device, unsigned offset, unsigned size, uint32_t value);
// A base address register as it is now. False: there is none of this number. Any thread.
bool pci_device_bar(PciDevice *device, unsigned bar, PciBar *now);
// Back to the state after power-on. False while the function has I/O under way, which may still write to
// memory: call it again. No vCPU may run.
bool pci_device_reset(PciDevice *device);
// May the function use the bus? Under its lock.
bool pci_device_is_master(const PciDevice *device);
// The function's node (IEEE 1275 PCI binding, 4.1) as firmware would write it, but for the BARs' addresses:
// the guest gives them theirs. Only while no vCPU runs.
void pci_device_describe(const PciDevice *device, unsigned slot, Tree *tree);
// How the bridge turns a BAR's value into a guest physical address: PCI_UNMAPPED when the range is in no
// window.
typedef uint64_t (*PciTranslate)(void *bridge, PciBarKind kind, uint64_t bar, uint64_t size);
// For the bridge: from now on BARs lie where `translate` says; and nowhere any more, with no use of the bus.
// The first before any vCPU can know of the function.
void pci_device_attach(PciDevice *device, PciTranslate translate, void *bridge);
void pci_device_detach(PciDevice *device);

// MSI-X for `device`: table and pending bits in BAR `bar` (4 KiB), one interrupt line a vector.
// `first_source` is the source number of vector 0. The table and PBA are mapped by msix_moved(), which the
// owner's bar_moved() calls. NULL and `error` when KVM refuses a source.
Msix *msix_new(PciDevice *device, Bus *bus, InterruptController *controller, unsigned bar, unsigned vectors,
    uint32_t first_source, GError **error);
void msix_free(Msix *msix);
void msix_moved(Msix *msix, uint64_t address);
// devices/pci/device.c calls these two: after each write of the guest's to configuration space, and on a
// reset (nothing is granted then, all vectors are masked).
void msix_configured(Msix *msix);
void msix_reset(Msix *msix);
// Has the guest switched MSI-X on? Any thread.
bool msix_enabled(const Msix *msix);
// How many there are.
unsigned msix_vectors(const Msix *msix);
// Sends vector `vector`, or marks it pending while it or the function is masked, or the function may not use
// the bus (a message is a write to memory: PCI 3.0, 6.8.3). Nothing for a vector that is
// out of range, has no grant, or while MSI-X is off. Any thread; takes no lock and allocates nothing.
void msix_send(Msix *msix, unsigned vector);
// RTAS ibm,change-msi: the source numbers that the platform gives to vectors [0, count); 0 takes all back.
// Any thread.
void msix_grant(Msix *msix, unsigned count);
// The source number of a vector, granted or not.
uint32_t msix_source(const Msix *msix, unsigned vector);
// The function's MSI-X, for devices/pci/device.c and RTAS; NULL: it has none. Set while the machine is built.
void pci_device_set_msix(PciDevice *device, Msix *msix);
Msix *pci_device_msix(PciDevice *device);

// The bridge with PAPR's logical PHB 0. Its windows: 32-bit memory at 0x2000_8000_0000 (PCI address
// 0x8000_0000), 64-bit memory at 0x2100_0000_0000 (the same PCI address), 1 TiB. `dma` may be NULL in tests;
// it stays the caller's.
PciHost *pci_host_new(const DmaWindow *dma);
void pci_host_free(PciHost *host);
extern const PartOps pci_host_part;
// Puts a function into `slot` (0 to 31). False when the slot is taken. The bridge owns it afterwards.
bool pci_host_add(PciHost *host, unsigned slot, PciDevice *device);
// Takes the function out of its slot, where vCPUs find it no more, and off the bus. It is the caller's then,
// who frees it after vcpu_set_settle(). NULL: there is none. Any thread but a vCPU's.
PciDevice *pci_host_remove(PciHost *host, unsigned slot);
// The interrupt source of a function's first vector: its slot's alone, whatever else is on the bridge. It may
// have SOURCE_MSI_SLOT of them.
uint32_t pci_slot_source(unsigned slot);
// The first free slot, or -1.
int pci_host_free_slot(const PciHost *host);
// The function that a configuration address names (bus << 16 | devfn << 8, RTAS ibm,read-pci-config), or
// NULL.
PciDevice *pci_host_find(PciHost *host, uint64_t buid, uint32_t config_address);
// All functions are as after power-on. False while one has I/O under way: call it again. No vCPU may run.
bool pci_host_reset(PciHost *host);
// `functions`: with a node for every function, where no firmware looks for them.
void pci_host_describe(const PciHost *host, bool functions, Tree *tree);
