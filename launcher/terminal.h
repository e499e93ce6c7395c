// The host's terminal: stdin and stdout as the guest's console.
#pragma once
#include "lparun/vty.h"
#include "signals.h"

#define TERMINAL_TYPED (1u << 20) // bytes that a guest may leave unread before what is typed is lost

typedef struct Terminal Terminal;

// `quit` is called on the main thread when the user pressed Ctrl-A x.
// `enabled` false: no input, and output goes nowhere. NULL and `error` (the host's) without a thread for
// output.
Terminal *terminal_new(bool enabled, void (*quit)(void *owner), void *owner, GError **error);
// Restores the terminal.
void terminal_free(Terminal *terminal);
extern const PartOps terminal_part;

// What the vty writes to.
VtyHost terminal_vty_host(Terminal *terminal);
// Raw mode from here on, whenever stdin is a terminal that lparun is in the foreground of, and input to
// `vty`. On the main thread, which runs the default GLib main context.
void terminal_start(Terminal *terminal, Vty *vty, Signals *signals);
// The guest has ended: restores the terminal at once, then waits for output that is still read.
void terminal_stop(Terminal *terminal);
