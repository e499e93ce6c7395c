// Hypercalls about pages of the guest's memory: H_PAGE_INIT, H_LOGICAL_ICBI, H_LOGICAL_DCBF (LoPAR 14.5.4).
#include "lparun/hypercall.h"
#include "lparun/papr.h"
#include <string.h>

#define PAGE_SIZE 4096 // PAPR's
#define FLAGS (H_ICACHE_INVALIDATE | H_ICACHE_SYNCHRONIZE | H_ZERO_PAGE | H_COPY_PAGE)

static bool is_page(const GuestMemory *memory, uint64_t address)
{
    return address % PAGE_SIZE == 0 && guest_memory_has(memory, address, PAGE_SIZE);
}

// r4 flags, r5 the page, r6 the one that is copied. KVM serves it for hashed guests, and leaves it to us for
// others (kvmppc_rm_h_page_init in arch/powerpc/kvm/book3s_hv_rm_mmu.c).
static int64_t page_init(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    const GuestMemory *memory = owner;
    uint64_t flags = arguments[0];
    bool copies = flags & H_COPY_PAGE;
    if (flags & ~FLAGS || !is_page(memory, arguments[1]) || (copies && !is_page(memory, arguments[2])))
        return H_PARAMETER;
    uint8_t *page = guest_memory_write_at(memory, arguments[1], PAGE_SIZE);
    const uint8_t *source = copies ? guest_memory_read_at(memory, arguments[2], PAGE_SIZE) : NULL;
    if (source)
        memmove(page, source, PAGE_SIZE);
    else if (flags & H_ZERO_PAGE)
        memset(page, 0, PAGE_SIZE);
    if (flags & (H_ICACHE_INVALIDATE | H_ICACHE_SYNCHRONIZE))
        __builtin___clear_cache((char *)page, (char *)page + PAGE_SIZE);
    return H_SUCCESS;
}

// Caches hold nothing back from anybody here: all that has access to the guest's memory is coherent with its
// processors. r4: the block's logical address.
static int64_t flush_block(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    return guest_memory_has(owner, arguments[0], 1) ? H_SUCCESS : H_PARAMETER;
}

void hypercall_page_register(HypercallTable *table, const HypercallParts *parts)
{
    GuestMemory *memory = parts->memory;
    kvm_enable(parts->vm, KVM_CAP_PPC_ENABLE_HCALL, H_PAGE_INIT, 1); // where it refuses, ours serves alone
    hypercall_register(table, H_PAGE_INIT, "H_PAGE_INIT", page_init, memory);
    hypercall_register(table, H_LOGICAL_ICBI, "H_LOGICAL_ICBI", flush_block, memory);
    hypercall_register(table, H_LOGICAL_DCBF, "H_LOGICAL_DCBF", flush_block, memory);
    hypercall_announce(table, "hcall-copy");
    hypercall_announce(table, "hcall-debug");
}
