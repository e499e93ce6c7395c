// The pseries machine: every part that makes it, and how they are wired. Read machine_new() from top to
// bottom.
#include "pseries.h"
#include "run.h"
#include "deadline.h"
#include "device_kinds.h"
#include "devices.h"
#include "gdb/gdb.h"
#include "lparun/bytes.h"
#include "lparun/cas.h"
#include "lparun/device_tree.h"
#include "lparun/error.h"
#include "lparun/logical_ci.h"
#include "lparun/papr.h"
#include "lparun/rtas_clock.h"
#include "lparun/rtas_nmi.h"
#include "lparun/watchdog.h"
#include "machine_options.h"
#include "overcommit.h"
#include "run_queue.h"
#include "signals.h"
#include "stats.h"
#include "lparun/chardev.h"
#include "lparun/vty.h"
#include <signal.h>
#include <string.h>
#include <unistd.h>

struct Machine {
    const Options *options;
    PartList *parts; // what follows, in the order in which it was made, but for what is freed at the end
    KvmVm *vm;
    GuestMemory *memory;
    Bus *bus;
    InterruptController *interrupts;
    VcpuSet *vcpus;
    Mmu *mmu;
    Cas *cas;
    Cpus cpus;
    TreeSources tree;
    DmaWindow *dma;
    PciHost *pci;
    VirtioContext context; // of all its devices
    Devices *devices;
    Chardevs *chardevs;
    Vtys *vtys;
    Signals *signals; // during the run
    bool is_ended;    // before it began
    Nvram *nvram;
    HypercallTable *hypercalls;
    LogicalCi *logical_ci;
    RtasTable *rtas;
    RtasEvents *events;
    RtasClock *clock;
    RtasNmi *nmi;
    Run *run;
    Timeline *timeline;
    const BootWay *way;
    BootFiles files;
    BootImages boot;               // what is in memory since the last load()
    unsigned stride;               // between the first vCPU numbers of two cores
    unsigned starts;               // how often the guest was started
    const CompatLevel *max_compat; // the newest that the guest may have; NULL: the host's own processor
    MitigationAnswer mitigations;
    bool holds_mitigations; // they are not the host's own
    char *boot_list, *uuid, *host_model, *host_serial;
    RunQueue *queue;
    Gdb *gdb; // or NULL
};

// KVM takes 2^31 - 1 of the host's pages in a slot.
#define SLOT_SIZE (1ULL << 40)

// False, and nothing added, where there is no `part`.
static bool add(Machine *machine, const PartOps *ops, void *part)
{
    if (part)
        part_list_add(machine->parts, ops, part);
    return part;
}

static bool make_memory(Machine *machine, GError **error)
{
    const Options *options = machine->options;
    const GArray *parts = options->memory_options.parts;
    if (!overcommit_apply((MemoryLock)options->memory_options.lock, error))
        return false;
    machine->memory = guest_memory_new_of((const MemoryPart *)parts->data, parts->len, error);
    if (!add(machine, &guest_memory_part, machine->memory))
        return false;
    uint32_t slot = 0;
    for (uint64_t gpa = 0; gpa < options->memory; gpa += SLOT_SIZE) {
        uint64_t size = MIN(options->memory - gpa, SLOT_SIZE);
        int result =
            kvm_set_memory(machine->vm, slot++, gpa, guest_memory_for_kvm(machine->memory, gpa, size), size);
        if (result == 0)
            continue;
        return error_host(error,
            "-m: %" G_GUINT64_FORMAT " MiB of guest memory: KVM_SET_USER_MEMORY_REGION: %s; ask for less",
            options->memory >> 20, g_strerror(-result));
    }
    return true;
}

static int64_t on_hypercall(void *owner, Vcpu *vcpu, uint64_t number, uint64_t arguments[9])
{
    Machine *machine = owner;
    return hypercall_dispatch(machine->hypercalls, vcpu, number, arguments);
}

static void request(Machine *machine, RunEvent event, const char *text)
{
    RunAsk ask = run_queue_ask(machine->queue);
    ask.ask(ask.owner, event, text);
}

static void on_failed(void *owner, Vcpu *vcpu, const char *why)
{
    request(owner, RUN_FAILED, why);
}

