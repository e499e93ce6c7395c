// The vCPUs as a part of the machine.
#include "lparun/vcpu.h"

static bool hold_part(void *part)
{
    vcpu_set_hold(part);
    return true;
}

static void release_part(void *part)
{
    vcpu_set_release(part);
}

static bool reset_part(void *part, GError **error)
{
    vcpu_set_call(part, NULL, vcpu_reset, NULL);
    return true;
}

static void count_exits(const VcpuSet *vcpus, Counts *counts)
{
    uint64_t others = 0;
    counts_section(counts, "exits", COUNTS_BY_NAME);
    for (unsigned reason = 0; reason < VCPU_EXIT_REASONS; reason++) {
        const char *name = vcpu_exit_name(reason);
        uint64_t count = 0;
        for (unsigned i = 0; i < vcpu_set_count(vcpus); i++)
            count += vcpu_exits(vcpu_set_at(vcpus, i), reason);
        if (!name)
            others += count;
        else if (count > 0)
            counts_value(counts, name, count);
    }
    if (others > 0)
        counts_value(counts, "OTHER", others);
}

static void count_register(Counts *counts, const char *name, uint64_t value)
{
    g_autofree char *text = g_strdup_printf("0x%" G_GINT64_MODIFIER "x", value);
    counts_text(counts, name, text);
}

static void count_registers(Counts *counts, const KvmRegisters *registers)
{
    count_register(counts, "pc", registers->pc);
    count_register(counts, "msr", registers->msr);
    count_register(counts, "lr", registers->lr);
}

// Where each vCPU stands: for a guest that hangs.
static void count_part(const void *part, Counts *counts)
{
    VcpuSet *vcpus = (VcpuSet *)part; // whose threads are asked
    g_autofree VcpuLook *looks = g_new0(VcpuLook, vcpu_set_count(vcpus));
    vcpu_set_look(vcpus, looks);
    count_exits(vcpus, counts);
    counts_section(counts, "vcpus", COUNTS_ROWS);
    for (unsigned i = 0; i < vcpu_set_count(vcpus); i++) {
        counts_row(counts);
        counts_value(counts, "id", vcpu_id(vcpu_set_at(vcpus, i)));
        if (looks[i].known)
            count_registers(counts, &looks[i].registers);
    }
}

static void free_part(void *part)
{
    vcpu_set_free(part);
}

const PartOps vcpu_set_part = { .kind = "vCPUs",
    .hold = hold_part,
    .release = release_part,
    .reset = reset_part,
    .count = count_part,
    .free = free_part };
