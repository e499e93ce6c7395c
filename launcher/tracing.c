// Tracing from the begin of a run to its end.
#include "tracing.h"
#include "lparun/error.h"
#include "lparun/trace.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int events = -1, logged = -1;

static void close_file(int *fd)
{
    if (*fd > STDERR_FILENO)
        close(*fd);
    *fd = -1;
}

// A FIFO that nobody reads is refused, not waited for. Two options may name one file: both append.
static bool open_file(const char *option, const char *path, int *fd, GError **error)
{
    *fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
    return *fd >= 0 ||
           error_user(error, "%s%s: %s; give a file that can be written", option, path, g_strerror(errno));
}

// With the process in place of "%d", as QEMU has it (g_free).
static char *log_path(const char *log)
{
    const char *number = strstr(log, "%d");
    return number ? g_strdup_printf("%.*s%d%s", (int)(number - log), log, (int)getpid(), number + 2)
                  : g_strdup(log);
}

static bool open_files(const TraceOptions *options, GError **error)
{
    g_autofree char *log = options->log ? log_path(options->log) : NULL;
    logged = events = STDERR_FILENO;
    if (log && !open_file("-D ", log, &logged, error))
        return false;
    events = logged;
    return !options->file || open_file("-trace file=", options->file, &events, error);
}

static void close_files(void)
{
    if (events != logged)
        close_file(&events);
    close_file(&logged);
    events = -1;
}

bool tracing_begin(const TraceOptions *options, GError **error)
{
    if (options->points == 0)
        return true;
    TraceSetup setup = { .points = options->points };
    bool done = open_files(options, error);
    setup.events = events;
    setup.log = logged;
    done = done && trace_start(&setup, error);
    if (!done)
        close_files();
    return done;
}

void tracing_end(void)
{
    if (trace_stop())
        close_files();
}
