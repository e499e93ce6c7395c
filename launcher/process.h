// The process: its name, its way to the background, and what it gives up before the guest runs.
#pragma once
#include "process_options.h"
#include <glib.h>
#include <stdbool.h>

// Before any thread is born: names, how lines on standard error begin, and -daemonize. There the process that
// was started stays in this call and ends when the one in the background, which returns from it, is ready or
// has ended. False and `error` (the host's).
bool process_begin(const ProcessOptions *process, GError **error);
// All is made, and nothing of the guest's has run: the rights that are not needed go, and who waits for
// -daemonize is told. False and `error`.
bool process_ready(const ProcessOptions *process, GError **error);
