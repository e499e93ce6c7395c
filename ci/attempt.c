// One run of a boot.
#include "attempt.h"
#include "child.h"
#include "command_line.h"
#include "console.h"
#include "examine.h"
#include "exec_run.h"
#include "json_read.h"
#include "judge.h"
#include "overlay.h"
#include "prefix.h"
#include "stats.h"
#include "steer.h"
#include "threads.h"
#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#define DRAIN_PASS 20   // milliseconds in which more may come once the verdict is there
#define DRAIN_FAIL 1500 // a report of a failure has many lines
#define PATIENCE 3000   // milliseconds for lparun to end when it was told to
#define TICKS_OF_DISKS 10
#define TICK 100    // milliseconds between two looks at limits
#define LATE 1.0    // seconds between two such looks in which lparun-ci itself did not run
#define HEARING 0.3 // seconds to hear what came meanwhile: the next look is due at once
#define QUIET 2.0   // seconds of silence after which a prompt is asked for again
#define NUDGES 10   // times that it is
#define INTERRUPTED "it was interrupted"

struct Attempt {
    const Boot *boot;
    const AttemptOps *ops;
    void *owner;
    double scale;
    Place *place;
    Child *child; // NULL: it has not been started yet
    Steer *steer;
    HangWatch *watch;
    Examination *examination;
    ExecRun *exec; // what comes of a command; or NULL
    Console *console;
    Script *script;
    Judge *judge;
    Outcome *outcome;
    gint64 start;
    guint64 said_bytes;
    double last;    // seconds: when the console said something
    double looked;  // seconds: the last tick
    double patient; // seconds: until when limits wait
    double nudged;  // seconds: when a prompt was asked for again
    int told;       // stage, or -1
    unsigned nudges, ticks;
    bool stopped; // before there was a child
    bool ending, child_ended;
    int status; // the child's
    char *said;
    guint tick, drain, kill, step; // sources, or 0
};

static void stop_source(guint *source)
{
    if (*source)
        g_source_remove(*source);
    *source = 0;
}

static double since(const Attempt *attempt, gint64 at)
{
    return (double)(at - attempt->start) / G_USEC_PER_SEC;
}

static double now(const Attempt *attempt)
{
    return since(attempt, g_get_monotonic_time());
}

// --- The end.

static gboolean kill_now(gpointer data)
{
    Attempt *attempt = data;
    attempt->kill = 0;
    child_kill(attempt->child);
    return G_SOURCE_REMOVE;
}

static void take_timeline(void *owner, JsonNode *value, const char *error)
{
    Attempt *attempt = owner;
    if (value)
        stats_marks(value, attempt->start, attempt->outcome->timeline);
}

static void end_guest(Attempt *attempt)
{
    if (attempt->ending)
        return;
    attempt->ending = true;
    stop_source(&attempt->tick);
    stop_source(&attempt->step);
    script_stop(attempt->script);
    if (steer_is_open(attempt->steer)) {
        steer_ask(attempt->steer, "x-lparun-timeline", NULL, take_timeline, attempt);
        steer_ask(attempt->steer, "quit", NULL, NULL, NULL);
    } else {
        child_terminate(attempt->child);
    }
    attempt->kill = g_timeout_add(PATIENCE, kill_now, attempt);
}

static gboolean drained(gpointer data)
{
    Attempt *attempt = data;
    attempt->drain = 0;
    end_guest(attempt);
    return G_SOURCE_REMOVE;
}

static void end_in(Attempt *attempt, guint milliseconds)
{
    script_stop(attempt->script);
    if (!attempt->drain && !attempt->ending)
        attempt->drain = g_timeout_add(milliseconds, drained, attempt);
}

// An NMI, so that a kernel prints where its CPUs are.
static void examined(void *owner, const char *kind, bool starved)
{
    Attempt *attempt = owner;
    const GPtrArray *registers = examine_registers(attempt->examination);
    for (unsigned i = 0; i < registers->len; i++)
        g_ptr_array_add(attempt->outcome->block, g_strdup(registers->pdata[i]));
    judge_hang(attempt->judge, kind, starved);
    steer_ask(attempt->steer, "inject-nmi", NULL, NULL, NULL);
    end_in(attempt, DRAIN_FAIL);
}

static void examine(Attempt *attempt)
{
    script_stop(attempt->script);
    if (!attempt->examination)
        attempt->examination =
            examine_start(attempt->steer, attempt->watch, attempt->boot, examined, attempt);
}

static void look(Attempt *attempt)
{
    if (attempt->drain || attempt->ending || attempt->examination || !judge_is_decided(attempt->judge))
        return;
    stop_source(&attempt->tick);
    attempt->outcome->seconds = now(attempt);
    if (judge_is_limit(attempt->judge))
        examine(attempt);
    else if (judge_is_off(attempt->judge))
        end_guest(attempt);
    else
        end_in(attempt, judge_passes(attempt->judge) ? DRAIN_PASS : DRAIN_FAIL);
}

