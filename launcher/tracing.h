// Tracing from the begin of a run to its end.
#pragma once
#include "trace_options.h"

// Opens the files and begins; nothing if nothing is asked for. Before any other thread. False and `error`.
bool tracing_begin(const TraceOptions *options, GError **error);
// The machine is gone: what is left is written.
void tracing_end(void);
