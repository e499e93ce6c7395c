// Compatibility modes: KVM makes a processor look like an older one to the guest's problem state (the PCR).
#include "lparun/cas.h"

// Oldest first (logical PVRs: LoPAR, "cpu-version"; Linux, asm/reg.h).
static const CompatLevel levels[] = {
    { "power8", 0x0f000004, 207 },
    { "power9", 0x0f000005, 300 },
    { "power10", 0x0f000006, 310 },
    { "power11", 0x0f000007, 310 },
};

const Word compat_words[] = { { "power8" }, { "power9" }, { "power10" }, { "power11" }, { 0 } };

const CompatLevel *compat_find(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(levels); i++)
        if (g_ascii_strcasecmp(levels[i].name, name) == 0)
            return &levels[i];
    return NULL;
}

const CompatLevel *compat_older(const CompatLevel *a, const CompatLevel *b)
{
    return !a || (b && b < a) ? b : a;
}

char *compat_names(unsigned accepted)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (unsigned i = 0; i < G_N_ELEMENTS(levels); i++)
        if (accepted & 1U << i)
            g_ptr_array_add(names, (char *)levels[i].name);
    return words_join(names, ", ", " and ");
}

unsigned compat_accepted(Vcpu *vcpu)
{
    unsigned accepted = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(levels); i++)
        if (kvm_vcpu_set_reg(vcpu_kvm(vcpu), KVM_PPC_COMPAT, levels[i].pvr) == 0)
            accepted |= 1U << i;
    kvm_vcpu_set_reg(vcpu_kvm(vcpu), KVM_PPC_COMPAT, 0);
    return accepted;
}

const CompatLevel *compat_best(unsigned accepted, const CompatLevel *max,
    bool (*is_known)(uint32_t pvr, const void *data), const void *data)
{
    const CompatLevel *best = NULL;
    for (unsigned i = 0; i < G_N_ELEMENTS(levels); i++)
        if (accepted & 1U << i && (!max || &levels[i] <= max) && (!is_known || is_known(levels[i].pvr, data)))
            best = &levels[i];
    return best;
}

typedef struct Setting {
    uint64_t pvr, lpcr;
    int result;
} Setting;

static int set_lpcr(Vcpu *vcpu, uint64_t bits)
{
    uint64_t lpcr;
    int result = kvm_vcpu_get_reg(vcpu_kvm(vcpu), KVM_PPC_LPCR, &lpcr);
    if (result < 0 || (lpcr & LPCR_LD) == bits)
        return result;
    return kvm_vcpu_set_reg(vcpu_kvm(vcpu), KVM_PPC_LPCR, (lpcr & ~LPCR_LD) | bits);
}

static void set_level(Vcpu *vcpu, void *data)
{
    Setting *setting = data;
    int result = kvm_vcpu_set_reg(vcpu_kvm(vcpu), KVM_PPC_COMPAT, setting->pvr);
    if (result == 0)
        result = set_lpcr(vcpu, setting->lpcr);
    if (result < 0)
        __atomic_store_n(&setting->result, result, __ATOMIC_RELAXED);
}

int compat_set(VcpuSet *vcpus, Vcpu *caller, const CompatLevel *level, bool large_decrementer)
{
    bool large = large_decrementer && (!level || level->isa >= 300);
    Setting setting = { .pvr = level ? level->pvr : 0, .lpcr = large ? LPCR_LD : 0 };
    vcpu_set_call(vcpus, caller, set_level, &setting);
    return setting.result;
}
