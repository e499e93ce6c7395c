// The levels of H_GET_CPU_CHARACTERISTICS (LoPAR 14.5.4; names of the bits as in Linux, asm/hvcall.h).
#include "lparun/mitigations.h"
#include "lparun/error.h"

#define BIT(number) (1ULL << (63 - (number)))
// Of the character: what the processor has.
#define SPEC_BAR_ORI31 BIT(0)
#define BCCTRL_SERIALISED BIT(1)
#define L1D_FLUSH_ORI30 BIT(2)
#define L1D_FLUSH_TRIG2 BIT(3)
#define L1D_THREAD_PRIV BIT(4)
#define COUNT_CACHE_DISABLED BIT(7)
#define BCCTR_FLUSH_ASSIST BIT(9)
// Of the behaviour: what software had better do.
#define FAVOUR_SECURITY BIT(0)
#define L1D_FLUSH_PR BIT(1)
#define BNDS_CHK_SPEC_BAR BIT(2)
#define FLUSH_COUNT_CACHE BIT(5)
#define NO_L1D_FLUSH_ENTRY BIT(7)
#define NO_L1D_FLUSH_UACCESS BIT(8)

const Word mitigation_levels[] = { { "broken", MITIGATION_BROKEN }, { "workaround", MITIGATION_WORKAROUND },
    { "fixed", MITIGATION_FIXED }, { 0 } };
const Word mitigation_branches[] = { { "broken", MITIGATION_BROKEN }, { "workaround", MITIGATION_WORKAROUND },
    { "fixed-ibs", MITIGATION_FIXED_IBS }, { "fixed-ccd", MITIGATION_FIXED_CCD },
    { "fixed-na", MITIGATION_FIXED_NA }, { 0 } };
const Word mitigation_switch[] = { { "on", MITIGATION_ON }, { "off", MITIGATION_OFF },
    { "yes", MITIGATION_ON, .unlisted = true }, { "no", MITIGATION_OFF, .unlisted = true },
    { "true", MITIGATION_ON, .unlisted = true }, { "false", MITIGATION_OFF, .unlisted = true }, { 0 } };

// --- What the host has.

// The firmware says that software need not do it.
static bool is_needless(const KvmCpuCharacteristics *host, uint64_t behaviour)
{
    return host->behaviour_known & ~host->behaviour & behaviour;
}

static int level_of_cache(const KvmCpuCharacteristics *host, bool is_power8)
{
    if (is_needless(host, L1D_FLUSH_PR))
        return MITIGATION_FIXED;
    bool is_private = is_power8 || host->character & L1D_THREAD_PRIV;
    bool can_flush = host->character & (L1D_FLUSH_ORI30 | L1D_FLUSH_TRIG2);
    return is_private && can_flush ? MITIGATION_WORKAROUND : MITIGATION_BROKEN;
}

static int level_of_barrier(const KvmCpuCharacteristics *host)
{
    if (is_needless(host, BNDS_CHK_SPEC_BAR))
        return MITIGATION_FIXED;
    return host->character & SPEC_BAR_ORI31 ? MITIGATION_WORKAROUND : MITIGATION_BROKEN;
}

static int level_of_branch(const KvmCpuCharacteristics *host)
{
    if (host->character & COUNT_CACHE_DISABLED)
        return MITIGATION_FIXED_CCD;
    if (host->character & BCCTRL_SERIALISED)
        return MITIGATION_FIXED_IBS;
    if (host->behaviour & FLUSH_COUNT_CACHE)
        return MITIGATION_WORKAROUND;
    uint64_t both = COUNT_CACHE_DISABLED | BCCTRL_SERIALISED;
    bool is_known = (host->character_known & both) == both;
    return is_known && is_needless(host, FLUSH_COUNT_CACHE) ? MITIGATION_FIXED_NA : MITIGATION_BROKEN;
}

// --- What is asked for.

// What a level is in the guest's eyes; of the other bits of the mask none is set.
typedef struct Level {
    MitigationAnswer mask, bits;
} Level;

