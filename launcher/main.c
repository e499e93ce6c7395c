// lparun: runs a pseries guest under KVM on POWER.
#include "lparun/error.h"
#include "options.h"
#include "probe.h"
#include "pseries.h"
#include <errno.h>
#include <stdio.h>

static int report(GError *error)
{
    g_printerr("lparun: %s\n", error->message);
    return error->domain == LPARUN_ERROR ? error->code : LPARUN_ERROR_HOST;
}

// Opened before the run, so that a wrong path does not cost one.
static FILE *open_stats(const char *path, GError **error)
{
    FILE *file = fopen(path, "we");
    if (!file)
        error_user(error, "-stats %s: %s; give a file that can be written", path, g_strerror(errno));
    return file;
}

static int close_stats(FILE *file, const char *path, GError **error)
{
    if (fclose(file) == 0)
        return 0;
    error_host(error, "-stats %s: %s", path, g_strerror(errno));
    return LPARUN_ERROR_HOST;
}

static int run(const Options *options)
{
    g_autoptr(GError) error = NULL;
    FILE *stats = NULL;
    if (options->stats && !(stats = open_stats(options->stats, &error)))
        return report(error);
    Machine *machine = machine_new(options, &error);
    if (!machine) {
        if (stats)
            fclose(stats);
        return report(error);
    }
    int status = machine_run(machine, &error);
    if (stats) {
        machine_write_stats(machine, stats);
        if (close_stats(stats, options->stats, error ? NULL : &error) != 0 && status == 0)
            status = LPARUN_ERROR_HOST;
    }
    machine_free(machine);
    if (error)
        report(error);
    return status;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    Options options;
    int status = 0;
    OptionsResult result = options_parse(&options, argc, argv, &error);
    switch (result) {
    case OPTIONS_RUN:
        status = run(&options);
        break;
    case OPTIONS_PROBE:
    case OPTIONS_PROBE_JSON:
        status = probe_run(result == OPTIONS_PROBE_JSON);
        break;
    case OPTIONS_HELP: {
        g_autofree char *help = options_help();
        fputs(help, stdout);
        break;
    }
    case OPTIONS_VERSION:
        puts("lparun " LPARUN_VERSION);
        break;
    case OPTIONS_WRONG:
        status = report(error);
        break;
    }
    options_clear(&options);
    return status;
}
