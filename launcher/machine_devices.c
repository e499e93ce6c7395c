// What is plugged into the machine: PCI and its functions, consoles, NVRAM, events.
#include "machine.h"
#include "device_kinds.h"
#include "lparun/error.h"
#include "lparun/papr.h"
// Behind those of -serial, where nobody says.
static uint32_t nvram_unit(const Options *options)
{
    uint32_t unit = kinds_nvram_unit(options);
    return unit ? unit : VTY_UNIT + options->chars.serials->len;
}

static bool make_nvram(Machine *machine, GError **error)
{
    const DriveOptions *drive = machine->options->nvram;
    machine->nvram = drive ? nvram_open(drive->image.path, drive->image.readonly, drive->image.content, error)
                           : nvram_new();
    if (!machine_add(machine, &nvram_part, machine->nvram))
        return false;
    nvram_set_unit(machine->nvram, nvram_unit(machine->options));
    return nvram_set_variables(machine->nvram, machine->options->boot.variables, error);
}

static bool make_chardevs(Machine *machine, GError **error)
{
    const GPtrArray *list = machine->options->chars.chardevs;
    machine->chardevs = chardevs_new();
    machine_add(machine, &chardevs_part, machine->chardevs);
    for (unsigned i = 0; i < list->len; i++) {
        const ChardevOptions *options = list->pdata[i];
        if (chardevs_add(machine->chardevs, options->kind, &options->common, options->values, error))
            continue;
        g_prefix_error(error, "%s %s: ", options->option, options->kind->kind.name);
        return false;
    }
    return true;
}

static bool add_vty(Machine *machine, const char *option, const char *id, uint32_t unit, GError **error)
{
    Chardev *chardev = chardevs_find(machine->chardevs, id);
    InterruptLine *line = interrupt_line_new(machine->interrupts, vty_source(unit), error);
    Vty *vty = line ? vty_new_on(unit, chardev, line, error) : NULL;
    if (vty)
        return vtys_add(machine->vtys, vty);
    g_prefix_error(error, "%s: ", option);
    return false;
}

static bool is_unit_taken(const Machine *machine, uint32_t unit)
{
    return vtys_find(machine->vtys, unit) || unit == nvram_unit(machine->options);
}

static bool add_vty_device(Machine *machine, const VtyValues *values, GError **error)
{
    uint32_t unit = values->unit ? values->unit : VTY_UNIT;
    while (!values->unit && is_unit_taken(machine, unit))
        unit++;
    if (is_unit_taken(machine, unit))
        return error_user(
            error, "-device spapr-vty,reg=0x%x: another device has that address; give another", unit);
    if (!vty_source(unit))
        return error_user(error, "-device spapr-vty: there is no address left; use fewer");
    return add_vty(machine, "-device spapr-vty", values->chardev, unit, error);
}

static bool make_vtys(Machine *machine, GError **error)
{
    const Options *options = machine->options;
    machine->vtys = vtys_new();
    machine_add(machine, &vtys_part, machine->vtys);
    for (unsigned i = 0; i < options->chars.serials->len; i++)
        if (!add_vty(machine, "-serial", options->chars.serials->pdata[i], VTY_UNIT + i, error))
            return false;
    for (unsigned i = 0; i < options->devices->len; i++) {
        const DeviceOptions *device = options->devices->pdata[i];
        if (device->kind == &spapr_vty_kind && !add_vty_device(machine, device->values, error))
            return false;
    }
    return true;
}

bool machine_make_devices(Machine *machine, GError **error)
{
    machine->context = (VirtioContext){
        .vm = machine->vm,
        .bus = machine->bus,
        .doorbell_bus = machine->options->demo_stall ? NULL : machine->bus,
        .memory = machine->memory,
        .interrupts = machine->interrupts,
        .timeline = machine->timeline,
    };
    machine->dma = dma_window_new(machine->vm, error);
    if (!machine_add(machine, &dma_window_part, machine->dma))
        return false;
    machine->pci = pci_host_new(machine->dma);
    machine_add(machine, &pci_host_part, machine->pci);
    machine->devices = devices_new(machine->options, &machine->context, machine->pci, error);
    if (!machine_add(machine, &devices_part, machine->devices))
        return false;
    // Letters are for firmware to choose by, where no device has a place of its own.
    const BootOptions *boot = &machine->options->boot;
    machine->boot_list =
        devices_boot_list(machine->devices, boot->strict || boot->order || boot->once, boot->strict);
    if (!make_chardevs(machine, error) || !make_vtys(machine, error) || !make_nvram(machine, error))
        return false;
    InterruptLine *line = interrupt_line_new(machine->interrupts, SOURCE_EPOW, error);
    if (!line)
        return false;
    machine->events = rtas_events_new(machine->memory, line);
    return machine_add(machine, &rtas_events_part, machine->events);
}
