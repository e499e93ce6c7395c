// What the parts of tracing share: trace.c makes lines and has the ring, trace_writer.c writes them,
// trace_faults.c counts what a guest does wrong.
#pragma once
#include "lparun/trace.h"
#include "trace_ring.h"
#include <stdarg.h>

enum { TRACE_SINK_EVENTS, TRACE_SINK_LOG, TRACE_SINKS };

// --- trace.c

void trace_line_add_values(TraceLine *line, const char *format, va_list values) G_GNUC_PRINTF(2, 0);
// Gives `text`, of something at `at`, its head and its end, and hands it over.
void trace_hand_over(uint8_t sink, int64_t at, const char *text);

// --- trace_writer.c

typedef struct TraceWriter TraceWriter;

// As trace_start().
TraceWriter *trace_writer_new(const TraceSetup *setup, GError **error);
// Any thread: takes the line, or counts that it did not.
void trace_writer_put(TraceWriter *writer, uint8_t sink, const char *text, unsigned length);
// As trace_stop().
bool trace_writer_end(TraceWriter *writer);

// --- trace_faults.c

// All as at the start.
void trace_faults_clear(void);
// Calls `each` with a line for each kind of which some were left out since the last that was told.
void trace_faults_left_out(void (*each)(const char *text, void *data), void *data);
