// The machine that boots run on.
#include "machine.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define PER_VM (32ull << 20) // lparun's own memory, with room
#define WORK 20000000u       // steps of a fixed piece of work
#define USUAL 0.03           // seconds that it takes on a usual machine

static guint64 available(void)
{
    g_autofree char *text = NULL;
    guint64 kilobytes = 0;
    g_file_get_contents("/proc/meminfo", &text, NULL, NULL);
    const char *line = text ? strstr(text, "MemAvailable:") : NULL;
    if (line)
        sscanf(line, "MemAvailable: %lu", &kilobytes);
    return kilobytes << 10;
}

Load machine_has(void)
{
    return (Load){ g_get_num_processors(), available() };
}

// As -m has it: MiB without a letter.
static guint64 memory_of(const char *text)
{
    char *end;
    guint64 number = g_ascii_strtoull(text, &end, 10);
    const char *letters = "KMGT";
    const char *found = *end ? strchr(letters, g_ascii_toupper(*end)) : NULL;
    unsigned shift = found ? 10 * (unsigned)(found - letters + 1) : 20;
    return number < (1ull << 44 >> (shift - 10)) ? number << shift : G_MAXUINT64 / 2;
}

Load machine_takes(const Boot *boot)
{
    unsigned cpus = boot->smp ? (unsigned)strtoul(boot->smp, NULL, 10) : 1;
    return (Load){ MAX(cpus, 1), memory_of(boot->memory ? boot->memory : "512") + PER_VM };
}

double machine_slowness(void)
{
    gint64 start = g_get_monotonic_time();
    volatile guint32 state = 1;
    for (unsigned i = 0; i < WORK; i++)
        state = state * 1664525 + 1013904223;
    double seconds = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
    return MAX(seconds / USUAL, 1);
}

char *machine_describe(void)
{
    struct utsname name;
    uname(&name);
    return g_strdup_printf("%s %s %s, %u CPUs, %s", name.sysname, name.release, name.machine,
        g_get_num_processors(), name.nodename);
}
