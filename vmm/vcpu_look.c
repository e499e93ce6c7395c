// A look at what the vCPUs are doing, from outside.
#include "lparun/vcpu.h"
#include <stdio.h>

#define PATIENCE 500000 // microseconds for all to tell

// The host's state of a thread: 'R', 'S', ... (proc(5)); its name, which comes before, may have any bytes.
static char thread_state(pid_t thread)
{
    char text[512];
    g_autofree char *path = g_strdup_printf("/proc/self/task/%d/stat", (int)thread);
    FILE *file = fopen(path, "re");
    if (!file)
        return '?';
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    const char *name_end = strrchr(text, ')');
    return name_end && name_end[1] == ' ' ? name_end[2] : '?';
}

// KVM does not tell that a vCPU has ceded, but then its thread sleeps.
static VcpuStand stand_of(const Vcpu *vcpu)
{
    VcpuStand stand = vcpu_stand(vcpu);
    bool sleeps = stand == VCPU_RUNNING && thread_state(vcpu_thread_id(vcpu)) == 'S';
    return sleeps ? VCPU_CEDED : stand;
}

static void read_registers(Vcpu *vcpu, void *data)
{
    VcpuLook *look = (VcpuLook *)data + vcpu_index(vcpu);
    look->known = kvm_vcpu_registers(vcpu_kvm(vcpu), &look->registers) >= 0;
}

// Before the registers, for which the vCPU wakes.
void vcpu_set_look(VcpuSet *set, VcpuLook *looks)
{
    for (unsigned i = 0; i < vcpu_set_count(set); i++)
        looks[i] = (VcpuLook){ .stand = stand_of(vcpu_set_at(set, i)) };
    vcpu_set_call_within(set, read_registers, looks, PATIENCE);
}

static void read_stats(Vcpu *vcpu, void *data)
{
    ((GBytes **)data)[vcpu_index(vcpu)] = kvm_vcpu_stats(vcpu_kvm(vcpu));
}

void vcpu_set_kvm_stats(VcpuSet *set, GBytes **counts)
{
    vcpu_set_call_within(set, read_stats, counts, PATIENCE);
}
