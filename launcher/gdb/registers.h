// The registers that a debugger sees of a vCPU: what KVM gives of them, and target.xml.
#pragma once
#include "lparun/kvm.h"
#include "target.h"

#define MSR_LE 1ULL

typedef struct GdbRegisters GdbRegisters;

// Those that the KVM of `vcpu`, which is parked or held as in all that follows, has.
GdbRegisters *gdb_registers_new(KvmVcpu *vcpu);
void gdb_registers_free(GdbRegisters *registers);
// target.xml; how many there are, and of these that the first packet gives (packet g).
const char *gdb_registers_description(const GdbRegisters *registers);
unsigned gdb_registers_count(const GdbRegisters *registers);
unsigned gdb_registers_general(const GdbRegisters *registers);
// Bytes of a register.
unsigned gdb_register_size(const GdbRegisters *registers, unsigned number);
// In the byte order that the vCPU is in (MSR.LE). False: KVM refuses.
bool gdb_register_get(
    const GdbRegisters *registers, KvmVcpu *vcpu, unsigned number, uint8_t bytes[GDB_REGISTER_BYTES]);
bool gdb_register_set(const GdbRegisters *registers, KvmVcpu *vcpu, unsigned number, const uint8_t *bytes);
