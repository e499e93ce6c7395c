// RTAS start-cpu, stop-self and query-cpu-stopped-state (LoPAR 7.3.8).
#include "lparun/papr.h"
#include "lparun/rtas.h"

// query-cpu-stopped-state's answers.
enum { CPU_STOPPED = 0, CPU_STOPPING = 1, CPU_NOT_STOPPED = 2 };

// Inputs: vCPU number, entry address, what it finds in r3.
static int32_t start_cpu(void *owner, Vcpu *vcpu, RtasCall *call)
{
    Vcpu *target = vcpu_set_find(owner, call->input[0]);
    if (!target)
        return RTAS_PARAMETER_ERROR;
    VcpuEntry entry = { .pc = call->input[1], .r3 = call->input[2], .msr = MSR_SF | MSR_ME };
    return vcpu_start(target, &entry) ? RTAS_SUCCESS : RTAS_HARDWARE_ERROR;
}

static int32_t stop_self(void *owner, Vcpu *vcpu, RtasCall *call)
{
    vcpu_park(vcpu);
    return RTAS_SUCCESS;
}

static int32_t query_stopped(void *owner, Vcpu *vcpu, RtasCall *call)
{
    Vcpu *target = vcpu_set_find(owner, call->input[0]);
    if (!target)
        return RTAS_PARAMETER_ERROR;
    call->output[1] = vcpu_has_stopped(target) ? CPU_STOPPED
                      : vcpu_is_parked(target) ? CPU_STOPPING
                                               : CPU_NOT_STOPPED;
    return RTAS_SUCCESS;
}

void rtas_cpu_register(RtasTable *table, const RtasParts *parts)
{
    VcpuSet *vcpus = parts->vcpus;
    rtas_register(table, 0x200c, "start-cpu", 3, 1, start_cpu, vcpus);
    rtas_register(table, 0x200d, "stop-self", 0, 1, stop_self, vcpus);
    rtas_register(table, 0x200e, "query-cpu-stopped-state", 1, 2, query_stopped, vcpus);
}
