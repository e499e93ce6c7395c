// KVMPPC_H_CAS and KVMPPC_H_UPDATE_DT: SLOF hands on what the guest wishes of the machine, and later the
// device tree that it leaves to the guest.
#include "lparun/cas.h"
#include "lparun/bytes.h"
#include "lparun/error.h"
#include "lparun/guest_tree.h"
#include "lparun/papr.h"
#include <errno.h>
#include <libfdt.h>
#include <stdatomic.h>

// The answer starts with this word; behind it is the whole tree, in place of SLOF's own nodes.
#define CAS_WHOLE_TREE 1
// What SLOF has room for, and more than any tree that it can build.
#define TREE_LIMIT 0x200000

struct Cas {
    CasParts parts;
    const CasOps *ops;
    void *owner;
    uint32_t pvr;             // the processor's own
    unsigned accepted;        // the levels that KVM takes
    const CompatLevel *max;   // the newest that the guest may have; NULL: the processor as it is
    const CompatLevel *first; // after a reset
    Negotiated negotiated;
    atomic_flag negotiating;
    _Atomic uint64_t rtas_base; // as the tree of the last H_UPDATE_DT has it; 0 without
};

Negotiated negotiated_make(const CompatLevel *compat, bool radix, bool gtse, bool xive)
{
    Negotiated negotiated = { .compat = compat, .vector5[0] = VECTOR5_LAST - 1 };
    negotiated.vector5[VECTOR5_INTERRUPTS] = xive ? VECTOR5_XIVE : VECTOR5_XICS;
    negotiated.vector5[VECTOR5_MMU] = radix ? VECTOR5_MMU_RADIX : VECTOR5_MMU_HASH;
    negotiated.vector5[VECTOR5_RADIX_EXTENSIONS] = radix && gtse ? VECTOR5_GTSE : 0;
    return negotiated;
}

// --- What the guest gets of what it wishes.

static bool is_known(uint32_t pvr, const void *request)
{
    return cas_request_knows(request, pvr);
}

// A guest that knows this processor runs on it as it is, unless -machine max-cpu-compat= says otherwise.
// False when it knows nothing that this machine can be.
static bool choose_compat(const Cas *cas, const CasRequest *request, const CompatLevel **compat)
{
    *compat = NULL;
    if (!cas->max && cas_request_knows(request, cas->pvr))
        return true;
    *compat = compat_best(cas->accepted, cas->max, is_known, request);
    return *compat;
}

// AUTO: the guest leaves it to the machine. A guest from before ISA 3.0 sends too short a vector 5 to say so,
// but says in vector 1 which ISA it knows; a boot loader says neither, and has no use for an MMU.
static MmuMode wished_mmu(const CasRequest *request, const CompatLevel *compat)
{
    if (compat && compat->isa < 300)
        return MMU_HASH;
    int mmu = cas_request_byte(request, 5, VECTOR5_MMU);
    if (mmu < 0)
        return cas_request_byte(request, 1, 2) < 0 ? MMU_AUTO : MMU_HASH;
    switch (mmu & VECTOR5_MMU_MASK) {
    case VECTOR5_MMU_RADIX:
        return MMU_RADIX;
    case VECTOR5_MMU_HASH:
        return MMU_HASH;
    default:
        return MMU_AUTO;
    }
}

static bool choose_mmu(const Cas *cas, const CasRequest *request, const CompatLevel *compat, bool *radix)
{
    MmuMode wished = wished_mmu(request, compat), offer = mmu_offer(cas->parts.mmu);
    *radix = wished == MMU_AUTO ? mmu_is_radix(cas->parts.mmu) : wished == MMU_RADIX;
    return wished == MMU_AUTO || offer == MMU_AUTO || wished == offer;
}

// Which forms of associativity the guest may believe.
static uint8_t choose_affinity(const Cas *cas, const CasRequest *request)
{
    int wished = cas_request_byte(request, 5, VECTOR5_AFFINITY);
    return wished < 0 ? 0 : cas->parts.affinity & (uint8_t)wished;
}