static void on_machine_check(void *owner, Vcpu *vcpu, bool recovered)
{
    Machine *machine = owner;
    rtas_nmi_machine_check(machine->nmi, vcpu, recovered);
}

static void on_system_reset(void *owner, Vcpu *vcpu)
{
    Machine *machine = owner;
    rtas_nmi_system_reset(machine->nmi, vcpu);
}

static bool on_debug(void *owner, Vcpu *vcpu)
{
    const Machine *machine = owner;
    return machine->gdb && gdb_debug(machine->gdb, vcpu);
}

static void on_quit(void *owner)
{
    request(owner, RUN_QUIT, NULL);
}

// CasOps.place_tree.
static bool place_tree(void *owner, uint64_t address, uint64_t room)
{
    Machine *machine = owner;
    return device_tree_place(&machine->tree, true, machine->memory, address, room, NULL);
}

// As after power-on, which takes its vCPUs.
static bool reset_interrupts(void *owner, GError **error)
{
    Machine *machine = owner;
    int result = interrupt_controller_reset(machine->interrupts, machine->vcpus);
    return result == 0 || error_host(error, "the interrupt controller: %s", g_strerror(-result));
}

// The first mode of the processors; `load` says it in the tree.
static bool reset_mmu(void *owner, GError **error)
{
    Machine *machine = owner;
    return mmu_reset(machine->mmu, machine->vcpus, error);
}

static const PartOps interrupts_again = { .kind = "interrupts", .reset = reset_interrupts };
static const PartOps mmu_again = { .kind = "modes", .reset = reset_mmu };

// A processor from before ISA 3.0 has no radix MMU.
static bool make_mmu(Machine *machine, GError **error)
{
    const Options *options = machine->options;
    const CompatLevel *level = options_max_compat(options);
    bool only_hash = level && level->isa < 300;
    machine->mmu = mmu_new(
        machine->vm, only_hash ? MMU_HASH : options->mmu, options->hash_order, options->memory, error);
    if (!machine->mmu && only_hash)
        g_prefix_error(error, "%s%s has a hashed page table: ",
            level == options->max_compat ? "-machine max-cpu-compat=" : "-cpu ", level->name);
    return add(machine, &mmu_part, machine->mmu) && add(machine, &mmu_again, machine);
}

static uint32_t vcpu_number(const Machine *machine, unsigned index)
{
    unsigned threads = machine->options->threads;
    return index / threads * machine->stride + index % threads;
}

// Without firmware the guest cannot ask: it takes what it finds.
static bool make_interrupts(Machine *machine, GError **error)
{
    const Options *options = machine->options;
    const CompatLevel *level = options_max_compat(options);
    bool only_xics = level && level->isa < 300;
    InterruptOffer offer = {
        .mode = only_xics ? INTERRUPT_XICS : options->interrupts,
        .start_xive = options_are_direct(options),
        .servers = vcpu_number(machine, options->cpus - 1) + 1,
        .page_size = (uint64_t)sysconf(_SC_PAGESIZE),
    };
    machine->interrupts = interrupt_controller_new(machine->vm, error);
    return add(machine, &interrupt_controller_part, machine->interrupts) &&
           add(machine, &interrupts_again, machine) &&
           interrupt_controller_offer(machine->interrupts, &offer, error);
}

static bool make_cas(Machine *machine, GError **error)
{
    static const CasOps ops = { .place_tree = place_tree };
    CasParts parts = {
        .memory = machine->memory,
        .vcpus = machine->vcpus,
        .mmu = machine->mmu,
        .interrupts = machine->interrupts,
        .affinity = numa_forms(machine->options->memory_options.numa),
        .large_decrementer = machine->cpus.decrementer_bits > 0,
    };
    machine->cas = cas_new(&parts, machine->max_compat, &ops, machine, error);
    return add(machine, &cas_part, machine->cas);
}

static void make_vcpu_set(Machine *machine)
{
    static const VcpuOps ops = { .hypercall = on_hypercall,
        .failed = on_failed,
        .machine_check = on_machine_check,
        .system_reset = on_system_reset,
        .debug = on_debug };
    machine->vcpus = vcpu_set_new(machine->vm, machine->bus, &ops, machine);
    add(machine, &vcpu_set_part, machine->vcpus);
    machine->queue = run_queue_new(machine->vcpus);
}

