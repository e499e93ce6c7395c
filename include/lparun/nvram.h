// The partition's non-volatile memory (64 KiB).
#pragma once
#include "lparun/tree.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct Nvram Nvram;

#define NVRAM_SIZE 0x10000
#define NVRAM_UNIT 0x71000001

// A new one is formatted: firmware would need thousands of calls to do so.
Nvram *nvram_new(void);
void nvram_free(Nvram *nvram);
void nvram_describe(const Nvram *nvram, Tree *tree);
// Copies bytes out and in. False, and nothing copied, when the range is not within NVRAM_SIZE. Any thread.
bool nvram_fetch(Nvram *nvram, uint32_t offset, void *bytes, uint32_t length);
bool nvram_store(Nvram *nvram, uint32_t offset, const void *bytes, uint32_t length);
