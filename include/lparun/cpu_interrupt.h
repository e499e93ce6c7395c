// Interrupts that lparun gives a vCPU itself (hcalls/cpu.c).
#pragma once
#include "lparun/vcpu.h"

// An interrupt as the processor takes one, in the byte order of the guest's interrupts: at `vector`, with
// `kept` of the old MSR, and without `cleared` of it in SRR1. On the vCPU's thread; 0 or -errno.
int cpu_interrupt(Vcpu *vcpu, uint64_t vector, uint64_t kept, uint64_t cleared);
// A system reset interrupt (Power ISA 3.1, book III, 7.5.1), likewise.
#define SYSTEM_RESET_VECTOR 0x100
int cpu_system_reset(Vcpu *vcpu, uint64_t vector);
// A program interrupt for an illegal instruction at the pc (7.5.9), likewise.
int cpu_illegal_instruction(Vcpu *vcpu);
