// Lines of tracing, on the threads that come to a point.
#include "trace_internal.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NANOSECONDS 1000000000LL

uint32_t trace_points;

static TraceWriter *writer;
static int64_t started; // what the times of lines count from

int64_t trace_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NANOSECONDS + now.tv_nsec;
}

// --- A line.

void trace_line_begin(TraceLine *line)
{
    line->begun = trace_now();
    line->length = 0;
    line->text[0] = '\0';
}

void trace_line_add_values(TraceLine *line, const char *format, va_list values)
{
    size_t room = sizeof line->text - line->length;
    int length = vsnprintf(line->text + line->length, room, format, values);
    line->length += (unsigned)CLAMP(length, 0, (int)room - 1);
}

void trace_line_add(TraceLine *line, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    trace_line_add_values(line, format, values);
    va_end(values);
}

void trace_line_took(TraceLine *line, int64_t begun)
{
    int64_t took = trace_now() - begun;
    trace_line_add(line, " <%d.%06d>", (int)(took / NANOSECONDS), (int)(took % NANOSECONDS / 1000));
}

static const char *thread_name(void)
{
    static _Thread_local char name[16];
    if (!name[0] && pthread_getname_np(pthread_self(), name, sizeof name) != 0)
        g_strlcpy(name, "?", sizeof name);
    return name;
}

// The head that every line has, and its end.
void trace_hand_over(uint8_t sink, int64_t at, const char *text)
{
    if (!writer)
        return;
    char whole[TRACE_SLOT];
    at = MAX(at - started, 0);
    int length = snprintf(whole, sizeof whole - 1, "%5d.%06d [%s] %s", (int)(at / NANOSECONDS),
        (int)(at % NANOSECONDS / 1000), thread_name(), text);
    unsigned end = (unsigned)CLAMP(length, 0, (int)sizeof whole - 2);
    whole[end] = '\n';
    trace_writer_put(writer, sink, whole, end + 1);
}

void trace_line_end(const TraceLine *line)
{
    trace_hand_over(TRACE_SINK_EVENTS, line->begun, line->text);
}

// --- Beginning and end.

bool trace_start(const TraceSetup *setup, GError **error)
{
    trace_faults_clear();
    started = trace_now();
    writer = trace_writer_new(setup, error);
    trace_points = writer ? setup->points : 0;
    return writer;
}

bool trace_stop(void)
{
    TraceWriter *ending = writer;
    trace_points = 0;
    writer = NULL;
    return !ending || trace_writer_end(ending);
}
