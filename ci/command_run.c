// lparun-ci run: boots, and says what came of each.
#include "again.h"
#include "commands.h"
#include "folders.h"
#include "inputs.h"
#include "keeper.h"
#include "machine.h"
#include "options.h"
#include "progress.h"
#include "refuse.h"
#include "suite_shard.h"
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define SIGNALS 3

typedef struct Run {
    const Options *options;
    Suite *suite;
    Keeper *keeper;
    Pool *pool;
    Progress *progress;
    Inputs *inputs;
    Results *results;
    GMainLoop *loop;
    gint64 start;
    bool shows_output;
    int signal;             // that ended it, or 0
    guint sources[SIGNALS]; // or 0
} Run;

// For git bisect run, which takes 1 to 127 but 125 for the commit's fault.
static int for_bisect(int status)
{
    static const int statuses[] = { 0, 1, 128, 125 };
    return statuses[status];
}

static int refuse_run(const GError *error, Verdict verdict, bool bisect)
{
    int status = command_refuse(error, verdict);
    return bisect ? for_bisect(status) : status;
}

static void on_began(void *owner, const Boot *boot)
{
    progress_began(((Run *)owner)->progress, boot->name);
}

static void on_stage(void *owner, const Boot *boot, const char *stage)
{
    progress_stage(((Run *)owner)->progress, boot->name, stage);
}

// Only where one command is what it is all about: several boots would mix theirs.
static void on_output(void *owner, const Boot *boot, bool errors, const char *bytes, gsize length)
{
    const Run *run = owner;
    FILE *to = errors ? stderr : stdout;
    if (!run->shows_output)
        return;
    fwrite(bytes, 1, length, to);
    fflush(to);
}

static void on_ended(void *owner, const Boot *boot, const Result *result)
{
    progress_ended(((Run *)owner)->progress, result);
}

static void on_done(void *owner)
{
    g_main_loop_quit(((Run *)owner)->loop);
}