// --- Limits.

static void limit(Attempt *attempt, Limit which, double seconds)
{
    judge_limit(attempt->judge, which, seconds);
    look(attempt);
}

static void check_stage(Attempt *attempt)
{
    int index = judge_stage(attempt->judge);
    const Stage *stage = index >= 0 ? attempt->boot->stages->pdata[index] : NULL;
    if (stage && stage->limit > 0 &&
        now(attempt) - judge_stage_began(attempt->judge) > stage->limit * attempt->scale)
        limit(attempt, LIMIT_STAGE, stage->limit * attempt->scale);
}

static void check_run_time(Attempt *attempt)
{
    double most = attempt->boot->run_time * attempt->scale;
    if (most > 0 && threads_of(child_pid(attempt->child)).run > most)
        limit(attempt, LIMIT_RUN_TIME, most);
}

static void check_silence(Attempt *attempt)
{
    double silent = now(attempt) - attempt->last;
    double most = attempt->boot->silence * attempt->scale;
    const Step *step = script_next(attempt->script);
    if (most > 0 && silent > most)
        limit(attempt, LIMIT_SILENCE, most);
    if (silent < QUIET)
        return;
    judge_quiet(attempt->judge);
    if (step && step->kind == STEP_PROMPT && attempt->nudges < NUDGES &&
        now(attempt) - attempt->nudged >= QUIET) {
        attempt->nudges++;
        attempt->nudged = now(attempt);
        child_type(attempt->child, "\r");
    }
}

static void take_io(void *owner, JsonNode *value, const char *error)
{
    hang_take_io(((Attempt *)owner)->watch, value);
}

// So that it is known for how long a disk has not answered.
static void watch_disks(Attempt *attempt)
{
    if (attempt->ticks++ % TICKS_OF_DISKS == 0 && attempt->boot->disks->len)
        steer_ask(attempt->steer, "x-lparun-io", NULL, take_io, attempt);
}

// Stopped or starved meanwhile, it first reads what the guest did in time.
static bool is_late(Attempt *attempt)
{
    double before = attempt->looked;
    attempt->looked = now(attempt);
    if (attempt->looked - before > LATE && before >= attempt->patient)
        attempt->patient = attempt->looked + HEARING;
    return attempt->looked < attempt->patient;
}

