// H_LOGICAL_CI_LOAD, H_LOGICAL_CI_STORE and KVMPPC_H_LOGICAL_MEMOP (hcalls/logical_ci.c).
#pragma once
#include "lparun/part.h"
#include "lparun/hypercall.h"

typedef struct LogicalCi LogicalCi;
LogicalCi *logical_ci_new(KvmVm *vm, Bus *bus, GuestMemory *memory);
void logical_ci_free(LogicalCi *ci);
extern const PartOps logical_ci_part;
// Has the kernel serve both hypercalls: KVM_ENABLE_CAP, KVM_CAP_PPC_ENABLE_HCALL. False, and the handlers
// here serve alone, where this KVM cannot; `why` is then one line (g_free).
bool logical_ci_enable(LogicalCi *ci, char **why);