static void hold_to(MitigationAnswer *answer, const Level *level)
{
    answer->character = (answer->character & ~level->mask.character) | level->bits.character;
    answer->behaviour = (answer->behaviour & ~level->mask.behaviour) | level->bits.behaviour;
}

#define CACHE_MASK                                                                                           \
    {                                                                                                        \
        L1D_FLUSH_ORI30 | L1D_FLUSH_TRIG2 | L1D_THREAD_PRIV,                                                 \
            L1D_FLUSH_PR | NO_L1D_FLUSH_ENTRY | NO_L1D_FLUSH_UACCESS                                         \
    }
#define BARRIER_MASK                                                                                         \
    {                                                                                                        \
        SPEC_BAR_ORI31, BNDS_CHK_SPEC_BAR                                                                    \
    }
#define BRANCH_MASK                                                                                          \
    {                                                                                                        \
        COUNT_CACHE_DISABLED | BCCTRL_SERIALISED, FLUSH_COUNT_CACHE                                          \
    }

static const Level cache_levels[] = {
    [MITIGATION_BROKEN] = { CACHE_MASK, { 0, L1D_FLUSH_PR } },
    [MITIGATION_WORKAROUND] = { CACHE_MASK,
        { L1D_FLUSH_ORI30 | L1D_FLUSH_TRIG2 | L1D_THREAD_PRIV, L1D_FLUSH_PR } },
};
static const Level barrier_levels[] = {
    [MITIGATION_BROKEN] = { BARRIER_MASK, { 0, BNDS_CHK_SPEC_BAR } },
    [MITIGATION_WORKAROUND] = { BARRIER_MASK, { SPEC_BAR_ORI31, BNDS_CHK_SPEC_BAR } },
};
static const Level branch_levels[] = {
    [MITIGATION_BROKEN] = { BRANCH_MASK, { 0, 0 } },
    [MITIGATION_WORKAROUND] = { BRANCH_MASK, { 0, FLUSH_COUNT_CACHE } },
};
static const Level assist_levels[] = {
    [MITIGATION_OFF] = { { BCCTR_FLUSH_ASSIST, 0 }, { 0, 0 } },
};

typedef struct Ask {
    const char *key;
    int level;         // that is asked for; 0: none
    int has;           // the host
    const Word *words; // for both
    const Level *levels;
} Ask;

// A host that can do without can do with a workaround, too; but one way to be fixed is not another.
static bool apply(const Ask *ask, MitigationAnswer *answer, GError **error)
{
    if (ask->level == 0)
        return true;
    if (ask->level > ask->has || (ask->level >= MITIGATION_FIXED && ask->level != ask->has)) {
        const char *has = words_name(ask->words, ask->has);
        return error_host(error, "-machine %s=%s: this host's KVM has %s; give that, or leave it out",
            ask->key, words_name(ask->words, ask->level), has);
    }
    answer->behaviour |= FAVOUR_SECURITY;
    if (ask->level < ask->has || ask->level == MITIGATION_BROKEN)
        hold_to(answer, &ask->levels[ask->level]);
    return true;
}

bool mitigations_resolve(const KvmCpuCharacteristics *host, const Mitigations *asked, bool is_power8,
    MitigationAnswer *answer, GError **error)
{
    bool has_assist = host->character & BCCTR_FLUSH_ASSIST, right = true;
    const Ask asks[] = {
        { "cap-cfpc", asked->cache, level_of_cache(host, is_power8), mitigation_levels, cache_levels },
        { "cap-sbbc", asked->barrier, level_of_barrier(host), mitigation_levels, barrier_levels },
        { "cap-ibs", asked->branch, level_of_branch(host), mitigation_branches, branch_levels },
        { "cap-ccf-assist", asked->assist, has_assist ? MITIGATION_ON : MITIGATION_OFF, mitigation_switch,
            assist_levels },
    };
    *answer = (MitigationAnswer){ host->character, host->behaviour };
    for (unsigned i = 0; i < G_N_ELEMENTS(asks); i++) {
        g_autoptr(GError) why = NULL;
        if (!apply(&asks[i], answer, &why))
            right = error_more(error, g_steal_pointer(&why));
    }
    return right;
}