// The first one ends the guests; a second one ends at once, and the guests with it.
static gboolean on_signal(Run *run, int number)
{
    if (run->signal) {
        signal(number, SIG_DFL);
        raise(number);
    }
    run->signal = number;
    pool_stop(run->pool);
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

static gboolean on_hangup(gpointer data)
{
    return on_signal(data, SIGHUP);
}

static const struct {
    int number;
    GSourceFunc come;
} signals[SIGNALS] = { { SIGINT, on_interrupt }, { SIGTERM, on_terminate }, { SIGHUP, on_hangup } };

// What is ignored stays so: nohup, a shell's background.
static void watch_signals(Run *run)
{
    struct sigaction was;
    for (unsigned i = 0; i < SIGNALS; i++)
        if (sigaction(signals[i].number, NULL, &was) == 0 && was.sa_handler != SIG_IGN)
            run->sources[i] = g_unix_signal_add(signals[i].number, signals[i].come, run);
    signal(SIGPIPE, SIG_IGN); // a reader that goes away loses no verdict
    signal(SIGXFSZ, SIG_IGN); // nor does a limit of files' sizes
}

static void on_late_signal(int number)
{
}

// Reports are written all the same; a second one ends that, too.
static void unwatch_signals(Run *run)
{
    const struct sigaction once = { .sa_handler = run->signal ? SIG_DFL : on_late_signal,
        .sa_flags = (int)SA_RESETHAND | SA_RESTART };
    for (unsigned i = 0; i < SIGNALS; i++)
        if (run->sources[i]) {
            g_source_remove(run->sources[i]);
            sigaction(signals[i].number, &once, NULL);
        }
}

// Some for each boot: many at once are more than shells allow by themselves.
static void raise_files(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

static GStrv names_of(const Suite *suite)
{
    GStrv names = g_new0(char *, suite->boots->len + 1);
    for (unsigned i = 0; i < suite->boots->len; i++)
        names[i] = g_strdup(((const Boot *)suite->boots->pdata[i])->name);
    return names;
}

static bool begin_results(Run *run, GError **error)
{
    g_autoptr(GDateTime) time = g_date_time_new_now_utc();
    run->results = results_new();
    run->results->suite = g_strdup(run->suite->name);
    run->results->version = g_strdup(LPARUN_VERSION);
    run->results->host = machine_describe();
    run->results->started = g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
    run->results->all = names_of(run->suite);
    run->start = g_get_monotonic_time();
    return suite_shard(run->options, run->suite, run->results, error);
}

static void finish_results(Run *run)
{
    run->results->seconds = (double)(g_get_monotonic_time() - run->start) / G_USEC_PER_SEC;
    folders_name(run->results);
    for (unsigned i = 0; i < run->results->results->len; i++) {
        Result *result = run->results->results->pdata[i];
        result->again =
            again_line(run->options->command, run->options->words, run->options->file ? result->name : NULL);
    }
    inputs_fill(run->inputs, run->suite, run->results);
}

static bool wants_sums(const ReportOptions *options)
{
    return options->folder || options->kcidb;
}

static void run_all(Run *run)
{
    static const PoolOps ops = {
        .began = on_began, .stage = on_stage, .output = on_output, .ended = on_ended, .done = on_done
    };
    PoolLimits limits = run->options->limits;
    if (limits.scale == 0)
        limits.scale = machine_slowness();
    run->loop = g_main_loop_new(NULL, FALSE);
    watch_signals(run);
    raise_files();
    run->inputs = inputs_start(run->suite, wants_sums(&run->options->report));
    run->progress = progress_new(run->suite->boots->len, run->options->quiet || run->shows_output,
        run->shows_output ? stderr : stdout);
    run->pool = pool_start(run->suite, keeper_folder(run->keeper), &limits, run->results, &ops, run);
    g_main_loop_run(run->loop);
    unwatch_signals(run);
    g_main_loop_unref(run->loop);
    pool_free(run->pool);
}

static unsigned flaky(const Results *results)
{
    unsigned counts[VERDICTS];
    results_count(results, counts);
    return counts[VERDICT_FLAKY];
}

// That of the command, where there is one boot and it came to its end.
static int command_status(const Run *run)
{
    const GPtrArray *results = run->results->results;
    return results->len == 1 ? result_outcome(results->pdata[0])->exit_status : -1;
}

static int status_of(const Run *run)
{
    int status = results_status(run->results);
    if (run->signal)
        return 128 + run->signal;
    if (status == 0 && (run->options->fail_flaky || run->options->bisect) && flaky(run->results))
        status = 1;
    // A command's 0 does not make a pass of a guest that failed.
    if (run->options->status && status <= 1 && command_status(run) > 0)
        return command_status(run);
    return run->options->bisect ? for_bisect(status) : status;
}

static int conclude_run(Run *run)
{
    g_autoptr(GError) error = NULL;
    finish_results(run);
    progress_finish(run->progress, run->results);
    int status = status_of(run);
    if (!report_write(run->results, &run->options->report, &error)) {
        int could_not = refuse_run(error, VERDICT_COULD_NOT_TEST, run->options->bisect);
        status = status ? status : could_not; // a failure is not lost for a full disk
    }
    return status;
}

static void run_free(Run *run)
{
    progress_free(run->progress);
    inputs_free(run->inputs);
    results_free(run->results);
    keeper_free(run->keeper);
}

static int run_suite(const Options *options, Suite *suite, bool shows_output)
{
    g_autoptr(GError) error = NULL;
    Run run = { .options = options, .suite = suite, .shows_output = shows_output };
    int status;
    if (!begin_results(&run, &error) || !folders_place_files(suite, options->report.folder, &error)) {
        status = refuse_run(error, VERDICT_WRONG, options->bisect);
    } else if (!(run.keeper = keeper_new(&error))) {
        status = refuse_run(error, VERDICT_COULD_NOT_TEST, options->bisect);
    } else {
        run_all(&run);
        status = conclude_run(&run);
    }
    run_free(&run);
    return status;
}

// Of words that may be wrong otherwise.
static bool asks_for_bisect(char **words)
{
    for (char **word = words; *word && strcmp(*word, "--") != 0; word++)
        if (strcmp(*word, "--bisect") == 0)
            return true;
    return false;
}

int command_run(char **words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Options) options = options_parse("run", words, &error);
    g_autoptr(Suite) suite = options ? options_suite(options, &error) : NULL;
    return suite ? run_suite(options, suite, false)
                 : refuse_run(error, VERDICT_WRONG, asks_for_bisect(words));
}

static bool has_command(const Suite *suite, char **words, GError **error)
{
    bool has_dashes = g_strv_contains((const char *const *)words, "--");
    if (!suite && !has_dashes)
        g_prefix_error(error, "the command comes behind --: ");
    if (!suite)
        return false;
    if (((const Boot *)suite->boots->pdata[0])->exec)
        return true;
    return refuse(error, "give a command: exec --kernel FILE -- COMMAND ARGUMENTS");
}

int command_exec(char **words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Options) options = options_parse("exec", words, &error);
    g_autoptr(Suite) suite = options ? options_suite(options, &error) : NULL;
    return has_command(suite, words, &error) ? run_suite(options, suite, suite->boots->len == 1)
                                             : refuse_run(error, VERDICT_WRONG, asks_for_bisect(words));
}
