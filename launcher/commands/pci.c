// query-pci (qapi/pci.json).
#include "lparun/pci.h"
#include "../command.h"
#include "../devices.h"

// Offsets in configuration space (PCI 3.0, 6.1).
#define VENDOR_ID 0x00
#define DEVICE_ID 0x02
#define CLASS 0x0a // class and subclass
#define SUBSYSTEM_VENDOR_ID 0x2c
#define SUBSYSTEM_ID 0x2e
#define INTERRUPT_LINE 0x3c
#define INTERRUPT_PIN 0x3d

static void add_register(
    GVariantBuilder *object, const char *name, PciDevice *function, unsigned offset, unsigned size)
{
    command_add_int(object, name, pci_device_read(function, offset, size));
}

static GVariant *describe_class(PciDevice *function)
{
    static const struct {
        unsigned class;
        const char *text;
    } texts[] = { { 0x0100, "SCSI controller" }, { 0x0200, "Ethernet controller" } };
    GVariantBuilder *object = command_object();
    unsigned class = pci_device_read(function, CLASS, 2);
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++)
        if (texts[i].class == class)
            command_add_text(object, "desc", texts[i].text);
    command_add_int(object, "class", class);
    return command_end(object);
}

static GVariant *describe_id(PciDevice *function)
{
    GVariantBuilder *object = command_object();
    add_register(object, "device", function, DEVICE_ID, 2);
    add_register(object, "vendor", function, VENDOR_ID, 2);
    add_register(object, "subsystem", function, SUBSYSTEM_ID, 2);
    add_register(object, "subsystem-vendor", function, SUBSYSTEM_VENDOR_ID, 2);
    return command_end(object);
}

static GVariant *describe_bar(unsigned number, const PciBar *bar)
{
    GVariantBuilder *object = command_object();
    bool is_wide = bar->kind == PCI_BAR_MEM64;
    command_add_int(object, "bar", number);
    command_add_text(object, "type", "memory");
    command_add_int(object, "address", bar->address == PCI_UNMAPPED ? -1 : (gint64)bar->address);
    command_add_int(object, "size", (gint64)bar->size);
    command_add_bool(object, "prefetch", is_wide);
    command_add_bool(object, "mem_type_64", is_wide);
    return command_end(object);
}

static GVariant *describe_bars(PciDevice *function)
{
    GVariantBuilder *list = command_list();
    PciBar bar;
    for (unsigned i = 0; i < PCI_BARS; i++)
        if (pci_device_bar(function, i, &bar))
            command_append(list, describe_bar(i, &bar));
    return command_end(list);
}

static GVariant *describe_function(const Device *device, PciDevice *function)
{
    GVariantBuilder *object = command_object();
    command_add_int(object, "bus", 0);
    command_add_int(object, "slot", device->slot);
    command_add_int(object, "function", 0);
    command_add(object, "class_info", describe_class(function));
    command_add(object, "id", describe_id(function));
    add_register(object, "irq", function, INTERRUPT_LINE, 1);
    add_register(object, "irq_pin", function, INTERRUPT_PIN, 1);
    command_add_text(object, "qdev_id", device->options->id ? device->options->id : "");
    command_add(object, "regions", describe_bars(function));
    return command_end(object);
}

// The one bus.
static GVariant *query_pci(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    GVariantBuilder *list = command_list(), *bus = command_object(), *functions = command_list();
    const Device *device;
    for (unsigned i = 0; (device = devices_at(machine->devices, i)); i++) {
        VirtioPci *pci = virtio_device_pci(device->options->kind->virtio(device->device));
        command_append(functions, describe_function(device, virtio_pci_device(pci)));
    }
    command_add_int(bus, "bus", 0);
    command_add(bus, "devices", command_end(functions));
    command_append(list, command_end(bus));
    return command_end(list);
}

extern const Command pci_commands[];
const Command pci_commands[] = {
    { "query-pci", query_pci, NULL, "[PciInfo]" },
    { 0 },
};

extern const CommandType pci_types[];
const CommandType pci_types[] = {
    { "PciInfo", "bus:int devices:[PciDeviceInfo]" },
    { "PciDeviceInfo",
        "bus:int slot:int function:int class_info:PciDeviceClass id:PciDeviceId irq?:int irq_pin:int "
        "qdev_id:str regions:[PciMemoryRegion]" },
    { "PciDeviceClass", "desc?:str class:int" },
    { "PciDeviceId", "device:int vendor:int subsystem?:int subsystem-vendor?:int" },
    { "PciMemoryRegion", "bar:int type:str address:int size:int prefetch?:bool mem_type_64?:bool" },
    { 0 },
};