// What was asked for of the processors, once it is known what the host's are.
static bool hold_to_options(Machine *machine, GError **error)
{
    const Options *options = machine->options;
    const Capabilities *asked = &options->capabilities;
    return cpu_options_level(&options->cpu, machine->cpus.name, vcpu_set_at(machine->vcpus, 0),
               options->max_compat, &machine->max_compat, error) &&
           capabilities_cpus(asked, machine->vm, &machine->cpus, error) &&
           capabilities_mitigations(
               asked, machine->vm, &machine->cpus, &machine->mitigations, &machine->holds_mitigations, error);
}

static bool make_processors(Machine *machine, GError **error)
{
    for (unsigned i = 0; i < machine->options->cpus; i++)
        if (!vcpu_set_add(machine->vcpus, vcpu_number(machine, i), machine->interrupts, error))
            return false;
    if (!make_mmu(machine, error) ||
        !cpus_read(&machine->cpus, machine->vm, vcpu_set_at(machine->vcpus, 0), error))
        return false;
    machine->cpus.threads = machine->options->threads;
    return hold_to_options(machine, error) && make_cas(machine, error);
}

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
    if (!add(machine, &nvram_part, machine->nvram))
        return false;
    nvram_set_unit(machine->nvram, nvram_unit(machine->options));
    return nvram_set_variables(machine->nvram, machine->options->boot.variables, error);
}

static bool make_chardevs(Machine *machine, GError **error)
{
    const GPtrArray *list = machine->options->chars.chardevs;
    machine->chardevs = chardevs_new();
    add(machine, &chardevs_part, machine->chardevs);
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
    add(machine, &vtys_part, machine->vtys);
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

static bool make_devices(Machine *machine, GError **error)
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
    if (!add(machine, &dma_window_part, machine->dma))
        return false;
    machine->pci = pci_host_new(machine->dma);
    add(machine, &pci_host_part, machine->pci);
    machine->devices = devices_new(machine->options, &machine->context, machine->pci, error);
    if (!add(machine, &devices_part, machine->devices))
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
    return add(machine, &rtas_events_part, machine->events);
}

static void on_watchdog(void *owner, WatchdogExpiry what)
{
    Machine *machine = owner;
    run_watchdog(machine->run, what);
}

static unsigned cpu_domains(void *owner, const Vcpu *vcpu, uint32_t domains[HOME_NODE_DOMAINS])
{
    return numa_cpu_domains(owner, vcpu_index(vcpu), vcpu_id(vcpu), domains);
}

// NmiParts.find_rtas.
static uint64_t find_rtas(void *owner)
{
    Machine *machine = owner;
    return machine->boot.rtas ? machine->boot.rtas : cas_rtas_base(machine->cas);
}

static bool make_rtas(Machine *machine, GError **error)
{
    RunAsk ask = run_queue_ask(machine->queue);
    machine->uuid = machine->options->uuid ? g_strdup(machine->options->uuid) : g_uuid_string_random();
    machine->rtas = rtas_table_new(machine->memory);
    add(machine, &rtas_table_part, machine->rtas);
    machine->clock = rtas_clock_new(&machine->options->clock);
    add(machine, &rtas_clock_part, machine->clock);
    const NmiParts nmi = {
        .memory = machine->memory, .vcpus = machine->vcpus, .find_rtas = find_rtas, .owner = machine
    };
    machine->nmi = rtas_nmi_new(&nmi, &ask);
    add(machine, &rtas_nmi_part, machine->nmi);
    const RtasParts parts = {
        .memory = machine->memory,
        .vcpus = machine->vcpus,
        .pci = machine->pci,
        .nvram = machine->nvram,
        .vtys = machine->vtys,
        .clock = machine->clock,
        .events = machine->events,
        .nmi = machine->nmi,
        .ask = ask,
        .uuid = machine->uuid,
        .without_nmi = machine->options->capabilities.fwnmi == CAPABILITY_OFF,
    };
    rtas_register_families(machine->rtas, &parts);
    return rtas_register_in_kernel(machine->rtas, machine->interrupts, error);
}

