// What the machine has for boots, and what a boot takes of it.
#pragma once
#include "boot.h"

typedef struct Load {
    unsigned cpus;
    guint64 memory; // bytes
} Load;

// Cores that this process may use, and memory that is available.
Load machine_has(void);
// By -smp and -m as the boot says them; lparun's defaults otherwise.
Load machine_takes(const Boot *boot);
// How much slower it is than a usual one, at least 1: a fixed piece of work, measured.
double machine_slowness(void);
// "Linux 6.12.1 ppc64le, 2 CPUs, host" (g_free).
char *machine_describe(void);
