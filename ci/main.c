// lparun-ci: boots a guest and says what came of it.
#include "attempt.h"
#include "report.h"
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

typedef struct Program {
    Boot *boot;
    char *report;
    Attempt *attempt; // NULL once it has ended
    GMainLoop *loop;
    int status;
    int signal; // that ended it, or 0
} Program;

static int refuse(const GError *error)
{
    fprintf(stderr, "lparun-ci: %s\n", error->message);
    return verdict_status(VERDICT_WRONG);
}

// --- Options, in their order where that says something.

static gboolean add_expect(const char *option, const char *value, gpointer data, GError **error)
{
    return boot_add_step(((Program *)data)->boot, STEP_EXPECT, value, error);
}

static gboolean add_send(const char *option, const char *value, gpointer data, GError **error)
{
    return boot_add_step(((Program *)data)->boot, STEP_SEND, value, error);
}

static gboolean add_allow(const char *option, const char *value, gpointer data, GError **error)
{
    return boot_add_allowed(((Program *)data)->boot, value, error);
}

// lparun is where lparun-ci is, or on the path.
static char *find_lparun(void)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = program ? g_path_get_dirname(program) : NULL;
    char *beside = folder ? g_build_filename(folder, "lparun", NULL) : NULL;
    if (beside && g_file_test(beside, G_FILE_TEST_IS_EXECUTABLE))
        return beside;
    g_free(beside);
    return g_strdup("lparun");
}

static bool parse(Program *program, int argc, char **argv, GError **error)
{
    Boot *boot = program->boot;
    g_auto(GStrv) more = NULL;
#define CALL(function) G_OPTION_ARG_CALLBACK, (gpointer)function
    const GOptionEntry entries[] = {
        { "kernel", 0, 0, G_OPTION_ARG_FILENAME, &boot->kernel, "kernel that starts from memory", "FILE" },
        { "initrd", 0, 0, G_OPTION_ARG_FILENAME, &boot->initrd, "its initial ramdisk", "FILE" },
        { "append", 0, 0, G_OPTION_ARG_STRING, &boot->append, "its command line", "TEXT" },
        { "bios", 0, 0, G_OPTION_ARG_FILENAME, &boot->bios, "firmware, or none", "FILE" },
        { "memory", 'm', 0, G_OPTION_ARG_STRING, &boot->memory, "guest memory, as lparun's -m", "SIZE" },
        { "expect", 0, 0, CALL(add_expect), "what the console must show, in this order", "REGEX" },
        { "send", 0, 0, CALL(add_send), "typed once all before it was seen", "TEXT" },
        { "allow", 0, 0, CALL(add_allow), "lines that are no failure", "REGEX" },
        { "timeout", 0, 0, G_OPTION_ARG_DOUBLE, &boot->timeout, "seconds for all of it (default 60)", "S" },
        { "report", 0, 0, G_OPTION_ARG_FILENAME, &program->report, "results.json and the console", "FOLDER" },
        { "name", 0, 0, G_OPTION_ARG_STRING, &boot->name, "what reports call it (default boot)", "NAME" },
        { "lparun", 0, 0, G_OPTION_ARG_FILENAME, &boot->lparun, "the program", "FILE" },
        { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &more, NULL, "[-- LPARUN'S OPTIONS]" },
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_option_context_set_summary(context, "Boots a guest in lparun and says what came of it.");
    g_option_context_set_description(context,
        "Exit status: 0 it passed, 1 it did not, 2 an option is wrong, 3 the host could not test.\n");
    GOptionGroup *group = g_option_group_new("run", "", "", program, NULL);
    g_option_group_add_entries(group, entries);
    g_option_context_set_main_group(context, group);
    if (!g_option_context_parse(context, &argc, &argv, error))
        return false;
    boot->more = g_steal_pointer(&more);
    boot->name = boot->name ? boot->name : g_strdup("boot");
    boot->lparun = boot->lparun ? boot->lparun : find_lparun();
    if (boot->timeout > 0 && boot->timeout < 1e6)
        return true;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--timeout: give seconds, more than 0");
    return false;
}

// --- The run.

static void on_ended(void *owner, Outcome *outcome)
{
    Program *program = owner;
    g_autoptr(GError) error = NULL;
    g_autoptr(Results) results = results_new();
    Result *result = result_new(program->boot->name);
    outcome->folder = g_strdup(program->boot->name);
    result->verdict = outcome->verdict;
    result->reason = g_strdup(outcome->reason);
    g_ptr_array_add(result->outcomes, outcome);
    g_ptr_array_add(results->results, result);
    results->version = g_strdup(LPARUN_VERSION);
    program->attempt = NULL;
    program->status = results_status(results);
    report_print(result);
    if (program->report && !report_write(results, program->report, &error)) {
        fprintf(stderr, "lparun-ci: %s\n", error->message);
        program->status = verdict_status(VERDICT_COULD_NOT_TEST);
    }
    g_main_loop_quit(program->loop);
}

// The first one ends the guest; a second one ends at once, and the guest with it.
static gboolean on_signal(Program *program, int number)
{
    if (program->signal || !program->attempt) {
        signal(number, SIG_DFL);
        raise(number);
    }
    program->signal = number;
    attempt_stop(program->attempt);
    return G_SOURCE_CONTINUE;
}

static gboolean on_interrupt(gpointer data)
{
    return on_signal(data, SIGINT);
}

static gboolean on_terminate(gpointer data)
{
    return on_signal(data, SIGTERM);
}

static int run(Program *program)
{
    g_autoptr(GError) error = NULL;
    program->loop = g_main_loop_new(NULL, FALSE);
    g_unix_signal_add(SIGINT, on_interrupt, program);
    g_unix_signal_add(SIGTERM, on_terminate, program);
    signal(SIGPIPE, SIG_IGN); // a reader that goes away loses no verdict
    program->attempt = attempt_start(program->boot, on_ended, program, &error);
    if (!program->attempt) {
        fprintf(stderr, "lparun-ci: %s\n", error->message);
        return verdict_status(VERDICT_COULD_NOT_TEST);
    }
    g_main_loop_run(program->loop);
    g_main_loop_unref(program->loop);
    return program->signal ? 128 + program->signal : program->status;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        puts("lparun-ci " LPARUN_VERSION);
        return 0;
    }
    if (argc < 2 || strcmp(argv[1], "run") != 0) {
        fprintf(stderr, "lparun-ci: give a command: run; see lparun-ci run --help\n");
        return verdict_status(VERDICT_WRONG);
    }
    Program program = { .boot = boot_new() };
    argv[1] = argv[0];
    int status = parse(&program, argc - 1, argv + 1, &error) ? run(&program) : refuse(error);
    boot_free(program.boot);
    g_free(program.report);
    return status;
}
