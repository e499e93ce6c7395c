// What the machine's guest runs on: memory, vCPUs, their modes, and their interrupts.
#include "machine.h"
#include "lparun/error.h"
#include "overcommit.h"
// KVM takes 2^31 - 1 of the host's pages in a slot.
#define SLOT_SIZE (1ULL << 40)

bool machine_make_memory(Machine *machine, GError **error)
{
    const Options *options = machine->options;
    const GArray *parts = options->memory_options.parts;
    if (!overcommit_apply((MemoryLock)options->memory_options.lock, error))
        return false;
    machine->memory = guest_memory_new_of((const MemoryPart *)parts->data, parts->len, error);
    if (!machine_add(machine, &guest_memory_part, machine->memory))
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

static void on_failed(void *owner, Vcpu *vcpu, const char *why)
{
    machine_ask(owner, RUN_FAILED, why);
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

// CasOps.place_tree.
static bool place_tree(void *owner, uint64_t address, uint64_t room)
{
    Machine *machine = owner;
    return device_tree_place(&machine->tree, true, machine->memory, address, room, NULL);
}

// As after power-on, which takes its vCPUs.
bool machine_reset_interrupts(void *owner, GError **error)
{
    Machine *machine = owner;
    int result = interrupt_controller_reset(machine->interrupts, machine->vcpus);
    return result == 0 || error_host(error, "the interrupt controller: %s", g_strerror(-result));
}

// The first mode of the processors; `load` says it in the tree.
bool machine_reset_mmu(void *owner, GError **error)
{
    Machine *machine = owner;
    return mmu_reset(machine->mmu, machine->vcpus, error);
}

static const PartOps interrupts_again = { .kind = "interrupts", .reset = machine_reset_interrupts };
static const PartOps mmu_again = { .kind = "modes", .reset = machine_reset_mmu };

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
    return machine_add(machine, &mmu_part, machine->mmu) && machine_add(machine, &mmu_again, machine);
}

static uint32_t vcpu_number(const Machine *machine, unsigned index)
{
    unsigned threads = machine->options->threads;
    return index / threads * machine->stride + index % threads;
}

// Without firmware the guest cannot ask: it takes what it finds.
bool machine_make_interrupts(Machine *machine, GError **error)
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
    return machine_add(machine, &interrupt_controller_part, machine->interrupts) &&
           machine_add(machine, &interrupts_again, machine) &&
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
    return machine_add(machine, &cas_part, machine->cas);
}

void machine_make_vcpu_set(Machine *machine)
{
    static const VcpuOps ops = { .hypercall = on_hypercall,
        .failed = on_failed,
        .machine_check = on_machine_check,
        .system_reset = on_system_reset,
        .debug = on_debug };
    machine->vcpus = vcpu_set_new(machine->vm, machine->bus, &ops, machine);
    machine_add(machine, &vcpu_set_part, machine->vcpus);
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

bool machine_make_processors(Machine *machine, GError **error)
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
