// A radix tree for a process with ID 0, whose effective addresses are guest physical ones (Power ISA 3.0,
// book III, 5.7.10).
#include "fdt.h"
#include "hypercall.h"
#include "mmu.h"
#include "order.h"
#include "payload.h"

#define VALID (1ULL << 63)
#define LEAF (1ULL << 62)
#define UPPER_BITS 9    // log2 of the second level's entries
#define LEAF_BITS 0x18f // referenced, changed, privileged, read, write, execute
#define PAGE_SHIFT 30

// 52 bits of effective address: 13 + 9 index bits down to pages of 1 GiB. The size is coded in two fields.
#define ROOT_BITS 13
#define TREE_SIZE (2ULL << 61 | 5ULL << 5)

// H_REGISTER_PROC_TBL: modify, register, radix, with guest translation shootdown.
#define REGISTER_FLAGS 0x1d

static uint64_t root[1 << ROOT_BITS] __attribute__((aligned(8 << ROOT_BITS)));
static uint64_t upper[1 << UPPER_BITS] __attribute__((aligned(8 << UPPER_BITS)));
static uint64_t processes[512] __attribute__((aligned(4096))); // two words a process

void radix_prepare(void)
{
    for (uint64_t i = 0; i < MAPPED_MAX >> PAGE_SHIFT; i++) // KVM knows where memory ends
        upper[i] = big64(VALID | LEAF | i << PAGE_SHIFT | LEAF_BITS);
    root[0] = big64(VALID | (uint64_t)upper | UPPER_BITS);
    processes[0] = big64(TREE_SIZE | (uint64_t)root | ROOT_BITS);
    __asm__ volatile("ptesync" : : : "memory");
    Hypercall call = { .r = { H_REGISTER_PROC_TBL, REGISTER_FLAGS, (uint64_t)processes, 0, 0 } };
    int64_t status = hypercall(&call);
    if (status != H_SUCCESS)
        payload_bail("H_REGISTER_PROC_TBL: %ld", status);
    __asm__ volatile("mtspr 48, %0\n\tisync" : : "r"(0) : "memory"); // PIDR
}
