// lparun -probe: reads what KVM says of itself, then lets a guest of ten instructions ring a doorbell and
// looks whether userspace heard of it in any other way than by the eventfd.
#include "probe.h"
#include "lparun/counts.h"
#include "lparun/boot.h"
#include "lparun/bytes.h"
#include "lparun/cpus.h"
#include "lparun/doorbell.h"
#include "lparun/error.h"
#include "lparun/logical_ci.h"
#include "lparun/mmu.h"
#include "lparun/papr.h"
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

static const struct {
    unsigned number;
    const char *name, *allows;
} capabilities[] = {
    { KVM_CAP_PPC_PAPR, "KVM_CAP_PPC_PAPR", "pseries guests" },
    { KVM_CAP_PPC_ENABLE_HCALL, "KVM_CAP_PPC_ENABLE_HCALL",
        "hypercalls in the kernel that are off by default" },
    { KVM_CAP_IOEVENTFD, "KVM_CAP_IOEVENTFD", "doorbells that ring in the kernel" },
    { KVM_CAP_IRQFD, "KVM_CAP_IRQFD", "interrupts by a write to an eventfd" },
    { KVM_CAP_IRQ_XICS, "KVM_CAP_IRQ_XICS", "the XICS interrupt controller in the kernel" },
    { KVM_CAP_PPC_IRQ_XIVE, "KVM_CAP_PPC_IRQ_XIVE", "the XIVE interrupt controller for guests" },
    { KVM_CAP_PPC_RTAS, "KVM_CAP_PPC_RTAS", "RTAS calls of interrupt sources in the kernel" },
    { KVM_CAP_PPC_MMU_RADIX, "KVM_CAP_PPC_MMU_RADIX", "radix guests" },
    { KVM_CAP_PPC_MMU_HASH_V3, "KVM_CAP_PPC_MMU_HASH_V3", "hashed guests of ISA 3.0" },
    { KVM_CAP_PPC_ALLOC_HTAB, "KVM_CAP_PPC_ALLOC_HTAB",
        "hashed page tables in the kernel (says 1 under nesting too)" },
    { KVM_CAP_PPC_NESTED_HV, "KVM_CAP_PPC_NESTED_HV", "guests that run guests" },
    { KVM_CAP_PPC_SMT, "KVM_CAP_PPC_SMT", "threads of a host core" },
    { KVM_CAP_PPC_FWNMI, "KVM_CAP_PPC_FWNMI", "machine checks delivered to the guest's firmware" },
    { KVM_CAP_PPC_HWRNG, "KVM_CAP_PPC_HWRNG", "H_RANDOM in the kernel" },
    { KVM_CAP_SPAPR_MULTITCE, "KVM_CAP_SPAPR_MULTITCE", "H_STUFF_TCE and H_PUT_TCE_INDIRECT in the kernel" },
    { KVM_CAP_PPC_AIL_MODE_3, "KVM_CAP_PPC_AIL_MODE_3", "interrupts with the MMU on" },
    { KVM_CAP_PPC_RPT_INVALIDATE, "KVM_CAP_PPC_RPT_INVALIDATE", "H_RPT_INVALIDATE in the kernel" },
};

// What the machine of the trial needs, and what came out.
typedef struct Probe {
    KvmVm *vm;
    Bus *bus;
    GuestMemory *memory;
    InterruptController *interrupts;
    VcpuSet *vcpus;
    Mmu *mmu;
    LogicalCi *ci;
    Doorbell *bell;
    GMutex lock; // guards the rest
    GCond ended;
    bool done;
    uint64_t stores; // H_LOGICAL_CI_STORE exits
    int64_t result;  // that the guest found in r3
    char *failure;
    uint64_t fired, rung;
    char *why_not; // NULL: it works
} Probe;

#define PROBE_MEMORY (64ULL << 20)
#define PROBE_BELL 0x40000000            // behind the memory, and within one lis
#define PROBE_DONE (KVMPPC_H_RTAS + 0xf) // a number that always reaches userspace
#define PROBE_SECONDS 10

#define SC_1 0x44000022

// Big-endian, real mode, at SLOF's entry.
static const uint32_t program[] = {
    0x38600000 | H_LOGICAL_CI_STORE, // li    r3, H_LOGICAL_CI_STORE
    0x38800000 | DOORBELL_STORE,     // li    r4, size
    0x3ca00000 | PROBE_BELL >> 16,   // lis   r5, address
    0x38c00000,                      // li    r6, value
    SC_1,
    0x7c641b78,              // mr    r4, r3
    0x38600000,              // li    r3, 0
    0x60630000 | PROBE_DONE, // ori   r3, r3, PROBE_DONE
    SC_1,
    0x48000000, // b     .
};