// A guest that does not say knows XICS alone; so does a processor from before ISA 3.0. A boot loader, which
// says nothing either, has no use for interrupts.
static bool choose_interrupts(
    const Cas *cas, const CasRequest *request, const CompatLevel *compat, bool *xive)
{
    InterruptMode offer = interrupt_controller_offered(cas->parts.interrupts);
    int wished = compat && compat->isa < 300 ? 0 : cas_request_byte(request, 5, VECTOR5_INTERRUPTS);
    if (wished < 0) {
        *xive = offer == INTERRUPT_XIVE;
        return true;
    }
    wished &= VECTOR5_INTERRUPTS_MASK;
    *xive = wished == VECTOR5_XIVE || (wished == VECTOR5_INTERRUPTS_EITHER && offer != INTERRUPT_XICS);
    return offer == (*xive ? INTERRUPT_XIVE : INTERRUPT_XICS) || offer == INTERRUPT_DUAL;
}

// What the machine becomes.
typedef struct Choice {
    Negotiated negotiated;
    bool radix, xive;
} Choice;

static bool choose(const Cas *cas, const CasRequest *request, Choice *choice)
{
    const CompatLevel *compat;
    if (!choose_compat(cas, request, &compat) || !choose_mmu(cas, request, compat, &choice->radix) ||
        !choose_interrupts(cas, request, compat, &choice->xive))
        return false;
    int extensions = cas_request_byte(request, 5, VECTOR5_RADIX_EXTENSIONS);
    bool gtse = extensions >= 0 && extensions & VECTOR5_GTSE;
    choice->negotiated = negotiated_make(compat, choice->radix, gtse, choice->xive);
    choice->negotiated.vector5[VECTOR5_AFFINITY] = choose_affinity(cas, request);
    return true;
}

// --- The machine as it was agreed on.

static int set_compat(const Cas *cas, Vcpu *caller, const CompatLevel *compat)
{
    // A KVM without levels (PR) has no register to set, and is raw.
    return cas->accepted ? compat_set(cas->parts.vcpus, caller, compat, cas->parts.large_decrementer) : 0;
}

// The levels first: after that no other vCPU is inside KVM_RUN, which the switch of the MMU needs.
static int64_t apply(Cas *cas, Vcpu *caller, const Choice *next)
{
    if (set_compat(cas, caller, next->negotiated.compat) < 0)
        return H_HARDWARE;
    int result = mmu_switch(cas->parts.mmu, next->radix);
    if (result < 0)
        return result == -EBUSY ? H_BUSY : H_HARDWARE;
    if (interrupt_controller_switch(cas->parts.interrupts, next->xive, cas->parts.vcpus, caller) < 0)
        return H_HARDWARE;
    cas->negotiated = next->negotiated;
    return H_SUCCESS;
}

static Choice choice_now(const Cas *cas)
{
    return (Choice){
        .negotiated = cas->negotiated,
        .radix = mmu_is_radix(cas->parts.mmu),
        .xive = interrupt_controller_is_xive(cas->parts.interrupts),
    };
}

static bool place_answer(Cas *cas, uint64_t answer, uint64_t size)
{
    be32 version = be32_make(CAS_WHOLE_TREE);
    uint64_t room = MIN(size - sizeof version, TREE_LIMIT);
    return cas->ops->place_tree(cas->owner, answer + sizeof version, room) &&
           guest_memory_write(cas->parts.memory, answer, &version, sizeof version);
}

// r4 the guest's wishes, r5 a buffer for the answer, r6 its size in bytes. All or nothing.
static int64_t negotiate(Cas *cas, Vcpu *vcpu, const uint64_t arguments[9])
{
    uint64_t answer = papr_real_address(arguments[1]), size = arguments[2];
    g_autofree CasRequest *request = g_new(CasRequest, 1);
    if (size < sizeof(be32) || !guest_memory_has(cas->parts.memory, answer, size) ||
        !cas_request_read(request, cas->parts.memory, papr_real_address(arguments[0])))
        return H_PARAMETER;
    Choice chosen, before = choice_now(cas);
    if (!choose(cas, request, &chosen))
        return H_HARDWARE;
    int64_t result = apply(cas, vcpu, &chosen);
    if (result == H_SUCCESS && !place_answer(cas, answer, size))
        result = H_PARAMETER;
    if (result != H_SUCCESS)
        apply(cas, vcpu, &before);
    return result;
}

