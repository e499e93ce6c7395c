// Commands that look at a guest that may hang.
#include "../command.h"
#include "lparun/vcpu.h"

// Text, as numbers of 64 bits are not every reader's.
static void add_register(GVariantBuilder *object, const char *name, uint64_t value)
{
    g_autofree char *text = g_strdup_printf("0x%" G_GINT64_MODIFIER "x", value);
    command_add_text(object, name, text);
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

static const Word states[] = {
    { "running", VCPU_RUNNING },
    { "ceded", VCPU_CEDED },
    { "joined", VCPU_JOINED },
    { "stopped", VCPU_STOPPED },
    { "held", VCPU_HELD },
    { 0 },
};

static GVariant *describe_vcpu(const MonitorCpu *cpu, const VcpuLook *look)
{
    GVariantBuilder *object = command_object();
    command_add_int(object, "cpu-index", cpu->index);
    command_add_int(object, "thread-id", cpu->thread_id);
    command_add_text(object, "state", words_name(states, (int)look->stand));
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
    command_add_int(result, "now", g_get_monotonic_time());
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
    { "x-lparun-stats", x_lparun_stats, NULL, "any", .features = "unstable" },
    { "x-lparun-vcpus", x_lparun_vcpus, NULL, "XLparunVcpus", .features = "unstable" },
    { 0 },
};

extern const CommandType look_types[];
const CommandType look_types[] = {
    { "XLparunVcpus", "now:int vcpus:[XLparunVcpu]" },
    { "XLparunVcpu", "cpu-index:int thread-id:int state:XLparunVcpuState nip?:str msr?:str lr?:str ctr?:str "
                     "r1?:str r3?:str" },
    { "XLparunVcpuState", .word_rows = states },
    { 0 },
};
