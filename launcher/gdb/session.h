// One client's conversation in gdb's remote protocol: bytes in, bytes out.
//
// The machine stands still from the beginning of a session on, until the client lets it go on.
#pragma once
#include "target.h"

typedef struct GdbSession GdbSession;

// `write` gets whole packets.
GdbSession *gdb_session_new(
    const GdbTarget *target, void (*write)(void *owner, const char *bytes, size_t length), void *owner);
// The client's breakpoints are removed.
void gdb_session_free(GdbSession *session);
// Takes bytes up to the end of the first packet among them, and answers it. Returns how many were taken: the
// caller decides when its client can be given more answers.
size_t gdb_session_take(GdbSession *session, const char *bytes, size_t length);
// The machine has come to a stand, by whoever's wish.
void gdb_session_stopped(GdbSession *session);
// The machine ends.
void gdb_session_ended(GdbSession *session);
