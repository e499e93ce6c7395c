// The pseries machine: every part that makes it, and how they are wired. Read machine_new() from top to
// bottom.
#include "pseries.h"
#include "machine.h"
#include "deadline.h"
#include "lparun/bytes.h"
#include "lparun/error.h"
#include "machine_options.h"
#include "stats.h"
#include <signal.h>

// False, and nothing added, where there is no `part`.
bool machine_add(Machine *machine, const PartOps *ops, void *part)
{
    if (part)
        part_list_add(machine->parts, ops, part);
    return part;
}

void machine_ask(Machine *machine, RunEvent event, const char *text)
{
    RunAsk ask = run_queue_ask(machine->queue);
    ask.ask(ask.owner, event, text);
}

static void on_quit(void *owner)
{
    machine_ask(owner, RUN_QUIT, NULL);
}

static bool open_files(Machine *machine, GError **error)
{
    const Options *options = machine->options;
    BootFiles *files = &machine->files;
    machine->way = options_are_direct(options) ? &boot_direct : &boot_slof;
    g_autofree char *found = boot_options_bios(&options->boot, options->bios);
    if (machine->way->open && !(files->bios = machine->way->open(found ? found : options->bios, error)))
        return false;
    if (options->kernel && !(files->kernel = image_file_open("-kernel", options->kernel, error)))
        return false;
    return !options->initrd || (files->initrd = image_file_open("-initrd", options->initrd, error));
}

// What the device tree tells of; the last to be made.
static void make_tree(Machine *machine)
{
    const Options *options = machine->options;
    machine->host_model = machine_options_host_text(options->host_model, "model");
    machine->host_serial = machine_options_host_text(options->host_serial, "system-id");
    machine->tree = (TreeSources){
        .memory = machine->memory,
        .cpus = &machine->cpus,
        .vcpus = machine->vcpus,
        .mmu = machine->mmu,
        .interrupts = machine->interrupts,
        .parts = machine->parts,
        .negotiated = cas_negotiated(machine->cas),
        .boot = &machine->boot,
        .numa = machine->options->memory_options.numa,
        .vm = machine->vm,
        .command_line = machine->options->append,
        .boot_list = machine->boot_list,
        .console = vtys_first(machine->vtys) ? vty_unit(vtys_first(machine->vtys)) : 0,
        .boot_menu = options->boot.menu,
        .uuid = machine->uuid,
        .model = options->qemu_name ? "IBM pSeries (emulated by qemu)" : NULL, // which scripts look for
        .host_model = machine->host_model,
        .host_serial = machine->host_serial,
    };
}

// Puts what the guest starts from into memory that is all zeros.
static bool load(void *owner, GError **error)
{
    Machine *machine = owner;
    BootImages *boot = &machine->boot;
    machine->tree.boot_device = boot_options_order(&machine->options->boot, machine->starts++ == 0);
    if (!machine->way->load(
            &machine->files, machine->memory, machine_real_mode_area(&machine->tree), boot, error))
        return false;
    return device_tree_place(&machine->tree, false, machine->memory, boot->tree, boot->tree_room, error);
}

// What a machine that was just made lacks of the state after power-on: the interrupt controller and the modes
// that the guest starts with.
static bool choose_modes(Machine *machine, GError **error)
{
    return machine_reset_interrupts(machine, error) && machine_reset_mmu(machine, error) &&
           cas_reset(machine->cas, error);
}

// RunParts.start.
static void start(void *owner)
{
    Machine *machine = owner;
    if (machine->is_ended)
        return;
    timeline_mark(machine->timeline, TIMELINE_START);
    VcpuEntry entry = { .pc = machine->boot.entry, .r3 = machine->boot.tree, .msr = MSR_SF | MSR_ME };
    vcpu_start(vcpu_set_at(machine->vcpus, 0), &entry);
}

static bool make_run(Machine *machine, GError **error)
{
    const RunParts parts = {
        .vcpus = machine->vcpus,
        .memory = machine->memory,
        .mmu = machine->mmu,
        .events = machine->events,
        .list = machine->parts,
        .vm = machine->vm,
        .clock = machine->clock,
        .devices = machine->devices,
        .timeline = machine->timeline,
        .vtys = machine->vtys,
        .chardevs = machine->chardevs,
        .hypercalls = machine->hypercalls,
        .options = machine->options,
        .processors = &machine->cpus,
        .uuid = machine->uuid,
        .queue = machine->queue,
        .ask = run_queue_ask(machine->queue),
        .timebase = machine->cpus.timebase,
        .threads = machine->options->threads,
        .paused = machine->options->paused,
        .load = load,
        .start = start,
        .owner = machine,
    };
    machine->run = run_new(&parts, machine->options->chars.monitors, error);
    return machine_add(machine, &run_part, machine->run);
}