static gboolean on_tick(gpointer data)
{
    Attempt *attempt = data;
    guint tick = attempt->tick;
    if (attempt->exec)
        exec_run_poll(attempt->exec); // waits for whoever reads the command's output, and may be late by that
    if (is_late(attempt))
        return G_SOURCE_CONTINUE;
    watch_disks(attempt);
    double most = attempt->boot->timeout * attempt->scale;
    if (now(attempt) > most)
        limit(attempt, LIMIT_WHOLE, most);
    check_stage(attempt);
    check_run_time(attempt);
    check_silence(attempt);
    look(attempt);
    return attempt->tick == tick ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

// --- Steps.

static void step_answered(void *owner, JsonNode *value, const char *error)
{
    Attempt *attempt = owner;
    const Step *step = script_next(attempt->script);
    if (error && step) {
        g_autofree char *why = g_strdup_printf("step %s: lparun refused: %s", step->name, error);
        judge_step_failed(attempt->judge, why);
    } else {
        script_go_on(attempt->script, console_partial(attempt->console));
    }
    look(attempt);
}

static gboolean waited(gpointer data)
{
    Attempt *attempt = data;
    attempt->step = 0;
    script_go_on(attempt->script, console_partial(attempt->console));
    look(attempt);
    return G_SOURCE_REMOVE;
}

static gboolean paused(gpointer data)
{
    Attempt *attempt = data;
    attempt->step = 0;
    steer_ask(attempt->steer, "cont", NULL, step_answered, attempt);
    return G_SOURCE_REMOVE;
}

static void type_line(Attempt *attempt, const char *text)
{
    child_type(attempt->child, text);
    child_type(attempt->child, "\r");
}

// A command's name, or an object with "execute" and "arguments".
static void ask(Attempt *attempt, const char *text)
{
    g_autoptr(JsonNode) node = *text == '{' ? json_from_string(text, NULL) : NULL;
    JsonObject *object = json_read_object(node);
    JsonNode *given = object ? json_object_get_member(object, "arguments") : NULL;
    g_autofree char *arguments = given ? json_to_string(given, FALSE) : NULL;
    const char *name = object ? json_read_text(object, "execute") : text;
    steer_ask(attempt->steer, name ? name : "", arguments, step_answered, attempt);
}

static bool act(void *owner, const Step *step)
{
    Attempt *attempt = owner;
    static const char *const commands[] = {
        [STEP_RESET] = "system_reset", [STEP_NMI] = "inject-nmi", [STEP_POWERDOWN] = "system_powerdown"
    };
    guint milliseconds = (guint)(step->seconds * 1000);
    if (step->kind == STEP_SEND)
        type_line(attempt, step->text);
    else if (step->kind == STEP_TYPE)
        child_type(attempt->child, step->text);
    else if (step->kind == STEP_WAIT)
        attempt->step = g_timeout_add(milliseconds, waited, attempt);
    else if (step->kind == STEP_QMP)
        ask(attempt, step->text);
    else if (step->kind == STEP_PAUSE) {
        steer_ask(attempt->steer, "stop", NULL, NULL, NULL);
        attempt->step = g_timeout_add(milliseconds, paused, attempt);
    } else
        steer_ask(attempt->steer, commands[step->kind], NULL, step_answered, attempt);
    return step->kind == STEP_SEND || step->kind == STEP_TYPE;
}

// --- What comes of the guest.

static void tell_stage(Attempt *attempt)
{
    int stage = judge_stage(attempt->judge), before = attempt->told;
    attempt->told = stage;
    if (stage != before && stage >= 0)
        attempt->ops->stage(attempt->owner, ((const Stage *)attempt->boot->stages->pdata[stage])->name);
}

static void on_line(void *owner, const char *line, gint64 at)
{
    Attempt *attempt = owner;
    judge_line(attempt->judge, line, since(attempt, at));
    if (attempt->exec)
        exec_run_console(attempt->exec, prefix_read(line).text);
    script_line(attempt->script, line);
}

static void on_bytes(void *owner, const char *bytes, gsize length)
{
    Attempt *attempt = owner;
    attempt->last = now(attempt);
    console_take(attempt->console, bytes, length);
    const char *partial = console_partial(attempt->console);
    attempt->said_bytes += length;
    if (attempt->said_bytes >> 20 >= attempt->boot->flood)
        judge_flood(attempt->judge);
    judge_partial(attempt->judge, partial, attempt->last);
    script_partial(attempt->script, partial);
    tell_stage(attempt);
    look(attempt);
}

static void on_event(void *owner, const char *event, const char *reason)
{
    Attempt *attempt = owner;
    judge_event(attempt->judge, event, reason, now(attempt));
    look(attempt);
}

// --- Birth and death.

static void attempt_free(Attempt *attempt)
{
    stop_source(&attempt->tick);
    stop_source(&attempt->drain);
    stop_source(&attempt->kill);
    stop_source(&attempt->step);
    examine_free(attempt->examination);
    exec_run_free(attempt->exec);
    steer_free(attempt->steer);
    hang_free(attempt->watch);
    child_free(attempt->child);
    console_free(attempt->console);
    judge_free(attempt->judge);
    script_free(attempt->script);
    place_free(attempt->place);
    g_free(attempt->said);
    g_free(attempt);
}

static void finish_exec(Attempt *attempt)
{
    exec_run_end(attempt->exec);
    g_autofree char *why = exec_run_why(attempt->exec);
    judge_exec(attempt->judge, exec_run_status(attempt->exec), why);
    attempt->outcome->output = exec_run_take_output(attempt->exec);
}

static void finish(Attempt *attempt)
{
    Outcome *outcome = attempt->outcome;
    if (attempt->exec)
        finish_exec(attempt);
    judge_end(attempt->judge, attempt->status, attempt->said);
    judge_fill(attempt->judge, outcome);
    stats_counts(attempt->place->stats, outcome);
    console_fill(attempt->console, outcome);
    if (outcome->seconds == 0)
        outcome->seconds = now(attempt);
    attempt->ops->ended(attempt->owner, outcome);
    attempt_free(attempt);
}

// The console has been read to its end. What lparun told last may still be on its way.
static void on_end(void *owner, int status, const char *said)
{
    Attempt *attempt = owner;
    console_end(attempt->console);
    attempt->child_ended = true;
    attempt->status = status;
    attempt->said = g_strdup(said);
    if (!steer_is_open(attempt->steer))
        finish(attempt);
}

static void on_closed(void *owner)
{
    Attempt *attempt = owner;
    if (attempt->child_ended)
        finish(attempt);
}

static void on_output(void *owner, bool errors, const char *bytes, gsize length)
{
    Attempt *attempt = owner;
    attempt->ops->output(attempt->owner, errors, bytes, length);
}

static void on_output_line(void *owner, const char *line)
{
    judge_output(((Attempt *)owner)->judge, line);
}

static bool open_exec(Attempt *attempt, GError **error)
{
    static const ExecRunOps ops = { .output = on_output, .line = on_output_line };
    if (attempt->place->exec)
        attempt->exec = exec_run_new(attempt->place->exec, attempt->boot->files_to, &ops, attempt, error);
    return attempt->exec || !attempt->place->exec;
}

static void begin(Attempt *attempt)
{
    static const ChildOps child_ops = { .bytes = on_bytes, .ended = on_end };
    static const SteerOps steer_ops = { .event = on_event, .closed = on_closed };
    g_auto(GStrv) command = command_line(attempt->boot, attempt->place);
    attempt->start = g_get_monotonic_time();
    console_begin(attempt->console, attempt->start);
    attempt->child = child_start(command, &child_ops, attempt);
    attempt->watch = hang_new(child_pid(attempt->child));
    attempt->steer = steer_new(attempt->place->socket, &steer_ops, attempt);
    attempt->tick = g_timeout_add(TICK, on_tick, attempt);
    script_begin(attempt->script);
    look(attempt);
}

// A host that is full or has no memory is one thing, a file that is not there another.
static int status_of(const GError *error)
{
    static const int host[] = { G_FILE_ERROR_NOSPC, G_FILE_ERROR_NOMEM, G_FILE_ERROR_MFILE,
        G_FILE_ERROR_NFILE, G_FILE_ERROR_IO };
    for (unsigned i = 0; i < G_N_ELEMENTS(host); i++)
        if (g_error_matches(error, G_FILE_ERROR, host[i]))
            return 1;
    return 2;
}

static void could_not_begin(Attempt *attempt, int status, const char *why)
{
    attempt->start = g_get_monotonic_time();
    attempt->status = status;
    attempt->said = g_strdup(why);
    finish(attempt);
}

static bool make_exec(const Attempt *attempt, GError **error)
{
    const Boot *boot = attempt->boot;
    attempt->place->exec =
        exec_prepare(boot->exec, boot->kernel, boot->initrd, attempt->place->folder, error);
    return attempt->place->exec;
}

// Copies of disks, and initial ramdisks, take their time.
static void prepare(GTask *task, gpointer source, gpointer data, GCancellable *cancel)
{
    const Attempt *attempt = data;
    GError *error = NULL;
    bool good = !attempt->boot->exec || make_exec(attempt, &error);
    for (unsigned i = 0; good && i < attempt->boot->disks->len; i++)
        good = overlay_copy(attempt->boot->disks->pdata[i], attempt->place->disks->pdata[i], &error);
    if (good)
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, error);
}

