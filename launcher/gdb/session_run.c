// Packets that let the machine go on, and those that take leave: c, s, vCont, D, k.
#include "session_internal.h"

static void go_on(GdbSession *session, GdbRun how, unsigned cpu)
{
    const GdbTarget *target = session->target;
    session->waits = true;
    if (target->go_on(target->owner, how, cpu))
        return;
    session->waits = false;
    gdb_reply_error(session, GDB_ERROR_PERMISSION);
}

// --- c, s, C and S: the older ways.

static void run(GdbSession *session, GdbText text, bool steps)
{
    const GdbTarget *target = session->target;
    uint64_t address;
    if (text.at < text.end && !(gdb_take_number(&text, &address) &&
                                  target->set_pc(target->owner, session->cpu_to_go_on, address))) {
        gdb_reply_error(session, GDB_ERROR_INVALID);
        return;
    }
    GdbRun how = steps ? GDB_RUN_STEP : session->all_go_on ? GDB_RUN_ALL : GDB_RUN_ALONE;
    go_on(session, how, session->cpu_to_go_on);
}

static void go(GdbSession *session, GdbText text)
{
    run(session, text, false);
}

static void step(GdbSession *session, GdbText text)
{
    run(session, text, true);
}

// A guest has no signals of gdb's: what is left are the same packets, with ";ADDRESS".
static GdbText skip_signal(GdbText text)
{
    uint64_t signal;
    gdb_take_number(&text, &signal);
    gdb_take_mark(&text, ';');
    return text;
}

static void go_with_signal(GdbSession *session, GdbText text)
{
    run(session, skip_signal(text), false);
}

static void step_with_signal(GdbSession *session, GdbText text)
{
    run(session, skip_signal(text), true);
}

// --- vCont: what each thread shall do, the first that fits a thread.

typedef struct Action {
    char what; // 'c' or 's'
    GdbThread threads;
    unsigned cpu;
} Action;

static bool take_action(const GdbSession *session, GdbText *text, Action *action)
{
    uint64_t signal;
    if (!gdb_take_mark(text, ';') || text->at == text->end)
        return false;
    *action = (Action){ .what = g_ascii_tolower(*text->at), .threads = GDB_THREAD_ALL };
    bool has_signal = g_ascii_isupper(*text->at++);
    if ((action->what != 'c' && action->what != 's') || (has_signal && !gdb_take_number(text, &signal)))
        return false;
    if (gdb_take_mark(text, ':'))
        action->threads = gdb_take_thread(session, text, &action->cpu);
    if (action->threads == GDB_THREAD_ANY)
        *action = (Action){ action->what, GDB_THREAD_ONE, session->cpu_to_go_on };
    return action->threads != GDB_THREAD_NONE;
}

// A step is of one vCPU while the others stand still, whatever they may do: it is over at once.
static void go_on_as_told(GdbSession *session, GdbText text)
{
    Action first = { 0 }, action;
    bool all = false;
    for (GdbText rest = text; rest.at < rest.end; text = rest) {
        if (!take_action(session, &rest, &action)) {
            gdb_reply_error(session, GDB_ERROR_INVALID);
            return;
        }
        if (!first.what)
            first = action;
        all |= action.threads == GDB_THREAD_ALL;
    }
    unsigned cpu = first.threads == GDB_THREAD_ONE ? first.cpu : session->cpu_to_go_on;
    if (first.what)
        go_on(session, first.what == 's' ? GDB_RUN_STEP : all ? GDB_RUN_ALL : GDB_RUN_ALONE, cpu);
    else
        gdb_reply_error(session, GDB_ERROR_INVALID);
}

static void tell_actions(GdbSession *session, GdbText text)
{
    gdb_reply(session, "vCont;c;C;s;S");
}

// --- Stops and leave.

// Asked at the beginning of a conversation: what another one has left is of no use to this one.
static void why(GdbSession *session, GdbText text)
{
    session->target->remove_all(session->target->owner);
    gdb_reply_stop(session, GDB_SIGNAL_TRAP);
}

static void attach(GdbSession *session, GdbText text)
{
    gdb_reply_stop(session, GDB_SIGNAL_TRAP);
}

static void detach(GdbSession *session, GdbText text)
{
    const GdbTarget *target = session->target;
    target->remove_all(target->owner);
    target->go_on(target->owner, GDB_RUN_ALL, 0);
    gdb_reply(session, "OK");
}

static void quit(GdbSession *session, GdbText text)
{
    session->target->quit(session->target->owner);
}

static void quit_with_reply(GdbSession *session, GdbText text)
{
    quit(session, text);
    gdb_reply(session, "OK");
}

const GdbCommand gdb_run_commands[] = {
    { "vCont?", tell_actions },
    { "vCont", go_on_as_told },
    { "vAttach;", attach },
    { "vKill;", quit_with_reply },
    { "?", why },
    { "c", go },
    { "C", go_with_signal },
    { "s", step },
    { "S", step_with_signal },
    { "D", detach },
    { "k", quit },
    { 0 },
};
