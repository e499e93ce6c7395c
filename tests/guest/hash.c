// Hashed page table entries for the payload and the device tree, whose effective addresses are guest physical
// ones, and their segments (Power ISA 2.07, book III-S, 5.7).
#include "fdt.h"
#include "hypercall.h"
#include "mmu.h"
#include "payload.h"

#define PAGE 4096ULL // fits whatever backs the guest's memory
#define SEGMENT_SHIFT 28
#define VSID(address) (0x123456ULL + ((address) >> SEGMENT_SHIFT)) // KVM maps real mode with another

// A page table entry's two words, as H_ENTER takes them.
#define ENTRY_VALID 1ULL
#define ENTRY_BITS 0x192ULL // referenced, changed, coherent, read and write

#define SLB_VALID (1ULL << 27)
#define SLB_VSID_SHIFT 12
#define PTEG_SHIFT 7 // log2 of the bytes of a group

extern char bss_end[];

// LoPAR, "H_ENTER": the hypervisor takes the first free entry of the eight of the group.
static void enter(uint64_t address, uint64_t group_mask)
{
    uint64_t offset = address & ((1ULL << SEGMENT_SHIFT) - 1);
    uint64_t group = (VSID(address) ^ offset / PAGE) & group_mask;
    uint64_t page = VSID(address) << 5 | offset >> 23; // bits of the virtual address from 2^23 on
    Hypercall call = { .r = { H_ENTER, 0, group * 8, page << 7 | ENTRY_VALID, address | ENTRY_BITS } };
    int64_t status = hypercall(&call);
    if (status != H_SUCCESS)
        payload_bail("H_ENTER for 0x%lx: %ld", address, status);
}

static void enter_all(uint64_t address, uint64_t end)
{
    uint32_t order = fdt_number("cpus/PowerPC,", "ibm,pft-size", 1);
    if (end > MAPPED_MAX)
        payload_bail("0x%lx is too high to be mapped", end);
    for (address &= -PAGE; address < end; address += PAGE)
        enter(address, (1ULL << (order - PTEG_SHIFT)) - 1);
}

// Entry i for effective segment i: 256 MiB, pages of 4 KiB.
static void set_segments(void)
{
    for (uint64_t i = 0; i < MAPPED_MAX >> SEGMENT_SHIFT; i++) {
        uint64_t address = i << SEGMENT_SHIFT;
        __asm__ volatile("slbmte %0, %1"
                         :
                         : "r"(VSID(address) << SLB_VSID_SHIFT), "r"(address | SLB_VALID | i));
    }
    __asm__ volatile("isync" : : : "memory");
}

void hash_prepare(void)
{
    enter_all(0, (uint64_t)bss_end);
    enter_all(fdt_start(), fdt_end());
    __asm__ volatile("ptesync" : : : "memory");
    set_segments();
}
