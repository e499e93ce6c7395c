// -machine.
#include "machine_options.h"
#include "boot_options.h"
#include "lparun/error.h"
#include "smp.h"
#include "values.h"
#include <stdio.h>
#include <string.h>

// QEMU's machines of this kind, which are one here.
#define PSERIES(version)                                                                                     \
    {                                                                                                        \
        "pseries" version, .help = "pSeries logical partition"                                               \
    }
const Word machine_words[] = { PSERIES(""), PSERIES("-10.0"), PSERIES("-9.2"), PSERIES("-9.1"),
    PSERIES("-9.0"), PSERIES("-8.2"), PSERIES("-8.1"), PSERIES("-8.0"), PSERIES("-7.2"), PSERIES("-7.1"),
    PSERIES("-7.0"), PSERIES("-6.2"), PSERIES("-6.1"), PSERIES("-6.0"), PSERIES("-5.2"), PSERIES("-5.1"),
    PSERIES("-5.0"), PSERIES("-4.2"), PSERIES("-4.1"), PSERIES("-4.0"), PSERIES("-3.1"), PSERIES("-3.0"),
    PSERIES("-2.12-sxxm"), PSERIES("-2.12"), PSERIES("-2.11"), PSERIES("-2.10"), PSERIES("-2.9"),
    PSERIES("-2.8"), PSERIES("-2.7"), PSERIES("-2.6"), PSERIES("-2.5"), PSERIES("-2.4"), PSERIES("-2.3"),
    PSERIES("-2.2"), PSERIES("-2.1"), { 0 } };

static bool read_type(const char *text, void *to)
{
    if (!words_find(machine_words, text, &(int){ 0 }) && strcmp(text, MACHINE_NONE) != 0)
        return false;
    char **held = to;
    g_free(*held);
    *held = g_strdup(text);
    return true;
}

static bool read_compat(const char *text, void *to)
{
    const CompatLevel *level = compat_find(text);
    if (level)
        *(const CompatLevel **)to = level;
    return level;
}

// "64k": a power of two. A number without a suffix is bytes.
static bool read_page(const char *text, void *to)
{
    uint64_t size;
    bool done = size_parse(text, 1, &size) && size >= 4096 && (size & (size - 1)) == 0;
    if (done)
        *(uint64_t *)to = size;
    return done;
}

static const Word interrupts[] = { { "dual", INTERRUPT_DUAL }, { "xics", INTERRUPT_XICS },
    { "xive", INTERRUPT_XIVE }, { 0 } };
static const Word mmus[] = { { "auto", MMU_AUTO }, { "radix", MMU_RADIX }, { "hash", MMU_HASH }, { 0 } };
static const Word kvm_types[] = { { "HV", KVM_HV }, { "PR", KVM_PR }, { "auto", KVM_ANY },
    { "hv", KVM_HV, .unlisted = true }, { "pr", KVM_PR, .unlisted = true },
    { "Auto", KVM_ANY, .unlisted = true }, { 0 } };
static const Word resizes[] = { { "default", RESIZE_ANY }, { "enabled", RESIZE_ENABLED },
    { "disabled", RESIZE_DISABLED }, { 0 } };
static const Word off[] = { { "off" }, { "no", .unlisted = true }, { "false", .unlisted = true }, { 0 } };
static const Word kernel_address[] = { { "0x400000" }, { "4194304", .unlisted = true }, { 0 } };

// What the guest gets as it was asked for, or is refused.
#define CAPABILITY(key, words_of, member, text)                                                              \
    {                                                                                                        \
        .name = "cap-" key, .type = KEY_WORD, .at = offsetof(Options, capabilities.member),                  \
        .words = words_of, .help = text                                                                      \
    }
#define REFUSED(key, why)                                                                                    \
    {                                                                                                        \
        .name = key, .type = KEY_REFUSED, .mend = why                                                        \
    }

