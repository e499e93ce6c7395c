// A vCPU for unit tests: KVM_RUN comes back with the exits that a test writes down for it.
//
// Without an exit to return it stays "in the guest", and leaves it only for a signal or immediate_exit, as
// KVM does (kvm_arch_vcpu_ioctl_run). Any other call on a vCPU that is in the guest fails the test: KVM would
// make it wait.
#pragma once
#include "lparun/kvm.h"

typedef struct FakeExit {
    int result; // KVM_RUN's; the rest is for 0
    uint32_t reason;
    uint64_t detail;               // the hardware's reason, or KVM's
    uint64_t number, arguments[9]; // PAPR_HCALL
    uint64_t address;              // MMIO, as the next three
    uint32_t length;
    bool is_write;
    uint8_t data[8]; // in guest memory order
    uint16_t flags;  // NMI: kvm_run's
} FakeExit;

// Adds an exit to those that KVM_RUN is still to return. Any thread.
void fake_vcpu_exit(KvmVcpu *vcpu, const FakeExit *exit);
// Waits until KVM_RUN has finished `count` exits since the vCPU was made, that is, has taken over what
// userspace made of them. False after five seconds.
bool fake_vcpu_wait(KvmVcpu *vcpu, unsigned count);
// What userspace made of the exit that was finished last: hypercall arguments and result, MMIO data.
typedef struct FakeAnswer {
    uint64_t result, arguments[9];
    uint8_t data[8];
} FakeAnswer;
FakeAnswer fake_vcpu_answer(KvmVcpu *vcpu);
// Waits until the vCPU is in the guest with nothing to do. False after five seconds.
bool fake_vcpu_wait_idle(KvmVcpu *vcpu);

// What kvm_vcpu_set_entry() was given last, and how often it was.
typedef struct FakeEntry {
    uint64_t pc, r3, msr;
    unsigned count;
} FakeEntry;
FakeEntry fake_vcpu_entry(KvmVcpu *vcpu);

// What kvm_vcpu_interrupt() was given last, and how often it was.
typedef struct FakeInterrupt {
    uint64_t vector, msr, cleared;
    unsigned count;
} FakeInterrupt;
FakeInterrupt fake_vcpu_interrupt(KvmVcpu *vcpu);
// r3: what a hypercall's result or kvm_vcpu_set_r3() made of it.
#define FAKE_VCPU_R3 0x3333333344444444 // at first
uint64_t fake_vcpu_r3(KvmVcpu *vcpu);

// What kvm_vcpu_debug() was given last.
void fake_vcpu_debug(KvmVcpu *vcpu, bool *breakpoints, bool *step);

// What kvm_vcpu_registers() says of the MSR; SF and ME at first.
void fake_vcpu_set_msr(KvmVcpu *vcpu, uint64_t msr);

// A register as kvm_vcpu_set_reg() or _pair() left it; 0 at first. The setter may be used while no one else
// does.
uint64_t fake_vcpu_reg(KvmVcpu *vcpu, uint64_t id);
void fake_vcpu_set_reg(KvmVcpu *vcpu, uint64_t id, uint64_t value);
// How often register `id` was set; pairs count.
unsigned fake_vcpu_reg_sets(KvmVcpu *vcpu, uint64_t id);
// What kvm_vcpu_set_hash_table() was given last; NULL: nothing.
void *fake_vcpu_hash_table(KvmVcpu *vcpu, unsigned *order);
// From now on KVM_SET_ONE_REG answers -EINVAL.
void fake_vcpu_refuse_regs(KvmVcpu *vcpu);
// And KVM_GET_ONE_REG.
void fake_vcpu_lack_regs(KvmVcpu *vcpu);
// The capability's arguments that kvm_vcpu_enable() was given last; false when it was not called for it.
bool fake_vcpu_enabled(KvmVcpu *vcpu, uint32_t capability, uint64_t arguments[2]);
