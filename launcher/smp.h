// -smp: how many vCPUs there are, and how many threads a core of them has.
#pragma once
#include <glib.h>
#include <stdbool.h>

#define SMP_CPUS_MAX 1024

// `cpus`, `threads` and `most`, up to which vCPUs could be added, are changed only when it is all right; else
// false and `error`.
bool smp_parse(
    const char *option, const char *value, unsigned *cpus, unsigned *threads, unsigned *most, GError **error);