const Key machine_keys[] = {
    { "type", KEY_READ, offsetof(Options, machine), .read = read_type, .value = "pseries",
        .mend = "it takes pseries, or a version of it from pseries-2.1 to pseries-10.0",
        .help = "the machine; all versions of it are one" },
    { "accel", KEY_READ, offsetof(Options, accel), .read = accel_options_read, .value = "kvm",
        .mend = ACCEL_MEND, .help = "the accelerator" },
    { "ic-mode", KEY_WORD, offsetof(Options, interrupts), .words = interrupts,
        .help = "which interrupt controller the guest may choose (default dual: all that KVM has)" },
    { "mmu", KEY_WORD, offsetof(Options, mmu), .words = mmus,
        .help = "what the guest may choose (default auto: all that KVM has)" },
    { "hpt-order", KEY_NUMBER, offsetof(Options, hash_order), .least = MMU_HASH_ORDER_MIN,
        .most = MMU_HASH_ORDER_MAX, .mend = "not the log2 of a hashed page table's bytes; give 18 to 46",
        .help = "log2 of the bytes of a hashed page table (default: 1/128 of memory)" },
    { "max-cpu-compat", KEY_READ, offsetof(Options, max_compat), .read = read_compat, .words = compat_words,
        .help = "the newest processor that the guest sees (default: the host's)" },
    { "memory-backend", KEY_TEXT, offsetof(Options, memory_options.backend), .value = "ID",
        .help = "the -object that all of memory is" },
    { "firmware", KEY_TEXT, offsetof(Options, bios), .value = "FILE|none", .help = "as -bios" },
    { "kernel", KEY_TEXT, offsetof(Options, kernel), .value = "FILE", .help = "as -kernel" },
    { "initrd", KEY_TEXT, offsetof(Options, initrd), .value = "FILE", .help = "as -initrd" },
    { "append", KEY_TEXT, offsetof(Options, append), .value = "TEXT", .empty = true, .help = "as -append" },
    { "dumpdtb", KEY_TEXT, offsetof(Options, dump_tree), .value = "FILE",
        .help = "write the device tree that the guest would start with, and end" },
    { "x-vof", KEY_SWITCH, offsetof(Options, without_firmware), .help = "as -bios none" },
    { "kvm-type", KEY_WORD, offsetof(Options, kvm_type), .words = kvm_types,
        .help = "which KVM (default auto: HV where the host has it)" },
    { "vsmt", KEY_NUMBER, offsetof(Options, vsmt), .least = 1, .most = 8,
        .help = "how far the vCPU numbers of two cores are apart (default: what the host can)" },
    { "resize-hpt", KEY_WORD, offsetof(Options, capabilities.resize), .words = resizes,
        .mend = "it takes default, enabled or disabled",
        .help = "whether the guest may have its hashed page table resized (default: where KVM can)" },
    { "host-model", KEY_TEXT, offsetof(Options, host_model), .value = "TEXT|passthrough|none",
        .help = "what the guest is told of the host's model (default none)" },
    { "host-serial", KEY_TEXT, offsetof(Options, host_serial), .value = "TEXT|passthrough|none",
        .help = "and of its serial number (default none)" },
    { "dump-guest-core", KEY_SWITCH, offsetof(Options, memory_options.dump),
        .help = "whether a core dump of lparun has guest memory (default off)" },
    { "mem-merge", KEY_SWITCH, offsetof(Options, memory_options.merge),
        .help = "whether the host may merge equal pages of guest memory (default off)" },
    CAPABILITY("cfpc", mitigation_levels, mitigations.cache, "flush of the data cache, as the guest is told"),
    CAPABILITY("sbbc", mitigation_levels, mitigations.barrier, "checks of bounds, as the guest is told"),
    CAPABILITY("ibs", mitigation_branches, mitigations.branch, "indirect branches, as the guest is told"),
    CAPABILITY("ccf-assist", mitigation_switch, mitigations.assist, "an instruction flushes the count cache"),
    CAPABILITY("vsx", mitigation_switch, vsx, "the tree has VSX"),
    CAPABILITY("dfp", mitigation_switch, dfp, "the tree has decimal floating point"),
    CAPABILITY("large-decr", mitigation_switch, large_decrementer, "the large decrementer"),
    CAPABILITY("ail-mode-3", mitigation_switch, ail_3, "interrupts with the MMU on"),
    CAPABILITY("fwnmi", mitigation_switch, fwnmi, "RTAS ibm,nmi-register and ibm,nmi-interlock"),
    CAPABILITY("rpt-invalidate", mitigation_switch, rpt_invalidate, "H_RPT_INVALIDATE"),
    CAPABILITY("dawr1", mitigation_switch, dawr1, "a second watchpoint register (default off)"),
    { "cap-hpt-max-page-size", KEY_READ, offsetof(Options, capabilities.hash_page), .read = read_page,
        .value = "SIZE", .mend = "not the size of a page; give a power of two, such as 64k or 16M",
        .help = "the largest page in a hashed page table" },
    // So it is.
    { "cap-htm", KEY_ONLY, .words = off,
        .mend = "lparun gives no guest transactional memory; give off, or leave it out",
        .help = "no transactional memory" },
    { "cap-nested-hv", KEY_ONLY, .words = off,
        .mend = "lparun's guests have no KVM of their own; give off, or leave it out",
        .help = "no KVM in the guest" },
    { "cap-nested-papr", KEY_ONLY, .words = off,
        .mend = "lparun's guests have no KVM of their own; give off, or leave it out", .help = "nor that" },
    { "usb", KEY_ONLY, .words = off, .mend = "there is no USB controller; give off, or leave it out",
        .help = "no USB controller" },
    { "graphics", KEY_ONLY, .words = off, .mend = "there is no screen; give off, or leave it out",
        .help = "no screen" },
    { "kernel-irqchip", KEY_ONLY, .words = accel_irqchip, .mend = IRQCHIP_MEND,
        .help = "KVM's own interrupt controller" },
    { "kernel_irqchip", KEY_ONLY, .words = accel_irqchip, .mend = IRQCHIP_MEND, .help = "the same" },
    { "kernel-addr", KEY_ONLY, .words = kernel_address,
        .mend = "firmware finds the kernel at 4 MiB; leave it out",
        .help = "where firmware finds the kernel" },
    { "nvdimm", KEY_ONLY, .words = off, .mend = "there is no NVDIMM; give off, or leave it out",
        .help = "no NVDIMM" },
    { "modern-hotplug-events", KEY_ONLY, .words = words_switch,
        .help = "nothing is plugged while the guest runs" },
    { "vfio-no-msix-emulation", KEY_ONLY, .words = words_switch,
        .help = "nothing of the host's is passed on" },
    { "suppress-vmdesc", KEY_ONLY, .words = words_switch, .help = "nothing migrates" },
    { "aux-ram-share", KEY_ONLY, .words = words_switch, .help = "there is no other memory" },
    { "phandle-start", KEY_ONLY, .value = "N", .help = "nothing is made up" },
    // So it is not.
    REFUSED("dtb", "lparun makes the device tree itself; leave it out (dumpdtb= writes it)"),
    REFUSED("dt-compatible", "a pseries is compatible with itself alone; leave it out"),
    REFUSED("shim", "that is for another machine; leave it out"),
    REFUSED("memory-encryption", "lparun has no protected guests; leave it out"),
    REFUSED("confidential-guest-support", "lparun has no protected guests; leave it out"),
    REFUSED("kvm-shadow-mem", "that is for another machine; leave it out"),
    REFUSED("igd-passthru", "that is for another machine; leave it out"),
    REFUSED("hmat", "that is for another machine; leave it out"),
    REFUSED("memory", "give -m"),
    REFUSED("memory.size", "give -m size="),
    REFUSED("memory.max-size", "give -m maxmem="),
    REFUSED("memory.slots", "give -m slots="),
    { 0 },
};

