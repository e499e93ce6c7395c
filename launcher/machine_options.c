// -machine.
#include "machine_options.h"
#include "values.h"
#include <string.h>

const Word machine_words[] = { { "pseries", .help = "a pSeries logical partition (default)" }, { 0 } };
static const Word accelerators[] = { { "kvm" }, { 0 } };
static const Word interrupts[] = { { "dual", INTERRUPT_DUAL }, { "xics", INTERRUPT_XICS },
    { "xive", INTERRUPT_XIVE }, { 0 } };
static const Word mmus[] = { { "auto", MMU_AUTO }, { "radix", MMU_RADIX }, { "hash", MMU_HASH }, { 0 } };

static bool read_compat(const char *text, void *to)
{
    const CompatLevel *level = compat_find(text);
    if (level)
        *(const CompatLevel **)to = level;
    return level;
}

const Key machine_keys[] = {
    { "type", KEY_WORD, offsetof(Options, nothing), .words = machine_words, .help = "the machine" },
    { "accel", KEY_WORD, offsetof(Options, nothing), .words = accelerators, .help = "the accelerator" },
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
    { "dumpdtb", KEY_TEXT, offsetof(Options, dump_tree), .value = "FILE",
        .help = "write the device tree that the guest would start with, and end" },
    { 0 },
};

static char *help(void)
{
    GString *text = g_string_new("machines:\n");
    for (const Word *word = machine_words; word->word; word++)
        g_string_append_printf(text, "  %-24s %s\n", word->word, word->help);
    g_string_append(text, "keys:\n");
    keys_help(machine_keys, text);
    return g_string_free(text, FALSE);
}

bool options_parse_machine(Options *options, const char *option, const char *value, GError **error)
{
    g_autoptr(Values) values = values_parse(option, value, "type", error);
    if (!values)
        return false;
    if (!values_ask_help(values))
        return values_fill(values, machine_keys, options, error);
    options->help = help();
    return true;
}
