// lparun as a child.
#include "child.h"
#include <gio/gio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define CHUNK 65536

struct Child {
    const ChildOps *ops;
    void *owner;
    GSubprocess *process; // NULL: it did not start
    bool not_there;       // for it is no program
    int group;            // of processes: its own, and what it starts; 0: none
    GCancellable *cancel;
    unsigned waits; // for the end of its output, of its errors, of itself
    char *said;
    GString *typed; // that waits
    char *writing;  // what is being written; or NULL
};

static void exec_setup(gpointer data)
{
    setpgid(0, 0); // a Ctrl-C at the terminal is lparun-ci's
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGXFSZ, SIG_DFL);
}

static int status_of(const Child *child)
{
    if (!child->process)
        return child->not_there ? 2 : 1;
    return g_subprocess_get_if_exited(child->process) ? g_subprocess_get_exit_status(child->process)
                                                      : -g_subprocess_get_term_sig(child->process);
}

static void one_less(Child *child)
{
    if (--child->waits == 0)
        child->ops->ended(child->owner, status_of(child), child->said ? child->said : "");
}

static void on_read(GObject *source, GAsyncResult *result, gpointer data)
{
    Child *child = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_input_stream_read_bytes_finish(G_INPUT_STREAM(source), result, &error);
    if (error && error->code == G_IO_ERROR_CANCELLED)
        return;
    gsize length = 0;
    const char *text = bytes ? g_bytes_get_data(bytes, &length) : NULL;
    if (length == 0) {
        one_less(child);
        return;
    }
    child->ops->bytes(child->owner, text, length);
    g_input_stream_read_bytes_async(
        G_INPUT_STREAM(source), CHUNK, G_PRIORITY_DEFAULT, child->cancel, on_read, child);
}

// The last line is kept.
static void on_error_line(GObject *source, GAsyncResult *result, gpointer data)
{
    Child *child = data;
    g_autoptr(GError) error = NULL;
    gsize length;
    char *line = g_data_input_stream_read_line_finish(G_DATA_INPUT_STREAM(source), result, &length, &error);
    if (error && error->code == G_IO_ERROR_CANCELLED)
        return;
    if (!line) {
        one_less(child);
        return;
    }
    g_free(child->said);
    child->said = g_utf8_make_valid(line, (gssize)length);
    g_free(line);
    g_data_input_stream_read_line_async(
        G_DATA_INPUT_STREAM(source), G_PRIORITY_DEFAULT, child->cancel, on_error_line, child);
}

static void kill_group(int group)
{
    if (group > 0)
        kill(-group, SIGKILL);
}

// A wrapper's own children would hold its outputs open.
static void on_exited(GObject *source, GAsyncResult *result, gpointer data)
{
    Child *child = data;
    g_autoptr(GError) error = NULL;
    if (!g_subprocess_wait_finish(G_SUBPROCESS(source), result, &error))
        return;
    kill_group(child->group);
    one_less(child);
}

static gboolean did_not_start(gpointer data)
{
    one_less(data);
    return G_SOURCE_REMOVE;
}

static void watch(Child *child)
{
    child->waits = 3;
    g_input_stream_read_bytes_async(g_subprocess_get_stdout_pipe(child->process), CHUNK, G_PRIORITY_DEFAULT,
        child->cancel, on_read, child);
    GDataInputStream *errors = g_data_input_stream_new(g_subprocess_get_stderr_pipe(child->process));
    g_data_input_stream_read_line_async(errors, G_PRIORITY_DEFAULT, child->cancel, on_error_line, child);
    g_object_unref(errors);
    g_subprocess_wait_async(child->process, child->cancel, on_exited, child);
}

// A program that cannot be run is a wrong option, and no fault of the host's.
static bool is_missing(const GError *error)
{
    return g_error_matches(error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT) ||
           g_error_matches(error, G_SPAWN_ERROR, G_SPAWN_ERROR_ACCES) ||
           g_error_matches(error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOEXEC);
}

Child *child_start(GStrv command, const ChildOps *ops, void *owner)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
        G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
    Child *child = g_new0(Child, 1);
    child->ops = ops;
    child->owner = owner;
    child->cancel = g_cancellable_new();
    child->typed = g_string_new(NULL);
    g_subprocess_launcher_set_child_setup(launcher, exec_setup, NULL, NULL);
    child->process = g_subprocess_launcher_spawnv(launcher, (const char *const *)command, &error);
    if (child->process) {
        child->group = child_pid(child);
        watch(child);
        return child;
    }
    child->said = g_strdup(error->message);
    child->not_there = is_missing(error);
    child->waits = 1;
    g_idle_add(did_not_start, child);
    return child;
}

void child_free(Child *child)
{
    if (!child)
        return;
    child_kill(child);
    g_cancellable_cancel(child->cancel);
    g_object_unref(child->cancel);
    g_clear_object(&child->process);
    g_free(child->said);
    g_free(child->writing);
    g_string_free(child->typed, TRUE);
    g_free(child);
}

static void write_typed(Child *child);

static void on_written(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    bool good = g_output_stream_write_all_finish(G_OUTPUT_STREAM(source), result, NULL, &error);
    if (error && error->code == G_IO_ERROR_CANCELLED)
        return;
    Child *child = data;
    g_clear_pointer(&child->writing, g_free);
    if (good)
        write_typed(child);
}

static void write_typed(Child *child)
{
    if (child->writing || child->typed->len == 0)
        return;
    gsize length = child->typed->len;
    child->writing = g_strdup(child->typed->str);
    g_string_truncate(child->typed, 0);
    g_output_stream_write_all_async(g_subprocess_get_stdin_pipe(child->process), child->writing, length,
        G_PRIORITY_DEFAULT, child->cancel, on_written, child);
}

void child_type(Child *child, const char *text)
{
    if (!child->process)
        return;
    g_string_append(child->typed, text);
    write_typed(child);
}

int child_pid(const Child *child)
{
    const char *text = child->process ? g_subprocess_get_identifier(child->process) : NULL;
    return text ? atoi(text) : 0;
}

void child_terminate(Child *child)
{
    if (child->process && child_pid(child))
        kill(-child->group, SIGTERM);
}

void child_kill(Child *child)
{
    if (child->process && child_pid(child))
        kill_group(child->group);
}