static char *list_machines(void)
{
    GString *text = g_string_new("Supported machines are:\n");
    g_string_append_printf(text, "%-20s no machine: for questions such as -device help\n", MACHINE_NONE);
    for (const Word *word = machine_words; word->word; word++)
        g_string_append_printf(
            text, "%-20s %s%s\n", word->word, word->help, word == machine_words ? " (default)" : "");
    return g_string_free(text, FALSE);
}

static char *list_keys(void)
{
    GString *text = g_string_new("pseries machine options:\n");
    keys_help(machine_keys, text);
    return g_string_free(text, FALSE);
}

// Keys of other options: "smp.cpus=2".
static bool take_groups(Options *options, const char *option, Values *values, GError **error)
{
    g_autofree char *boot = values_take_group(values, "boot."), *smp = values_take_group(values, "smp.");
    g_autofree char *boot_name = g_strconcat(option, " boot", NULL);
    g_autofree char *smp_name = g_strconcat(option, " smp", NULL);
    return (!boot || boot_options_parse(&options->boot, boot_name, boot, error)) &&
           (!smp || smp_parse(smp_name, smp, &options->cpus, &options->threads, &options->cpus_most, error));
}

bool options_parse_machine(Options *options, const char *option, const char *value, GError **error)
{
    g_autoptr(Values) values = values_parse(option, value, "type", error);
    if (!values)
        return false;
    if (!values_ask_help(values))
        return take_groups(options, option, values, error) &&
               values_fill(values, machine_keys, options, error);
    options->help = values_take(values, "type") ? list_keys() : list_machines();
    return true;
}

char *machine_options_host_text(const char *asked, const char *property)
{
    g_autofree char *path = g_build_filename("/proc/device-tree", property, NULL), *text = NULL;
    if (!asked || strcmp(asked, "none") == 0)
        return NULL;
    if (strcmp(asked, "passthrough") != 0)
        return g_strdup(asked);
    return g_file_get_contents(path, &text, NULL, NULL) ? g_steal_pointer(&text) : NULL;
}