static void prepared(GObject *source, GAsyncResult *result, gpointer data)
{
    Attempt *attempt = data;
    g_autoptr(GError) error = NULL;
    if (!g_task_propagate_boolean(G_TASK(result), &error) || !open_exec(attempt, &error))
        could_not_begin(attempt, status_of(error), error->message);
    else if (attempt->stopped)
        could_not_begin(attempt, 1, INTERRUPTED);
    else
        begin(attempt);
}

static gboolean begin_idle(gpointer data)
{
    Attempt *attempt = data;
    if (attempt->stopped)
        could_not_begin(attempt, 1, INTERRUPTED);
    else
        begin(attempt);
    return G_SOURCE_REMOVE;
}

static gboolean no_folder(gpointer data)
{
    could_not_begin(data, 1, "no folder for an attempt can be made");
    return G_SOURCE_REMOVE;
}

static void start_preparing(Attempt *attempt)
{
    GTask *task = g_task_new(NULL, NULL, prepared, attempt);
    g_task_set_task_data(task, attempt, NULL);
    g_task_run_in_thread(task, prepare);
    g_object_unref(task);
}

Attempt *attempt_start(const Boot *boot, const char *folder, double scale, const AttemptOps *ops, void *owner)
{
    Attempt *attempt = g_new0(Attempt, 1);
    attempt->boot = boot;
    attempt->ops = ops;
    attempt->owner = owner;
    attempt->scale = scale;
    attempt->told = -1;
    attempt->place = place_new(folder, boot);
    attempt->console = console_new(on_line, attempt);
    attempt->script = script_new(boot, act, attempt);
    attempt->judge = judge_new(boot, attempt->script);
    attempt->outcome = outcome_new();
    if (g_mkdir_with_parents(folder, 0700) != 0)
        g_idle_add(no_folder, attempt);
    else if (boot->disks->len || boot->exec)
        start_preparing(attempt);
    else
        g_idle_add(begin_idle, attempt);
    return attempt;
}

void attempt_stop(Attempt *attempt)
{
    attempt->stopped = true;
    judge_outside(attempt->judge, INTERRUPTED);
    if (attempt->child)
        end_guest(attempt);
}
