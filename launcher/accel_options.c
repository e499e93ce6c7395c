// -accel.
#include "accel_options.h"
#include "lparun/error.h"
#include "values.h"
#include <string.h>

static const char *const known[] = { "kvm", "tcg", "hvf", "xen", "nvmm", "whpx", "qtest", "mshv", NULL };

// Several in a row are tried in that order, and KVM is the first that can be.
bool accel_options_read(const char *text, void *to)
{
    AccelOptions *accel = to;
    g_auto(GStrv) names = g_strsplit(text, ":", 0);
    for (unsigned i = 0; names[i]; i++)
        if (!g_strv_contains(known, names[i]))
            return false;
    for (unsigned i = 0; names[i]; i++) {
        if (strcmp(names[i], "kvm") == 0) {
            accel->kvm = true;
            continue;
        }
        char *before = accel->others;
        accel->others = before ? g_strconcat(before, ":", names[i], NULL) : g_strdup(names[i]);
        g_free(before);
    }
    return true;
}

const Word accel_irqchip[] = { { "on" }, { "yes", .unlisted = true }, { "true", .unlisted = true }, { 0 } };
static const Word zero[] = { { "0" }, { 0 } };

static const Key keys[] = {
    { "accel", KEY_READ, 0, .read = accel_options_read, .value = "kvm", .needed = true, .mend = ACCEL_MEND,
        .help = "the accelerator" },
    { "device", KEY_TEXT, offsetof(AccelOptions, device), .value = "PATH",
        .help = "KVM's device (default /dev/kvm)" },
    { "kernel-irqchip", KEY_ONLY, .words = accel_irqchip, .mend = IRQCHIP_MEND,
        .help = "always on: KVM's own interrupt controller" },
    { "dirty-ring-size", KEY_ONLY, .words = zero, .mend = "POWER's KVM has no such ring; leave it out",
        .help = "POWER's KVM has no such ring" },
    { "eager-split-size", KEY_ONLY, .words = zero, .mend = "POWER's KVM has no such thing; leave it out",
        .help = "nor that" },
    // Another accelerator's, which is not used.
    { "thread", KEY_ONLY, .help = "TCG's" },
    { "tb-size", KEY_ONLY, .help = "TCG's" },
    { "one-insn-per-tb", KEY_ONLY, .help = "TCG's" },
    { "split-wx", KEY_ONLY, .help = "TCG's" },
    { 0 },
};

bool accel_options_parse(
    AccelOptions *accel, const char *option, const char *value, char **help, GError **error)
{
    g_autoptr(Values) values = values_parse(option, value, "accel", error);
    if (!values)
        return false;
    if (!values_ask_help(values))
        return values_fill(values, keys, accel, error);
    *help = g_strdup("Accelerators:\nkvm\n");
    return true;
}

bool accel_options_check(const AccelOptions *accel, GError **error)
{
    return accel->kvm || !accel->others ||
           error_user(error, "-accel %s: lparun runs guests by KVM alone, on a POWER host; give kvm, too",
               accel->others);
}

void accel_options_clear(AccelOptions *accel)
{
    g_clear_pointer(&accel->others, g_free);
    g_clear_pointer(&accel->device, g_free);
}
