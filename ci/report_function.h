// The function at fault, from the registers and traces of a kernel's report.
#pragma once
#include <stdbool.h>

typedef struct ReportFunction {
    bool traced;     // registers or a trace have begun
    bool in_trace;   // lines of a trace may come
    char *best;      // NULL: none yet
    char *messenger; // the first that only tells of faults, or works for others (a lock, a copy)
} ReportFunction;

// A line of the report, without prefix.
void report_function_line(ReportFunction *function, const char *text);
// NULL: none.
const char *report_function_name(const ReportFunction *function);
// Is it one that only tells of faults, or works for others?
bool report_function_is_messenger(const char *name);
void report_function_clear(ReportFunction *function);
