// An ELF core of the guest, as gdb and crash read it: what stands before the memory's bytes.
//
// One PT_NOTE with the registers of each vCPU (Linux's struct elf_prstatus, the floating point, vector and
// VSX registers as ptrace has them), one PT_LOAD with memory. All of it is in the guest's byte order.
#pragma once
#include "lparun/kvm.h"

// What is told of a vCPU.
typedef struct CoreVcpu {
    KvmRegisters registers;
    uint64_t dar, dsisr, fpscr, vscr, vrsave;
    uint64_t vsr[32][2]; // the more significant halves are the floating point registers
    uint64_t vr[32][2];
} CoreVcpu;
// Between two KVM_RUNs, as kvm_vcpu_get_reg(). What KVM does not give stays 0.
void core_vcpu_read(KvmVcpu *vcpu, CoreVcpu *state);
// Does the guest take interrupts in little-endian mode? The same.
bool core_is_little(KvmVcpu *vcpu);

typedef struct CoreShape {
    bool little;
    uint64_t address, length; // of memory that follows: GPA and bytes
    uint64_t linear;          // that is at this + its GPA by the guest's own reckoning (p_vaddr)
    unsigned vcpus;
} CoreShape;
#define CORE_LINUX_LINEAR 0xc000000000000000ULL // PAGE_OFFSET (arch/powerpc/include/asm/page.h)

// The core up to memory's bytes, which come next: a multiple of 64 KiB, so that holes of the file can be
// where memory's pages are. `vcpus` has `shape->vcpus`. g_byte_array_unref.
GByteArray *core_head(const CoreShape *shape, const CoreVcpu *vcpus);
