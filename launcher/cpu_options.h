// -cpu: QEMU's names for the processor that the guest sees.
#pragma once
#include "lparun/cas.h"

typedef struct CpuOptions {
    char *name;                // as it was given, or NULL
    const CompatLevel *level;  // that it stands for; NULL: the host's own processor
    const CompatLevel *compat; // compat=, the newest that the guest may have, or NULL
} CpuOptions;

// Takes a -cpu. For "help" `*help` is its answer (g_free). False and `error`: no such processor, or one that
// no host can make of its own; a word behind it that is none.
bool cpu_options_parse(CpuOptions *cpu, const char *option, const char *value, char **help, GError **error);
void cpu_options_clear(CpuOptions *cpu);
// The newest level that the guest may have, in `level`, once the host's processor is known ("PowerPC,POWER9")
// and while `boot` does not run: NULL is that processor as it is. `max`: -machine max-cpu-compat=, or NULL.
// False and `error`, the host's: it cannot be what -cpu says.
bool cpu_options_level(const CpuOptions *cpu, const char *host, Vcpu *boot, const CompatLevel *max,
    const CompatLevel **level, GError **error);
