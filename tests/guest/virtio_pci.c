// PCI configuration through RTAS, as far as one virtio function needs it.
#include "virtio_pci.h"
#include "fdt.h"
#include "payload.h"
#include "rtas.h"

#define VENDOR_AND_DEVICE 0x10421af4 // virtio-blk, not transitional
#define COMMAND 0x04
#define COMMAND_MEMORY 0x0002
#define COMMAND_MASTER 0x0004
#define BAR(number) (0x10 + 4 * (number))
#define CAPABILITY_POINTER 0x34
#define CAPABILITY_VENDOR 0x09
#define CAPABILITY_MSIX 0x11

typedef struct Function {
    uint64_t buid;
    uint32_t slot;
} Function;

// LoPAR 7.3.4: bus, device and function, register.
static uint32_t config_address(const Function *function, unsigned at)
{
    return function->slot << 11 | at;
}

static uint32_t config_read(const Function *function, unsigned at, unsigned size)
{
    const uint32_t inputs[] = { config_address(function, at), function->buid >> 32, (uint32_t)function->buid,
        size };
    uint32_t outputs[2];
    rtas_call("ibm,read-pci-config", inputs, 4, outputs, 2);
    return outputs[0] == 0 ? outputs[1] : UINT32_MAX;
}

static void config_write(const Function *function, unsigned at, unsigned size, uint32_t value)
{
    const uint32_t inputs[] = { config_address(function, at), function->buid >> 32, (uint32_t)function->buid,
        size, value };
    uint32_t status;
    rtas_call("ibm,write-pci-config", inputs, 5, &status, 1);
    if (status != 0)
        payload_bail("ibm,write-pci-config: status %d", (int)status);
}

static Function find_function(FdtNode bridge)
{
    Function function = { .buid = fdt_wide(bridge, "reg", 0) };
    for (; function.slot < 32; function.slot++)
        if (config_read(&function, 0, 4) == VENDOR_AND_DEVICE)
            return function;
    payload_bail("no virtio-blk function on the PCI bridge; give a -drive");
}

// Where the window of a kind (2: 32-bit memory, 3: 64-bit memory) starts on the bus, and for the processor.
static uint64_t window(FdtNode bridge, uint32_t kind, uint64_t *processor)
{
    uint32_t space;
    for (unsigned at = 0; fdt_cell(bridge, "ranges", at, &space); at += 7)
        if ((space >> 24 & 3) == kind) {
            *processor = fdt_wide(bridge, "ranges", at + 3);
            return fdt_wide(bridge, "ranges", at + 1);
        }
    payload_bail("the PCI bridge has no window of kind %u", kind);
}

// Puts a BAR at the start of the window for its kind. Returns the address for the processor.
static uint64_t place_bar(const Function *function, FdtNode bridge, unsigned number, uint64_t *size)
{
    unsigned at = BAR(number);
    unsigned wide = config_read(function, at, 4) >> 1 & 2; // 2 for 64 bits
    uint64_t processor, bus = window(bridge, wide ? 3 : 2, &processor);
    config_write(function, at, 4, UINT32_MAX);
    *size = -(config_read(function, at, 4) & ~0xfu) & UINT32_MAX;
    config_write(function, at, 4, (uint32_t)bus);
    if (wide)
        config_write(function, at + 4, 4, bus >> 32);
    return processor;
}

// One of virtio's capabilities: kind, BAR, offset.
static void take_capability(const Function *function, unsigned at, VirtioPci *virtio)
{
    uint64_t address = virtio->bar + config_read(function, at + 8, 4);
    switch (config_read(function, at + 3, 1)) {
    case 1:
        virtio->common = address;
        break;
    case 2:
        virtio->notify = address;
        virtio->notify_length = config_read(function, at + 12, 4);
        virtio->notify_multiplier = config_read(function, at + 16, 4);
        break;
    case 3:
        virtio->isr = address;
        break;
    case 4:
        virtio->device = address;
        break;
    }
}

// The offset of the first capability `id` behind `after` (0: of all); 0 when there is none.
static unsigned next_capability(const Function *function, unsigned after, unsigned id)
{
    unsigned at = config_read(function, after ? after + 1 : CAPABILITY_POINTER, 1);
    while (at && config_read(function, at, 1) != id)
        at = config_read(function, at + 1, 1);
    return at;
}

void virtio_pci_find(VirtioPci *virtio)
{
    FdtNode bridge = fdt_find("pci@", 0);
    Function function = find_function(bridge);
    unsigned first = next_capability(&function, 0, CAPABILITY_VENDOR);
    unsigned msix = next_capability(&function, 0, CAPABILITY_MSIX);
    if (!first || !msix)
        payload_bail("the virtio function lacks a capability");
    virtio->bar = place_bar(&function, bridge, config_read(&function, first + 4, 1), &virtio->bar_size);
    virtio->interrupts =
        place_bar(&function, bridge, config_read(&function, msix + 4, 1) & 7, &virtio->interrupts_size);
    for (unsigned at = first; at; at = next_capability(&function, at, CAPABILITY_VENDOR))
        take_capability(&function, at, virtio);
    config_write(&function, COMMAND, 2, COMMAND_MEMORY | COMMAND_MASTER);
}
