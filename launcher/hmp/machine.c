// What the human monitor shows of the machine beside what QMP tells: registers, devices, the address space.
#include "hmp.h"
#include "../devices.h"
#include "../options.h"
#include "lparun/vcpu.h"
#include <string.h>

static void show_general(Hmp *hmp, const KvmRegisters *registers)
{
    for (unsigned row = 0; row < 32; row += 4) {
        hmp_say(hmp, "GPR%02u", row);
        for (unsigned i = row; i < row + 4; i++)
            hmp_say(hmp, " %016" G_GINT64_MODIFIER "x", registers->gpr[i]);
        hmp_say(hmp, "\n");
    }
}

static void show_look(Hmp *hmp, unsigned cpu, const VcpuLook *look)
{
    hmp_say(hmp, "CPU#%u\n", cpu);
    if (!look->known) {
        hmp_say(hmp, "it does not tell its registers\n");
        return;
    }
    const KvmRegisters *registers = &look->registers;
    hmp_say(hmp,
        "NIP %016" G_GINT64_MODIFIER "x   LR %016" G_GINT64_MODIFIER "x CTR %016" G_GINT64_MODIFIER "x\n",
        registers->pc, registers->lr, registers->ctr);
    hmp_say(hmp, "MSR %016" G_GINT64_MODIFIER "x\n", registers->msr);
    show_general(hmp, registers);
    hmp_say(hmp, " SRR0 %016" G_GINT64_MODIFIER "x  SRR1 %016" G_GINT64_MODIFIER "x\n", registers->srr0,
        registers->srr1);
}

void hmp_show_registers(Hmp *hmp, char **words)
{
    unsigned count = hmp->machine->cpus(hmp->machine->owner);
    g_autofree VcpuLook *looks = g_new0(VcpuLook, count);
    bool all = g_strcmp0(words[0], "-a") == 0;
    if (words[0] && !all) {
        hmp_say(hmp, "registers: unsupported option %s\nTry \"help info\" for more information\n", words[0]);
        return;
    }
    hmp->machine->look(hmp->machine->owner, looks);
    for (unsigned i = 0; i < count; i++)
        if (all || i == hmp->cpu)
            show_look(hmp, i, &looks[i]);
}

void hmp_show_devices(Hmp *hmp, char **words)
{
    const Device *device;
    hmp_say(hmp, "bus: main-system-bus\n  type System\n  dev: spapr-pci-host-bridge, id \"\"\n"
                 "    index = 0\n    bus: pci.0\n      type PCI\n");
    for (unsigned i = 0; hmp->machine->devices && (device = devices_at(hmp->machine->devices, i)); i++)
        hmp_say(hmp, "      dev: %s, id \"%s\"\n        addr = %02x.0\n", device->options->kind->kind.name,
            device->options->id ? device->options->id : "", (unsigned)device->slot);
}

static void show_range(Hmp *hmp, uint64_t from, uint64_t size, const char *what)
{
    hmp_say(
        hmp, "  %016" G_GINT64_MODIFIER "x-%016" G_GINT64_MODIFIER "x (%s)\n", from, from + size - 1, what);
}

void hmp_show_address_space(Hmp *hmp, char **words)
{
    g_autoptr(GVariant) summary = hmp_ask(hmp, "query-memory-size-summary", NULL);
    gint64 size = 0;
    hmp_say(hmp, "address-space: memory\n");
    if (summary && g_variant_lookup(summary, "base-memory", "x", &size))
        show_range(hmp, 0, (uint64_t)size, "ram");
}
