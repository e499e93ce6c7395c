// -trace, -d and -D: what is traced, and where to.
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct TraceOptions {
    uint32_t points; // of TracePoint, a bit each
    char *file;      // for -trace; NULL: where -d's go
    char *log;       // for -d, with "%d" for the process; NULL: standard error
} TraceOptions;

struct Options;

// One of each. After one that asks for help the options' `help` has it.
bool options_parse_trace(struct Options *options, const char *option, const char *value, GError **error);
bool options_parse_log_items(struct Options *options, const char *option, const char *value, GError **error);
bool options_parse_log_file(struct Options *options, const char *option, const char *value, GError **error);
void trace_options_clear(TraceOptions *options);
