// What the machine's guest may ask for: hypercalls and RTAS calls, with what serves them.
#include "machine.h"
#include "lparun/papr.h"
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
    machine_add(machine, &rtas_table_part, machine->rtas);
    machine->clock = rtas_clock_new(&machine->options->clock);
    machine_add(machine, &rtas_clock_part, machine->clock);
    const NmiParts nmi = {
        .memory = machine->memory, .vcpus = machine->vcpus, .find_rtas = find_rtas, .owner = machine
    };
    machine->nmi = rtas_nmi_new(&nmi, &ask);
    machine_add(machine, &rtas_nmi_part, machine->nmi);
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

bool machine_make_hypercalls(Machine *machine, GError **error)
{
    Numa *numa = machine->options->memory_options.numa;
    const Capabilities *asked = &machine->options->capabilities;
    machine->hypercalls = hypercall_table_new(machine->options->cpus);
    machine_add(machine, &hypercall_table_part, machine->hypercalls);
    machine->logical_ci = logical_ci_new(machine->vm, machine->bus, machine->memory);
    machine_add(machine, &logical_ci_part, machine->logical_ci);
    PeerCalls *peers = peer_calls_new(machine->vm, machine->vcpus);
    machine_add(machine, &peer_calls_part, peers);
    Watchdogs *watchdogs = watchdogs_new(on_watchdog, machine);
    machine_add(machine, &watchdogs_part, watchdogs);
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