static bool make_gdb(Machine *machine, GError **error)
{
    const GdbMachineParts parts = {
        .run = machine->run,
        .vm = machine->vm,
        .vcpus = machine->vcpus,
        .memory = machine->memory,
        .mmu = machine->mmu,
        .ask = run_queue_ask(machine->queue),
    };
    const char *id = machine->options->chars.gdb;
    if (!id)
        return true;
    machine->gdb = gdb_new(&parts, chardevs_find(machine->chardevs, id), error);
    return machine_add(machine, &gdb_part, machine->gdb);
}

Machine *machine_new(const Options *options, GError **error)
{
    Machine *machine = g_new0(Machine, 1);
    machine->options = options;
    machine->parts = part_list_new();
    machine->bus = bus_new();
    machine_add(machine, &bus_part, machine->bus);
    machine->timeline = timeline_new();
    machine->timeline->direct = options_are_direct(options);
    machine_add(machine, &timeline_part, machine->timeline);
    if (!open_files(machine, error))
        goto fail;
    const char *device = options->accel.device;
    machine->vm = kvm_vm_open(device ? device : "/dev/kvm", (KvmType)options->kvm_type, error);
    if (!machine_add(machine, &kvm_vm_part, machine->vm))
        goto fail;
    machine->stride = cores_set_threads(machine->vm, options->threads, options->vsmt, error);
    if (!machine->stride || !machine_make_interrupts(machine, error))
        goto fail;
    machine_make_vcpu_set(machine);
    if (!machine_make_memory(machine, error) || !machine_make_processors(machine, error) ||
        !machine_make_devices(machine, error))
        goto fail;
    if (!machine_make_hypercalls(machine, error))
        goto fail;
    make_tree(machine);
    if (choose_modes(machine, error) && capabilities_mmu(&options->capabilities, machine->mmu, error) &&
        load(machine, error) && make_run(machine, error) && make_gdb(machine, error))
        return machine;
fail:
    machine_free(machine);
    return NULL;
}

void machine_free(Machine *machine)
{
    if (!machine)
        return;
    part_list_free(machine->parts);
    boot_files_close(&machine->files);
    run_queue_free(machine->queue);
    g_free(machine->boot_list);
    g_free(machine->uuid);
    g_free(machine->host_model);
    g_free(machine->host_serial);
    g_free(machine);
}

// --- The run.

static void on_signal(void *owner, int number)
{
    Machine *machine = owner;
    run_signal(machine->run, number);
}

static void watch_signal(void *owner, int number, void (*came)(void *data, int number), void *data)
{
    signals_watch(((Machine *)owner)->signals, number, came, data);
}

static void obey_signal(void *owner, int number)
{
    signals_obey(((Machine *)owner)->signals, number);
}

// Whoever shall be there before the guest starts is waited for; an end is heard meanwhile.
static void start_chardevs(Machine *machine)
{
    const ChardevHost host = {
        .watch_signal = watch_signal, .obey_signal = obey_signal, .quit = on_quit, .owner = machine
    };
    chardevs_start(machine->chardevs, &host);
    while (!chardevs_are_ready(machine->chardevs) && !run_queue_has(machine->queue))
        g_main_context_iteration(NULL, TRUE);
    machine->is_ended = !chardevs_are_ready(machine->chardevs);
}

int machine_run(Machine *machine, GError **error)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
    machine->signals = signals_new(error);
    if (!machine->signals)
        return LPARUN_ERROR_HOST;
    for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++)
        signals_watch(machine->signals, numbers[i], on_signal, machine);
    start_chardevs(machine);
    int status = run_until_end(machine->run, error);
    deadline_begin(status); // the vCPUs may wait for a disk, and so may all that follows
    vcpu_set_park_all(machine->vcpus);
    chardevs_stop(machine->chardevs);
    signals_free(machine->signals);
    return status;
}

bool machine_write_tree(const Machine *machine, const char *path, GError **error)
{
    g_autoptr(GError) why = NULL;
    be32 head[2]; // magic, bytes of all
    guest_memory_read(machine->memory, machine->boot.tree, head, sizeof head);
    uint32_t size = be32_get(head[1]);
    const void *tree = guest_memory_read_at(machine->memory, machine->boot.tree, size);
    return g_file_set_contents(path, tree, size, &why) ||
           error_user(error, "-machine dumpdtb=%s: %s", path, why->message);
}

void machine_write_stats(const Machine *machine, FILE *file)
{
    stats_write(file, machine->parts);
}
