// One run of a boot.
#include "attempt.h"
#include "child.h"
#include "lines.h"
#include "steer.h"
#include <glib/gstdio.h>

#define DRAIN_PASS 100  // milliseconds in which more may come once the verdict is there
#define DRAIN_FAIL 1500 // a report of a failure has many lines
#define PATIENCE 3000   // milliseconds for lparun to end when it was told to

struct Attempt {
    const Boot *boot;
    void (*ended)(void *owner, Outcome *outcome);
    void *owner;
    char *folder, *socket;
    Child *child;
    Steer *steer;
    Lines *lines;
    Judge *judge;
    Outcome *outcome;
    gint64 start;
    unsigned step; // the next one
    bool child_ended;
    int status; // the child's
    char *said;
    guint limit, drain, kill; // sources, or 0
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

static gboolean kill_now(gpointer data)
{
    Attempt *attempt = data;
    attempt->kill = 0;
    child_kill(attempt->child);
    return G_SOURCE_REMOVE;
}

static void end_guest(Attempt *attempt)
{
    if (attempt->kill)
        return;
    if (steer_is_open(attempt->steer))
        steer_quit(attempt->steer);
    else
        child_terminate(attempt->child);
    attempt->kill = g_timeout_add(PATIENCE, kill_now, attempt);
}

static gboolean drained(gpointer data)
{
    Attempt *attempt = data;
    attempt->drain = 0;
    end_guest(attempt);
    return G_SOURCE_REMOVE;
}

static bool is_good(const Attempt *attempt)
{
    Finding finding = judge_finding(attempt->judge);
    bool good = finding.verdict == VERDICT_PASS;
    finding_clear(&finding);
    return good;
}

static void look(Attempt *attempt)
{
    if (attempt->drain || attempt->kill || !judge_is_decided(attempt->judge))
        return;
    stop_source(&attempt->limit);
    attempt->drain = g_timeout_add(is_good(attempt) ? DRAIN_PASS : DRAIN_FAIL, drained, attempt);
}

// What is typed once all that comes before it was seen.
static void do_steps(Attempt *attempt)
{
    for (; attempt->step < attempt->boot->steps->len; attempt->step++) {
        const Step *step = attempt->boot->steps->pdata[attempt->step];
        if (step->kind == STEP_SEND && judge_seen(attempt->judge) < step->after)
            return;
        if (step->kind == STEP_SEND)
            child_type(attempt->child, step->text);
    }
}

static void on_line(void *owner, const char *line, gint64 at)
{
    Attempt *attempt = owner;
    GPtrArray *console = attempt->outcome->console;
    judge_line(attempt->judge, line);
    if (console->len == CONSOLE_LINES) {
        attempt->outcome->flooded = true;
        g_ptr_array_remove_range(console, 0, CONSOLE_LINES / 2);
    }
    g_ptr_array_add(console, g_strdup_printf("%10.3f %s", since(attempt, at), line));
}

static void on_bytes(void *owner, const char *bytes, gsize length)
{
    Attempt *attempt = owner;
    GByteArray *raw = attempt->outcome->raw;
    gsize room = CONSOLE_BYTES - raw->len;
    g_byte_array_append(raw, (const guint8 *)bytes, (guint)MIN(length, room));
    attempt->outcome->flooded |= length > room;
    lines_take(attempt->lines, bytes, length, g_get_monotonic_time());
    judge_partial(attempt->judge, lines_partial(attempt->lines));
    do_steps(attempt);
    look(attempt);
}

static void on_event(void *owner, const char *event, const char *reason)
{
    Attempt *attempt = owner;
    judge_event(attempt->judge, event, reason);
    look(attempt);
}

static void on_mark(void *owner, const char *name, gint64 at)
{
    Attempt *attempt = owner;
    outcome_add_mark(attempt->outcome->timeline, name, since(attempt, at));
}

static gboolean time_is_up(gpointer data)
{
    Attempt *attempt = data;
    attempt->limit = 0;
    judge_limit(attempt->judge, attempt->boot->timeout);
    look(attempt);
    return G_SOURCE_REMOVE;
}

static void attempt_free(Attempt *attempt)
{
    stop_source(&attempt->limit);
    stop_source(&attempt->drain);
    stop_source(&attempt->kill);
    steer_free(attempt->steer);
    child_free(attempt->child);
    lines_free(attempt->lines);
    judge_free(attempt->judge);
    g_unlink(attempt->socket);
    g_rmdir(attempt->folder);
    g_free(attempt->said);
    g_free(attempt->socket);
    g_free(attempt->folder);
    g_free(attempt);
}

static void keep_last(Outcome *outcome)
{
    const GPtrArray *console = outcome->console;
    for (unsigned i = console->len > LAST_LINES ? console->len - LAST_LINES : 0; i < console->len; i++)
        g_ptr_array_add(outcome->last, g_strdup(console->pdata[i]));
}

static void finish(Attempt *attempt)
{
    Outcome *outcome = attempt->outcome;
    judge_end(attempt->judge, attempt->status, attempt->said);
    Finding finding = judge_finding(attempt->judge);
    outcome->verdict = finding.verdict;
    outcome->reason = finding.reason;
    outcome->signature = finding.signature;
    outcome->stage = g_strdup(judge_stage(attempt->judge));
    outcome->seconds = since(attempt, g_get_monotonic_time());
    keep_last(outcome);
    attempt->ended(attempt->owner, outcome);
    attempt_free(attempt);
}

// The console has been read to its end. What lparun told last may still be on its way.
static void on_end(void *owner, int status, const char *said)
{
    Attempt *attempt = owner;
    lines_end(attempt->lines);
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

Attempt *attempt_start(
    const Boot *boot, void (*ended)(void *owner, Outcome *outcome), void *owner, GError **error)
{
    static const ChildOps child_ops = { .bytes = on_bytes, .ended = on_end };
    static const SteerOps steer_ops = { .event = on_event, .mark = on_mark, .closed = on_closed };
    char *folder = g_dir_make_tmp("lparun-ci-XXXXXX", error);
    if (!folder)
        return NULL;
    Attempt *attempt = g_new0(Attempt, 1);
    attempt->boot = boot;
    attempt->ended = ended;
    attempt->owner = owner;
    attempt->folder = folder;
    attempt->socket = g_build_filename(folder, "qmp", NULL);
    attempt->lines = lines_new(on_line, attempt);
    attempt->judge = judge_new(boot->expect, boot->allow);
    attempt->outcome = outcome_new();
    attempt->outcome->console = g_ptr_array_new_with_free_func(g_free);
    attempt->outcome->raw = g_byte_array_new();
    g_auto(GStrv) command = boot_command(boot, attempt->socket);
    attempt->start = g_get_monotonic_time();
    attempt->limit = g_timeout_add((guint)(boot->timeout * 1000), time_is_up, attempt);
    attempt->child = child_start(command, &child_ops, attempt);
    attempt->steer = steer_new(attempt->socket, &steer_ops, attempt);
    do_steps(attempt);
    return attempt;
}

void attempt_stop(Attempt *attempt)
{
    end_guest(attempt);
}
