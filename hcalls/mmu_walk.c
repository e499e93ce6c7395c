// A guest's address translation, done from outside: radix trees, the hashed page table, real mode.
#include "lparun/mmu_walk.h"
#include "lparun/bytes.h"
#include "lparun/vcpu.h"

#define MSR_DR (1ULL << 4)

// An effective address' bits that real mode takes (Power ISA 3.1, book III, 6.7.3.1): the top four say
// nothing.
#define REAL_MODE_BITS 0x0fffffffffffffffULL

static uint64_t bits(unsigned count)
{
    return count < 64 ? (1ULL << count) - 1 : UINT64_MAX;
}

static bool read_doubleword(const MmuView *view, uint64_t gpa, uint64_t *value)
{
    be64 raw;
    if (!guest_memory_read(view->memory, gpa, &raw, sizeof raw))
        return false;
    *value = be64_get(raw);
    return true;
}

// --- Radix (Power ISA 3.1, book III, 6.7.10).

#define TABLE_BASE 0x0ffffffffffff000ULL // of the process table
#define TABLE_SIZE 0x1fULL
#define PROCESS_ENTRY 16
#define NODE_BASE 0x0fffffffffffff00ULL // of a directory: in a process table's entry, and in a directory's
#define NODE_SIZE 0x1fULL
#define ENTRY_VALID (1ULL << 63)
#define ENTRY_LEAF (1ULL << 62)
#define LEAF_PAGE 0x01fffffffffff000ULL
#define LEVELS 4
#define PAGE_SHIFT_MIN 12

// A directory: where it is, and how many bits of the address it is indexed by.
typedef struct Node {
    uint64_t base;
    unsigned size, left; // bits that are not used up yet, its own included
} Node;

// The first one of quadrant 0, which is the process', or of quadrant 3, which is the kernel's: process 0.
static bool find_tree(const MmuView *view, uint64_t address, Node *node)
{
    uint64_t entry, quadrant = address >> 62;
    uint64_t at = (quadrant == 0 ? view->pid : 0) * PROCESS_ENTRY;
    if (!view->process_table || (quadrant != 0 && quadrant != 3) ||
        at >> ((view->process_table & TABLE_SIZE) + 12) ||
        !read_doubleword(view, (view->process_table & TABLE_BASE) + at, &entry))
        return false;
    unsigned size = (unsigned)(entry >> 61 & 3) << 3 | (unsigned)(entry >> 5 & 7);
    *node = (Node){ entry & NODE_BASE, (unsigned)(entry & NODE_SIZE), size + 31 };
    return (address & bits(62)) >> node->left == 0;
}

static bool walk_radix(const MmuView *view, uint64_t address, uint64_t *gpa)
{
    Node node;
    if (!find_tree(view, address, &node))
        return false;
    for (unsigned level = 0; level < LEVELS; level++) {
        uint64_t entry;
        if (node.size == 0 || node.size + PAGE_SHIFT_MIN > node.left)
            return false;
        node.left -= node.size;
        uint64_t index = address >> node.left & bits(node.size);
        if (!read_doubleword(view, node.base + index * sizeof entry, &entry) || !(entry & ENTRY_VALID))
            return false;
        if (entry & ENTRY_LEAF) {
            *gpa = (entry & LEAF_PAGE & ~bits(node.left)) | (address & bits(node.left));
            return true;
        }
        node.base = entry & NODE_BASE;
        node.size = (unsigned)(entry & NODE_SIZE);
    }
    return false;
}

// --- The hashed page table (Power ISA 3.1, book III, 6.7.9).

#define SLB_VALID (1ULL << 27)
#define SLB_1T (1ULL << 62)
#define SLB_PAGE_BITS 0x130ULL // L and LP
#define SEGMENT_256M 28
#define SEGMENT_1T 40

#define HPTE_VALID 1ULL
#define HPTE_SECONDARY 2ULL
#define HPTE_LARGE 4ULL
#define HPTE_SEGMENT (3ULL << 62)
#define HPTE_AVPN 0x3fffffffffffff80ULL
#define HPTE_AVPN_SHIFT 23 // bits of a virtual address that it does not have
#define HPTE_RPN 0x0ffffffffffff000ULL

// Pages of a segment whose base pages have 1 << `base` bytes: what its SLB entry and a page table entry have
// in L and LP. The processors' own choice, and the same on all that KVM runs on (KVM_PPC_GET_SMMU_INFO).
static const struct {
    unsigned base, actual, slb, entry;
} page_sizes[] = {
    { 12, 12, 0x000, 0x00 }, // L is 0 for these
    { 12, 16, 0x000, 0x07 },
    { 12, 24, 0x000, 0x38 },
    { 16, 16, 0x110, 0x01 },
    { 16, 24, 0x110, 0x08 },
    { 24, 24, 0x100, 0x00 },
    { 34, 34, 0x120, 0x03 },
};

typedef struct Segment {
    uint64_t vsid;
    unsigned shift, slb, base;
} Segment;

static bool find_base(unsigned slb, unsigned *base)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(page_sizes); i++)
        if (page_sizes[i].slb == slb) {
            *base = page_sizes[i].base;
            return true;
        }
    return false;
}

