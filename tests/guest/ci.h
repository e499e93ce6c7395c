// H_LOGICAL_CI_LOAD and H_LOGICAL_CI_STORE for device registers, when nothing is to go wrong.
#pragma once
#include <stdint.h>

// The value as a big-endian access of `size` bytes has it, in either build. The machine stops at any failure.
uint64_t ci_load(unsigned size, uint64_t address);
void ci_store(unsigned size, uint64_t address, uint64_t value);