// What can be seen of a guest's way from outside.
static void make_timeline(Machine *machine)
{
    Timeline *timeline = machine->timeline;
    hypercall_mark(machine->hypercalls, H_PUT_TERM_CHAR, timeline, TIMELINE_CONSOLE);
    hypercall_mark(machine->hypercalls, KVMPPC_H_CAS, timeline, TIMELINE_CAS);
    hypercall_mark(machine->hypercalls, H_REGISTER_PROC_TBL, timeline, TIMELINE_PROCESS_TABLE);
    rtas_mark(machine->rtas, "display-character", timeline, TIMELINE_CONSOLE);
    rtas_mark(machine->rtas, "quiesce", timeline, TIMELINE_QUIESCE);
    rtas_mark(machine->rtas, "start-cpu", timeline, TIMELINE_START_CPU);
}

static void enable_logical_ci(Machine *machine)
{
    g_autofree char *why = NULL;
    if (machine->options->ci_in_kernel && !logical_ci_enable(machine->logical_ci, &why))
        g_printerr("lparun: H_LOGICAL_CI_LOAD and _STORE are served in userspace: %s\n", why);
}

static bool make_hypercalls(Machine *machine, GError **error)
{
    Numa *numa = machine->options->memory_options.numa;
    const Capabilities *asked = &machine->options->capabilities;
    machine->hypercalls = hypercall_table_new(machine->options->cpus);
    add(machine, &hypercall_table_part, machine->hypercalls);
    machine->logical_ci = logical_ci_new(machine->vm, machine->bus, machine->memory);
    add(machine, &logical_ci_part, machine->logical_ci);
    PeerCalls *peers = peer_calls_new(machine->vm, machine->vcpus);
    add(machine, &peer_calls_part, peers);
    Watchdogs *watchdogs = watchdogs_new(on_watchdog, machine);
    add(machine, &watchdogs_part, watchdogs);
    if (!make_rtas(machine, error))
        return false;
    const HypercallParts parts = {
        .vm = machine->vm,
        .memory = machine->memory,
        .vcpus = machine->vcpus,
        .interrupts = machine->interrupts,
        .logical_ci = machine->logical_ci,
        .vtys = machine->vtys,
        .mmu = machine->mmu,
        .cas = machine->cas,
        .watchdogs = watchdogs,
        .rtas = machine->rtas,
        .peers = peers,
        .domains = numa ? cpu_domains : NULL,
        .domains_owner = numa,
        .mitigations = machine->holds_mitigations ? &machine->mitigations : NULL,
        .without_ail_3 = asked->ail_3 == CAPABILITY_OFF,
        .without_resize = asked->resize == RESIZE_DISABLED,
        .without_rpt_invalidate = asked->rpt_invalidate == CAPABILITY_OFF,
    };
    hypercall_register_families(machine->hypercalls, &parts);
    enable_logical_ci(machine);
    make_timeline(machine);
    return true;
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
    return reset_interrupts(machine, error) && reset_mmu(machine, error) && cas_reset(machine->cas, error);
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
    return add(machine, &run_part, machine->run);
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
    return add(machine, &gdb_part, machine->gdb);
}

Machine *machine_new(const Options *options, GError **error)
{
    Machine *machine = g_new0(Machine, 1);
    machine->options = options;
    machine->parts = part_list_new();
    machine->bus = bus_new();
    add(machine, &bus_part, machine->bus);
    machine->timeline = timeline_new();
    machine->timeline->direct = options_are_direct(options);
    add(machine, &timeline_part, machine->timeline);
    if (!open_files(machine, error))
        goto fail;
    const char *device = options->accel.device;
    machine->vm = kvm_vm_open(device ? device : "/dev/kvm", (KvmType)options->kvm_type, error);
    if (!add(machine, &kvm_vm_part, machine->vm))
        goto fail;
    machine->stride = cores_set_threads(machine->vm, options->threads, options->vsmt, error);
    if (!machine->stride || !make_interrupts(machine, error))
        goto fail;
    make_vcpu_set(machine);
    if (!make_memory(machine, error) || !make_processors(machine, error) || !make_devices(machine, error))
        goto fail;
    if (!make_hypercalls(machine, error))
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