static bool others_run(const Cas *cas, const Vcpu *caller)
{
    for (unsigned i = 0; i < vcpu_set_count(cas->parts.vcpus); i++) {
        const Vcpu *vcpu = vcpu_set_at(cas->parts.vcpus, i);
        if (vcpu != caller && !vcpu_is_parked(vcpu))
            return true;
    }
    return false;
}

// Two vCPUs may both be here while the main thread parks all; the second is told what it would be otherwise.
static int64_t client_architecture_support(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    Cas *cas = owner;
    if (others_run(cas, vcpu) || atomic_flag_test_and_set(&cas->negotiating))
        return H_MULTI_THREADS_ACTIVE;
    int64_t result = negotiate(cas, vcpu, arguments);
    atomic_flag_clear(&cas->negotiating);
    return result;
}

// --- The tree that firmware leaves.

// r4 the tree, of which only what lparun needs is kept. A copy is what is read: the guest may change its own
// meanwhile.
static int64_t update_device_tree(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    Cas *cas = owner;
    uint64_t address = papr_real_address(arguments[0]);
    struct fdt_header head;
    if (!guest_memory_read(cas->parts.memory, address, &head, sizeof head))
        return H_PARAMETER;
    size_t size = fdt_totalsize(&head);
    if (size < sizeof head || size > TREE_LIMIT)
        return H_PARAMETER;
    g_autofree void *copy = g_try_malloc(size);
    if (!copy)
        return H_RESOURCE;
    GuestTree found;
    if (!guest_memory_read(cas->parts.memory, address, copy, size) || !guest_tree_read(copy, size, &found))
        return H_PARAMETER;
    atomic_store(&cas->rtas_base, found.rtas_base);
    return H_SUCCESS;
}

uint64_t cas_rtas_base(Cas *cas)
{
    return atomic_load(&cas->rtas_base);
}

// --- From power-on to the end.

static bool read_levels(Cas *cas, GError **error)
{
    Vcpu *boot = vcpu_set_at(cas->parts.vcpus, 0);
    int result = kvm_vcpu_pvr(vcpu_kvm(boot), &cas->pvr);
    if (result < 0)
        return error_host(error, "KVM_GET_SREGS: %s", g_strerror(-result));
    cas->accepted = compat_accepted(boot);
    if (!cas->max)
        return true;
    cas->first = compat_best(cas->accepted, cas->max, NULL, NULL);
    if (!cas->first)
        error_host(error,
            "-machine max-cpu-compat=%s: this host's KVM can hold no guest to that; leave it out",
            cas->max->name);
    return cas->first;
}

Cas *cas_new(const CasParts *parts, const CompatLevel *max, const CasOps *ops, void *owner, GError **error)
{
    Cas *cas = g_new0(Cas, 1);
    *cas = (Cas){ .parts = *parts, .max = max, .ops = ops, .owner = owner, .negotiating = ATOMIC_FLAG_INIT };
    if (read_levels(cas, error))
        return cas;
    cas_free(cas);
    return NULL;
}

void cas_free(Cas *cas)
{
    g_free(cas);
}

bool cas_reset(Cas *cas, GError **error)
{
    int result = set_compat(cas, NULL, cas->first);
    if (result < 0)
        error_host(error, "KVM_REG_PPC_ARCH_COMPAT: %s", g_strerror(-result));
    cas->negotiated = negotiated_make(
        cas->first, mmu_is_radix(cas->parts.mmu), true, interrupt_controller_is_xive(cas->parts.interrupts));
    cas->negotiated.vector5[VECTOR5_AFFINITY] = cas->parts.affinity;
    atomic_store(&cas->rtas_base, 0);
    return result >= 0;
}

const Negotiated *cas_negotiated(const Cas *cas)
{
    return &cas->negotiated;
}

void hypercall_cas_register(HypercallTable *table, const HypercallParts *parts)
{
    Cas *cas = parts->cas;
    hypercall_register(table, KVMPPC_H_CAS, "KVMPPC_H_CAS", client_architecture_support, cas);
    hypercall_register(table, KVMPPC_H_UPDATE_DT, "KVMPPC_H_UPDATE_DT", update_device_tree, cas);
}

// --- The part.

static bool reset_part(void *part, GError **error)
{
    return cas_reset(part, error);
}

static void free_part(void *part)
{
    cas_free(part);
}

const PartOps cas_part = { .kind = "CAS", .reset = reset_part, .free = free_part };
