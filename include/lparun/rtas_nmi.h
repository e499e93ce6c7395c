// ibm,nmi-register and ibm,nmi-interlock (FWNMI; hcalls/rtas/nmi.c).
#pragma once
#include "lparun/part.h"
#include "lparun/rtas.h"

typedef struct RtasNmi RtasNmi;
typedef struct NmiParts {
    GuestMemory *memory;
    VcpuSet *vcpus;
    // Where RTAS' memory is, of rtas_nmi_room() bytes; 0: not known. On a vCPU's thread.
    uint64_t (*find_rtas)(void *owner);
    void *owner;
} NmiParts;
RtasNmi *rtas_nmi_new(const NmiParts *parts, const RunAsk *ask);
void rtas_nmi_free(RtasNmi *nmi);
extern const PartOps rtas_nmi_part;
// The guest has not registered.
void rtas_nmi_reset(RtasNmi *nmi);
// Bytes that RTAS needs for as many vCPUs.
uint32_t rtas_nmi_room(unsigned vcpus);
// VcpuOps' system_reset and machine_check.
void rtas_nmi_system_reset(RtasNmi *nmi, Vcpu *vcpu);
void rtas_nmi_machine_check(RtasNmi *nmi, Vcpu *vcpu, bool recovered);
