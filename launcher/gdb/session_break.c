// Packets Z0 to Z4 and z0 to z4: breakpoints and watchpoints.
#include "session_internal.h"

typedef struct Breakpoint {
    uint64_t kind, address, length;
} Breakpoint;

static bool take(GdbText text, Breakpoint *breakpoint)
{
    return gdb_take_number(&text, &breakpoint->kind) && gdb_take_mark(&text, ',') &&
           gdb_take_range(&text, &breakpoint->address, &breakpoint->length);
}

static void insert(GdbSession *session, GdbText text)
{
    const GdbTarget *target = session->target;
    Breakpoint at;
    if (!take(text, &at)) {
        gdb_reply_error(session, GDB_ERROR_INVALID);
        return;
    }
    GdbResult result = at.kind < GDB_BREAK_KINDS ? target->insert(target->owner, session->cpu,
                                                       (GdbBreak)at.kind, at.address, at.length)
                                                 : GDB_UNSUPPORTED;
    gdb_reply_result(session, result, GDB_ERROR_FAULT);
}

static void take_away(GdbSession *session, GdbText text)
{
    const GdbTarget *target = session->target;
    Breakpoint at;
    if (!take(text, &at)) {
        gdb_reply_error(session, GDB_ERROR_INVALID);
        return;
    }
    GdbResult result = at.kind < GDB_BREAK_KINDS
                           ? target->remove(target->owner, (GdbBreak)at.kind, at.address, at.length)
                           : GDB_UNSUPPORTED;
    gdb_reply_result(session, result, GDB_ERROR_INVALID);
}

const GdbCommand gdb_break_commands[] = {
    { "Z", insert },
    { "z", take_away },
    { 0 },
};
