// Commands that look at a guest that may hang.
#include "../command.h"
#include "lparun/vcpu.h"
#include "lparun/words.h"

// Text, as numbers of 64 bits are not every reader's.
static void add_register(GVariantBuilder *object, const char *name, uint64_t value)
{
    g_autofree char *text = g_strdup_printf("0x%" G_GINT64_MODIFIER "x", value);
    command_add(object, name, g_variant_new_string(text));
}

static void add_registers(GVariantBuilder *object, const KvmRegisters *registers)
{
    add_register(object, "nip", registers->pc);
    add_register(object, "msr", registers->msr);
    add_register(object, "lr", registers->lr);
    add_register(object, "ctr", registers->ctr);
    add_register(object, "r1", registers->gpr[1]);
    add_register(object, "r3", registers->gpr[3]);
}

static GVariant *describe_vcpu(const MonitorCpu *cpu, const VcpuLook *look)
{
    static const Word states[] = {
        { "running", VCPU_RUNNING },
        { "ceded", VCPU_CEDED },
        { "joined", VCPU_JOINED },
        { "stopped", VCPU_STOPPED },
        { "held", VCPU_HELD },
        { 0 },
    };
    GVariantBuilder *object = command_object();
    command_add(object, "cpu-index", g_variant_new_int64(cpu->index));
    command_add(object, "thread-id", g_variant_new_int64(cpu->thread_id));
    command_add(object, "state", g_variant_new_string(words_name(states, (int)look->stand)));
    if (look->known)
        add_registers(object, &look->registers);
    return command_end(object);
}

static GVariant *x_lparun_vcpus(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    unsigned count = machine->cpus(machine->owner);
    g_autofree VcpuLook *looks = g_new0(VcpuLook, count);
    GVariantBuilder *result = command_object(), *vcpus = command_list();
    machine->look(machine->owner, looks);
    for (unsigned i = 0; i < count; i++) {
        MonitorCpu cpu = machine->cpu(machine->owner, i);
        command_append(vcpus, describe_vcpu(&cpu, &looks[i]));
    }
    command_add(result, "now", g_variant_new_int64(g_get_monotonic_time()));
    command_add(result, "vcpus", command_end(vcpus));
    return command_end(result);
}

static GVariant *x_lparun_stats(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    g_autofree char *text = machine->stats(machine->owner);
    return g_variant_new_bytestring(text);
}

extern const Command look_commands[];
const Command look_commands[] = {
    { "x-lparun-stats", x_lparun_stats },
    { "x-lparun-vcpus", x_lparun_vcpus },
    { 0 },
};
