// The host's terminal: stdin and stdout as the guest's console.
#pragma once
#include "lparun/vty.h"

typedef struct Terminal Terminal;

// `quit` is called on the main thread when the user pressed Ctrl-A x.
// `enabled` false: no input, and output goes nowhere.
Terminal *terminal_new(bool enabled, void (*quit)(void *owner), void *owner);
// Restores the terminal.
void terminal_free(Terminal *terminal);
// The same for handlers of signals, from any thread, more than once.
void terminal_restore(void);

// What the vty writes to.
VtyHost terminal_vty_host(Terminal *terminal);
// Raw mode from here on, if stdin is a terminal that lparun is in the foreground of, and input to `vty`.
// On the main thread, which runs the default GLib main context.
void terminal_start(Terminal *terminal, Vty *vty);
