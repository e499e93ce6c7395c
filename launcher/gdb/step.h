// Which instruction comes after one: for a step where KVM has none.
#pragma once
#include "lparun/kvm.h"

typedef struct GdbNext {
    uint64_t pc, msr; // the MSR with which it is fetched
    uint64_t ctr;     // then
} GdbNext;

// What `registers` and TAR lead to from `instruction`, unless an interrupt is taken; that comes back to it in
// the end. A system or hypervisor call is one instruction.
GdbNext gdb_step_next(uint32_t instruction, const KvmRegisters *registers, uint64_t tar);
