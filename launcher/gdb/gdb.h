// gdb's stub: lets a debugger stop, look at and change the guest (docs/gdb.md). None of it is there without
// -gdb.
#pragma once
#include "lparun/chardev.h"
#include "machine.h"

typedef struct Gdb Gdb;

// Speaks with whoever comes to the chardev, which outlives it. NULL and `error`: it has a user, or KVM has no
// breakpoints. On the main thread.
Gdb *gdb_new(const GdbMachineParts *parts, Chardev *chardev, GError **error);
extern const PartOps gdb_part;
// VcpuOps.debug. On the vCPU's thread.
bool gdb_debug(Gdb *gdb, Vcpu *vcpu);
