// What a monitor can see of a machine that runs.
#include "run_internal.h"
#include "lparun/hypercall.h"
#include "lparun/papr.h"
#include "lparun/vty.h"
#include "stats.h"

unsigned run_view_cpus(void *owner)
{
    const Run *run = owner;
    return vcpu_set_count(run->parts.vcpus);
}

MonitorCpu run_view_cpu(void *owner, unsigned index)
{
    const Run *run = owner;
    const Vcpu *vcpu = vcpu_set_at(run->parts.vcpus, index);
    unsigned thread = index % run->parts.threads;
    return (MonitorCpu){
        .index = index, .core = index - thread, .thread = thread, .thread_id = vcpu_thread_id(vcpu)
    };
}

void run_view_look(void *owner, VcpuLook *looks)
{
    const Run *run = owner;
    vcpu_set_look(run->parts.vcpus, looks);
}

MonitorConsole run_view_console(void *owner)
{
    const RunParts *parts = &((const Run *)owner)->parts;
    return (MonitorConsole){
        .polls = hypercall_count(parts->hypercalls, H_GET_TERM_CHAR),
        .waiting = vtys_waiting(parts->vtys),
    };
}

char *run_view_stats(void *owner)
{
    const Run *run = owner;
    return stats_text(run->parts.list);
}

void run_view_kvm_stats(void *owner, bool of_vcpus, GBytes **counts)
{
    const Run *run = owner;
    if (of_vcpus)
        vcpu_set_kvm_stats(run->parts.vcpus, counts);
    else
        counts[0] = kvm_stats(run->parts.vm);
}
