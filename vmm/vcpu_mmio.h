// An exit of a vCPU with an access to an address that is no memory.
#pragma once
#include "lparun/bus.h"
#include "lparun/kvm.h"

// On the vCPU's thread.
void vcpu_mmio(Bus *bus, struct kvm_run *run);