static void finish(Probe *probe, int64_t result, const char *failure)
{
    g_mutex_lock(&probe->lock);
    probe->done = true;
    probe->result = result;
    probe->failure = g_strdup(failure);
    g_cond_signal(&probe->ended);
    g_mutex_unlock(&probe->lock);
}

static int64_t on_hypercall(void *owner, Vcpu *vcpu, uint64_t number, uint64_t arguments[9])
{
    Probe *probe = owner;
    if (number == H_LOGICAL_CI_STORE) {
        probe->stores++;
        return bus_write(probe->bus, arguments[1], DOORBELL_STORE, arguments[2]) ? H_SUCCESS : H_PARAMETER;
    }
    vcpu_park(vcpu);
    finish(probe, (int64_t)arguments[0], NULL);
    return H_SUCCESS;
}

static void on_failed(void *owner, Vcpu *vcpu, const char *why)
{
    finish(owner, 0, why);
}

static bool build(Probe *probe, GError **error)
{
    static const VcpuOps ops = { .hypercall = on_hypercall, .failed = on_failed };
    probe->bus = bus_new();
    probe->vm = kvm_vm_open("/dev/kvm", KVM_ANY, error);
    probe->memory = probe->vm ? guest_memory_new(PROBE_MEMORY, error) : NULL;
    if (!probe->memory)
        return false;
    int result =
        kvm_set_memory(probe->vm, 0, 0, guest_memory_for_kvm(probe->memory, 0, PROBE_MEMORY), PROBE_MEMORY);
    if (result < 0)
        return error_host(error, "KVM_SET_USER_MEMORY_REGION: %s", g_strerror(-result));
    probe->interrupts = interrupt_controller_new(probe->vm, error);
    probe->vcpus = vcpu_set_new(probe->vm, probe->bus, &ops, probe);
    probe->mmu = mmu_new(probe->vm, MMU_AUTO, 0, PROBE_MEMORY, error);
    probe->bell = doorbell_new(probe->vm, probe->bus, "probe", error);
    probe->ci = logical_ci_new(probe->vm, probe->bus, probe->memory);
    return probe->interrupts && probe->mmu && probe->bell &&
           vcpu_set_add(probe->vcpus, 0, probe->interrupts, error) &&
           mmu_reset(probe->mmu, probe->vcpus, error);
}

static void clear(Probe *probe)
{
    vcpu_set_free(probe->vcpus);
    doorbell_free(probe->bell);
    logical_ci_free(probe->ci);
    mmu_free(probe->mmu);
    interrupt_controller_free(probe->interrupts);
    bus_free(probe->bus);
    guest_memory_free(probe->memory);
    kvm_vm_close(probe->vm);
    g_free(probe->failure);
    g_free(probe->why_not);
}

static void load_program(Probe *probe)
{
    be32 words[G_N_ELEMENTS(program)];
    for (unsigned i = 0; i < G_N_ELEMENTS(program); i++)
        words[i] = be32_make(program[i] == SC_1 && kvm_is_pr(probe->vm) ? KVM_PR_HYPERCALL : program[i]);
    guest_memory_write(probe->memory, SLOF_ENTRY, words, sizeof words);
}

static bool run_guest(Probe *probe)
{
    VcpuEntry entry = { .pc = SLOF_ENTRY, .msr = MSR_SF | MSR_ME };
    load_program(probe);
    doorbell_place(probe->bell, PROBE_BELL);
    vcpu_start(vcpu_set_at(probe->vcpus, 0), &entry);
    gint64 limit = g_get_monotonic_time() + PROBE_SECONDS * G_TIME_SPAN_SECOND;
    g_mutex_lock(&probe->lock);
    while (!probe->done && g_cond_wait_until(&probe->ended, &probe->lock, limit))
        continue;
    bool done = probe->done;
    g_mutex_unlock(&probe->lock);
    vcpu_set_park_all(probe->vcpus);
    probe->fired = doorbell_fired(probe->bell);
    probe->rung = doorbell_rung(probe->bell);
    return done;
}

static void try_store(Probe *probe)
{
    if (!logical_ci_enable(probe->ci, &probe->why_not))
        return;
    if (!run_guest(probe))
        probe->why_not = g_strdup_printf("the guest did not answer within %d s", PROBE_SECONDS);
    else if (probe->failure)
        probe->why_not = g_strdup(probe->failure);
    else if (probe->stores > 0)
        probe->why_not = g_strdup("the store came to userspace although the hypercall is enabled");
    else if (probe->result != H_SUCCESS)
        probe->why_not = g_strdup_printf("the guest got %" G_GINT64_FORMAT ", not H_SUCCESS", probe->result);
    else if (probe->fired != 1)
        probe->why_not =
            g_strdup_printf("the eventfd fired %" G_GUINT64_FORMAT " times, not once", probe->fired);
}