static bool find_segment(const MmuView *view, uint64_t address, Segment *segment)
{
    for (unsigned i = 0; i < KVM_SLB_ENTRIES; i++) {
        const KvmSlbEntry *entry = &view->slb[i];
        bool large = entry->vsid & SLB_1T;
        unsigned shift = large ? SEGMENT_1T : SEGMENT_256M;
        if (!(entry->esid & SLB_VALID) || (entry->esid ^ address) >> shift)
            continue;
        *segment = (Segment){
            .vsid = (entry->vsid & bits(62)) >> (large ? 24 : 12),
            .shift = shift,
            .slb = (unsigned)(entry->vsid & SLB_PAGE_BITS),
        };
        return find_base(segment->slb, &segment->base);
    }
    return false;
}

// The size of the page that an entry of this segment maps, or 0.
static unsigned page_shift(const Segment *segment, const uint64_t entry[2])
{
    for (unsigned i = 0; i < G_N_ELEMENTS(page_sizes); i++) {
        bool large = page_sizes[i].actual > PAGE_SHIFT_MIN;
        unsigned free = MIN(page_sizes[i].actual - PAGE_SHIFT_MIN, 8); // bits of its number that LP has
        if (page_sizes[i].slb == segment->slb && large == !!(entry[0] & HPTE_LARGE) &&
            (!large || (entry[1] >> PAGE_SHIFT_MIN & bits(free)) == page_sizes[i].entry))
            return page_sizes[i].actual;
    }
    return 0;
}

// Is it this address' entry? Its number has no bits of what is within the page.
static bool is_entry(
    const Segment *segment, const uint64_t entry[2], uint64_t address, bool secondary, unsigned *shift)
{
    uint64_t virtual_page = segment->vsid << (segment->shift - HPTE_AVPN_SHIFT) |
                            (address & bits(segment->shift)) >> HPTE_AVPN_SHIFT;
    if (!(entry[0] & HPTE_VALID) || !!(entry[0] & HPTE_SECONDARY) != secondary ||
        (entry[0] & HPTE_SEGMENT) >> 62 != (segment->shift == SEGMENT_1T))
        return false;
    *shift = page_shift(segment, entry);
    uint64_t within = *shift > HPTE_AVPN_SHIFT ? bits(*shift - HPTE_AVPN_SHIFT) : 0;
    return *shift && !(((entry[0] & HPTE_AVPN) >> 7 ^ (virtual_page & bits(55))) & ~within);
}

static bool walk_group(const MmuView *view, const Segment *segment, uint64_t address, uint64_t hash,
    bool secondary, uint64_t *gpa)
{
    uint64_t entries[KVM_HASH_GROUP][2];
    uint64_t group = (secondary ? ~hash : hash) & bits(view->hash_order - 7);
    if (!view->hash_group(view->owner, group, entries))
        return false;
    for (unsigned i = 0; i < KVM_HASH_GROUP; i++) {
        unsigned shift;
        if (!is_entry(segment, entries[i], address, secondary, &shift))
            continue;
        *gpa = (entries[i][1] & HPTE_RPN & ~bits(shift)) | (address & bits(shift));
        return true;
    }
    return false;
}

static bool walk_hash(const MmuView *view, uint64_t address, uint64_t *gpa)
{
    Segment segment;
    if (view->hash_order < MMU_HASH_ORDER_MIN || !find_segment(view, address, &segment))
        return false;
    uint64_t page = (address & bits(segment.shift)) >> segment.base;
    uint64_t vsid = segment.shift == SEGMENT_1T ? segment.vsid ^ segment.vsid << 25 : segment.vsid;
    uint64_t hash = vsid ^ page; // of which a table has 39 bits at most
    return walk_group(view, &segment, address, hash, false, gpa) ||
           walk_group(view, &segment, address, hash, true, gpa);
}

// --- Both.

bool mmu_walk(const MmuView *view, uint64_t address, uint64_t *gpa)
{
    if (!(view->msr & MSR_SF))
        address &= UINT32_MAX;
    if (view->msr & MSR_DR)
        return view->radix ? walk_radix(view, address, gpa) : walk_hash(view, address, gpa);
    *gpa = address & REAL_MODE_BITS;
    return true;
}

static bool hash_group(const void *owner, uint64_t group, uint64_t entries[KVM_HASH_GROUP][2])
{
    return mmu_hash_group(owner, group, entries);
}

int mmu_view(MmuView *view, const Mmu *mmu, const GuestMemory *memory, KvmVcpu *vcpu)
{
    KvmRegisters registers;
    int result = kvm_vcpu_registers(vcpu, &registers);
    if (result < 0)
        return result;
    *view = (MmuView){
        .memory = memory,
        .msr = registers.msr,
        .radix = mmu_is_radix(mmu),
        .process_table = mmu_process_table(mmu),
        .hash_order = mmu_hash_order(mmu),
        .hash_group = hash_group,
        .owner = mmu,
    };
    if (view->radix)
        kvm_vcpu_get_reg(vcpu, KVM_PPC_PID, &view->pid);
    return view->radix ? 0 : kvm_vcpu_slb(vcpu, view->slb);
}
