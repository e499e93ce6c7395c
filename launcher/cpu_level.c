// What -cpu comes to on this host.
#include "cpu_options.h"
#include "lparun/error.h"
#include <string.h>

bool cpu_options_level(const CpuOptions *cpu, const char *host, Vcpu *boot, const CompatLevel *max,
    const CompatLevel **level, GError **error)
{
    g_autofree char *name = g_ascii_strdown(strchr(host, ',') + 1, -1);
    *level = compat_older(max, cpu->compat);
    if (!cpu->level || cpu->level == compat_find(name))
        return true;
    unsigned accepted = compat_accepted(boot);
    *level = compat_older(*level, cpu->level);
    if (compat_best(accepted, cpu->level, NULL, NULL) == cpu->level)
        return true;
    g_autofree char *names = compat_names(accepted);
    return error_host(error, "-cpu %s: this host has a %s%s%s; give host, or leave it out", cpu->name, name,
        *names ? ", and its KVM makes of it " : "", names);
}
