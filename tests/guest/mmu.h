// Address translation. Whatever the MMU, effective addresses are then guest physical ones.
#pragma once
#include <stdbool.h>

// What the machine started with: "radix" or "hash".
const char *mmu_name(void);
// Maps the payload and the device tree, at least, and turns MSR[IR] and MSR[DR] on. Once.
void mmu_on(void);

#define MAPPED_MAX 0x80000000ULL // payload and device tree lie below

// radix.c, hash.c: everything but MSR.
void radix_prepare(void);
void hash_prepare(void);
