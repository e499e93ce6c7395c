// What was asked for by -machine cap-...= is what the guest gets, or the machine is not made.
#include "capabilities.h"
#include "lparun/error.h"
#include "values.h"

// A switch, what this host has of it, and what to say to who asks for more.
typedef struct Asked {
    const char *key;
    int value;
    bool is_there;
    const char *why;
} Asked;

static bool check(const Asked *asked, unsigned count, GError **error)
{
    bool right = true;
    for (unsigned i = 0; i < count; i++) {
        g_autoptr(GError) why = NULL;
        if (asked[i].value != CAPABILITY_ON || asked[i].is_there)
            continue;
        error_host(&why, "-machine %s=on: %s; give off, or leave it out", asked[i].key, asked[i].why);
        right = error_more(error, g_steal_pointer(&why));
    }
    return right;
}

// Nobody asks a KVM for what nobody asked for.
static bool has(const KvmVm *vm, int value, unsigned capability)
{
    return value == CAPABILITY_ON && kvm_check(vm, capability) > 0;
}

static unsigned shift_of(uint64_t size)
{
    return (unsigned)g_bit_storage(size) - 1;
}

// A guest without a hashed page table has no page in it.
static bool limit_pages(const Capabilities *asked, Cpus *cpus, GError **error)
{
    unsigned largest = cpus_largest_page(cpus), shift = shift_of(asked->hash_page);
    if (asked->hash_page == 0 || largest == 0)
        return true;
    if (shift > largest)
        return error_host(error,
            "-machine cap-hpt-max-page-size: this host's KVM has pages of up to %u KiB there; give that, or "
            "leave it out",
            1U << (largest - 10));
    cpus->page_shift_most = shift;
    return true;
}

bool capabilities_cpus(const Capabilities *asked, KvmVm *vm, Cpus *cpus, GError **error)
{
    bool large = cpus->decrementer_bits > 0;
    bool dawr1 = asked->dawr1 == CAPABILITY_ON && cpus->isa >= 310 && kvm_check(vm, KVM_CAP_PPC_DAWR1) > 0 &&
                 kvm_enable(vm, KVM_CAP_PPC_DAWR1, 1, 0) == 0;
    const Asked all[] = {
        { "cap-large-decr", asked->large_decrementer, large, "this host's KVM has no large decrementer" },
        { "cap-ail-mode-3", asked->ail_3, has(vm, asked->ail_3, KVM_CAP_PPC_AIL_MODE_3),
            "this host's KVM has no interrupts with the MMU on" },
        { "cap-fwnmi", asked->fwnmi, has(vm, asked->fwnmi, KVM_CAP_PPC_FWNMI),
            "this host's KVM hands no machine checks to guests" },
        { "cap-dawr1", asked->dawr1, dawr1, "this host's KVM has no second watchpoint register" },
    };
    bool right = check(all, G_N_ELEMENTS(all), error);
    cpus->has_dawr1 = dawr1;
    cpus->without_vsx = asked->vsx == CAPABILITY_OFF;
    cpus->without_dfp = asked->dfp == CAPABILITY_OFF;
    if (asked->large_decrementer == CAPABILITY_OFF)
        cpus->decrementer_bits = 0;
    g_autoptr(GError) why = NULL;
    return limit_pages(asked, cpus, &why) ? right : error_more(error, g_steal_pointer(&why));
}

bool capabilities_mitigations(const Capabilities *asked, KvmVm *vm, const Cpus *cpus,
    MitigationAnswer *answer, bool *held, GError **error)
{
    const Mitigations *wanted = &asked->mitigations;
    KvmCpuCharacteristics host;
    *held = wanted->cache || wanted->barrier || wanted->branch || wanted->assist;
    if (!*held)
        return true;
    kvm_cpu_characteristics(vm, &host); // of a KVM that does not say, nothing is known
    return mitigations_resolve(&host, wanted, cpus->isa < 300, answer, error);
}

bool capabilities_mmu(const Capabilities *asked, const Mmu *mmu, GError **error)
{
    const Asked all[] = {
        { "cap-rpt-invalidate", asked->rpt_invalidate, mmu_has_rpt_invalidate(mmu),
            "this host's KVM does not serve H_RPT_INVALIDATE" },
    };
    if (!check(all, G_N_ELEMENTS(all), error))
        return false;
    return asked->resize != RESIZE_ENABLED || mmu_offer(mmu) == MMU_RADIX || mmu_serves_resize(mmu) ||
           error_host(error,
               "-machine resize-hpt=enabled: this host's KVM does not resize hashed page tables; give "
               "disabled, or leave it out");
}
