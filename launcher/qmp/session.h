// One client's conversation in QMP: bytes in, lines out (QEMU's docs/interop/qmp-spec.rst).
#pragma once
#include "../monitor.h"

typedef struct Session Session;

typedef struct SessionOps {
    // Gets whole lines, each with its end.
    void (*write)(void *owner, const char *line, size_t length);
    // An answer that was waited for has been written: it may take bytes again.
    void (*go_on)(void *owner);
} SessionOps;
Session *session_new(
    const Command *const *tables, const MonitorMachine *machine, const SessionOps *ops, void *owner);
void session_free(Session *session);
// JSON with lines and indents, from now on.
void session_set_pretty(Session *session, bool pretty);
// The first line that a client gets.
void session_greet(Session *session);
// Takes bytes up to the end of the first message among them, and answers it. Returns how many were taken: the
// caller decides when its client can be given more answers. While it waits for an answer that comes later it
// takes none.
size_t session_take(Session *session, const char *bytes, size_t length);
bool session_waits(const Session *session);
// Tells of an event, if the client has come so far that it wants any.
void session_tell(Session *session, const MonitorEvent *event);