// --- What KVM is.

static bool is_powernv(void)
{
    g_autofree char *compatible = NULL;
    size_t length = 0;
    if (!g_file_get_contents("/proc/device-tree/compatible", &compatible, &length, NULL))
        return false;
    return memmem(compatible, length, "ibm,powernv", sizeof "ibm,powernv" - 1);
}

static const char *kind(const KvmVm *vm)
{
    if (kvm_is_pr(vm))
        return "PR";
    if (is_powernv())
        return "HV, bare metal";
    return kvm_check(vm, KVM_CAP_PPC_NESTED_HV) > 0 ? "HV, nested v1" : "HV, nested v2";
}

static const char *guests(const Probe *probe)
{
    bool radix = kvm_check(probe->vm, KVM_CAP_PPC_MMU_RADIX) > 0;
    bool hash = !radix || kvm_check(probe->vm, KVM_CAP_PPC_MMU_HASH_V3) > 0;
    return radix && hash ? "radix, hash" : radix ? "radix" : "hash";
}

typedef struct Facts {
    const char *kind, *cpu, *guests;
    uint32_t pvr;
    long page_size;
    struct utsname kernel;
} Facts;

static bool read_facts(Probe *probe, Facts *facts, GError **error)
{
    Cpus cpus;
    if (!cpus_read(&cpus, probe->vm, vcpu_set_at(probe->vcpus, 0), error))
        return false;
    *facts = (Facts){ .kind = kind(probe->vm),
        .cpu = cpus.name,
        .guests = guests(probe),
        .pvr = cpus.pvr,
        .page_size = sysconf(_SC_PAGESIZE) };
    uname(&facts->kernel);
    return true;
}

static void print_text(const Probe *probe, const Facts *facts)
{
    printf("KVM          %s\n", facts->kind);
    printf("guests       %s\n", facts->guests);
    printf("processor    %s (PVR 0x%08x)\n", facts->cpu, facts->pvr);
    printf("page size    %ld KiB\n", facts->page_size >> 10);
    printf("kernel       %s\n\n", facts->kernel.release);
    for (unsigned i = 0; i < G_N_ELEMENTS(capabilities); i++)
        printf("%-28s %4d  %s\n", capabilities[i].name, kvm_check(probe->vm, capabilities[i].number),
            capabilities[i].allows);
    if (probe->why_not)
        printf("\nH_LOGICAL_CI_STORE to a doorbell does NOT work in this kernel: %s\n", probe->why_not);
    else
        printf("\nH_LOGICAL_CI_STORE to a doorbell works in this kernel: the eventfd fired once, with no "
               "exit\n");
}

static void print_json(const Probe *probe, const Facts *facts)
{
    g_autoptr(Counts) found = counts_new();
    counts_section(found, "", COUNTS_BY_NAME);
    counts_text(found, "kvm", facts->kind);
    counts_text(found, "guests", facts->guests);
    counts_text(found, "processor", facts->cpu);
    counts_value(found, "pvr", facts->pvr);
    counts_value(found, "page_size", (uint64_t)facts->page_size);
    counts_text(found, "kernel", facts->kernel.release);
    counts_section(found, "capabilities", COUNTS_BY_NAME);
    for (unsigned i = 0; i < G_N_ELEMENTS(capabilities); i++)
        counts_value(
            found, capabilities[i].name, (uint64_t)MAX(kvm_check(probe->vm, capabilities[i].number), 0));
    counts_section(found, "ci_store", COUNTS_BY_NAME);
    counts_switch(found, "works", !probe->why_not);
    counts_value(found, "fired", probe->fired);
    counts_value(found, "exits", probe->stores);
    if (probe->why_not)
        counts_text(found, "why_not", probe->why_not);
    g_autofree char *text = counts_finish(found);
    fputs(text, stdout);
}

enum { STATUS_WORKS = 0, STATUS_DOES_NOT = 3 };

static int probe_and_print(Probe *probe, bool json, GError **error)
{
    Facts facts;
    if (!build(probe, error) || !read_facts(probe, &facts, error))
        return LPARUN_ERROR_HOST;
    try_store(probe);
    if (json)
        print_json(probe, &facts);
    else
        print_text(probe, &facts);
    return probe->why_not ? STATUS_DOES_NOT : STATUS_WORKS;
}

int probe_run(bool json)
{
    g_autoptr(GError) error = NULL;
    Probe probe = { 0 };
    g_mutex_init(&probe.lock);
    g_cond_init(&probe.ended);
    int status = probe_and_print(&probe, json, &error);
    if (error)
        g_printerr("lparun: %s\n", error->message);
    clear(&probe);
    g_mutex_clear(&probe.lock);
    g_cond_clear(&probe.ended);
    return status;
}
