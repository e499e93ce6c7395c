// A payload: a program of ours that is all the guest there is. It is entered as SLOF would be (start.S),
// writes TAP to the hypervisor's console and powers the machine off.
#pragma once

#define PAYLOAD_ENTRY 0x100
#define PAYLOAD_SECOND 1 // what a second processor is started with in r3

#ifndef __ASSEMBLER__
#include <stdint.h>

// Each payload has one. In real mode; when it returns the machine powers off.
void payload(void);

// The same for a second processor, when the payload has started it by RTAS. It may not return, nor print
// while the first one does.
void payload_second(void);

// Called by start.S.
void payload_start(uint64_t tree);
void payload_interrupted(uint64_t vector, uint64_t srr0, uint64_t srr1, uint64_t dar, uint64_t dsisr);

// Says why this run is worth nothing (TAP's "Bail out!") and powers the machine off.
_Noreturn void payload_bail(const char *format, ...) __attribute__((format(printf, 1, 2)));
#endif
