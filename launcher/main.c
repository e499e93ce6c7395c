// lparun: runs a pseries guest under KVM on POWER.
#include "lparun/error.h"
#include "lparun/fd_set.h"
#include "option_table.h"
#include "pid_file.h"
#include "probe.h"
#include "process.h"
#include "pseries.h"
#include "tracing.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int report(GError *error)
{
    g_auto(GStrv) lines = g_strsplit(error->message, "\n", 0);
    for (char **line = lines; *line; line++)
        g_printerr("lparun: %s\n", *line);
    return error->domain == LPARUN_ERROR ? error->code : LPARUN_ERROR_HOST;
}

// Opened before the run, so that a wrong path does not cost one. A FIFO that nobody reads is refused, not
// waited for.
static FILE *open_stats(const char *path, GError **error)
{
    int fd = fd_set_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
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

static int dump_tree(const Machine *machine, const char *path, GError **error)
{
    return machine_write_tree(machine, path, error) ? 0 : LPARUN_ERROR_USER;
}

static int run_machine(const Options *options, Machine *machine, GError **error)
{
    if (options->dump_tree)
        return dump_tree(machine, options->dump_tree, error);
    return process_ready(&options->process, error) ? machine_run(machine, error) : (*error)->code;
}

// With the machine's counts in `stats`, which may be NULL, and which it closes.
static int run(const Options *options, FILE *stats)
{
    g_autoptr(GError) error = NULL;
    Machine *machine = machine_new(options, &error);
    if (!machine) {
        if (stats)
            fclose(stats);
        return report(error);
    }
    int status = run_machine(options, machine, &error);
    if (stats) {
        machine_write_stats(machine, stats);
        if (close_stats(stats, options->stats, error ? NULL : &error) != 0 && status == 0)
            status = LPARUN_ERROR_HOST;
    }
    if (error) // before what may take until the deadline
        report(error);
    machine_free(machine);
    return status;
}

static int run_with_files(const Options *options)
{
    g_autoptr(GError) error = NULL;
    const char *path = options->process.pid_file;
    FILE *stats = NULL;
    PidFile *pid_file = NULL;
    if (!process_begin(&options->process, &error) || (path && !(pid_file = pid_file_new(path, &error))) ||
        (options->stats && !(stats = open_stats(options->stats, &error))) ||
        !tracing_begin(&options->trace, &error)) {
        if (stats)
            fclose(stats);
        pid_file_free(pid_file);
        return report(error);
    }
    int status = run(options, stats);
    tracing_end();
    pid_file_free(pid_file);
    return status;
}

// A descriptor that is missing would be the next file's that is opened, and the guest's console goes there.
// A standard input that was closed is an end of input.
static void have_standard_descriptors(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= STDIN_FILENO && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    have_standard_descriptors();
    g_autoptr(GError) error = NULL;
    Options options;
    int status = 0;
    OptionsResult result = options_parse(&options, argc, argv, &error);
    switch (result) {
    case OPTIONS_RUN:
        status = run_with_files(&options);
        break;
    case OPTIONS_PROBE:
    case OPTIONS_PROBE_JSON:
        status = probe_run(result == OPTIONS_PROBE_JSON);
        break;
    case OPTIONS_HELP:
    case OPTIONS_HELP_QEMU: {
        g_autofree char *help = result == OPTIONS_HELP ? options_help() : options_help_qemu();
        fputs(help, stdout);
        break;
    }
    case OPTIONS_HELP_OF:
        fputs(options.help, stdout);
        break;
    case OPTIONS_VERSION:
        // What reads it under QEMU's name looks for a version that it knows.
        puts(options.qemu_name ? "QEMU emulator version " QEMU_VERSION " (lparun " LPARUN_VERSION ")"
                               : "lparun " LPARUN_VERSION);
        break;
    case OPTIONS_WRONG:
        status = report(error);
        break;
    }
    options_clear(&options);
    fd_set_clear();
    return status;
}
