// A command in a guest, while it runs and after.
#include "exec_run.h"
#include "channel.h"
#include "collect.h"
#include "lines.h"

struct ExecRun {
    const ExecRunOps *ops;
    void *owner;
    Channel *channel;
    Collect *collect; // or NULL
    Lines *lines;     // of standard output
    GByteArray *output;
    char *fault; // why there is no result
    bool has_ended, is_broken;
    ChannelEnd end;
};

static void on_output(void *owner, bool errors, const char *bytes, gsize length, double seconds)
{
    ExecRun *run = owner;
    gsize room = EXEC_OUTPUT - run->output->len;
    g_byte_array_append(run->output, (const guint8 *)bytes, (guint)MIN(length, room));
    run->ops->output(run->owner, errors, bytes, length);
    if (!errors)
        lines_take(run->lines, bytes, length, 0);
}

static void on_line(void *owner, const char *line, gint64 at)
{
    ExecRun *run = owner;
    run->ops->line(run->owner, line);
}

static void on_file(void *owner, const char *path, unsigned mode)
{
    ExecRun *run = owner;
    if (run->collect)
        collect_file(run->collect, path, mode);
}

static void on_data(void *owner, const char *bytes, gsize length)
{
    ExecRun *run = owner;
    if (run->collect)
        collect_data(run->collect, bytes, length);
}

static void on_left(void *owner, const char *path, int error)
{
    ExecRun *run = owner;
    if (run->collect)
        collect_left(run->collect, path, error);
}

static void blame(ExecRun *run, const char *text)
{
    if (!run->fault)
        run->fault = g_utf8_make_valid(text, -1);
}

static void on_fault(void *owner, const char *text)
{
    blame(owner, text);
}

static void on_ended(void *owner, const ChannelEnd *end)
{
    ExecRun *run = owner;
    run->has_ended = true;
    run->end = *end;
}

ExecRun *exec_run_new(
    const ExecFiles *files, const char *folder, const ExecRunOps *ops, void *owner, GError **error)
{
    static const ChannelOps channel_ops = {
        .output = on_output,
        .file = on_file,
        .data = on_data,
        .left = on_left,
        .fault = on_fault,
        .ended = on_ended,
    };
    g_autofree ExecRun *run = g_new0(ExecRun, 1);
    run->channel = channel_open(files->disk, &channel_ops, run, error);
    if (!run->channel)
        return NULL;
    run->ops = ops;
    run->owner = owner;
    run->collect = folder ? collect_new(folder) : NULL;
    run->lines = lines_new(on_line, run);
    run->output = g_byte_array_new();
    return g_steal_pointer(&run);
}

void exec_run_free(ExecRun *run)
{
    if (!run)
        return;
    channel_free(run->channel);
    if (run->collect)
        collect_free(run->collect);
    lines_free(run->lines);
    g_clear_pointer(&run->output, g_byte_array_unref);
    g_free(run->fault);
    g_free(run);
}

void exec_run_poll(ExecRun *run)
{
    channel_poll(run->channel);
}

void exec_run_end(ExecRun *run)
{
    channel_poll(run->channel);
    lines_end(run->lines);
    run->is_broken = channel_is_broken(run->channel);
}

void exec_run_console(ExecRun *run, const char *line)
{
    g_autofree char *fault = exec_fault_of(line);
    if (fault)
        blame(run, fault);
}

int exec_run_status(const ExecRun *run)
{
    if (!run->has_ended)
        return -1;
    return run->end.killed ? 128 + (int)(run->end.value & 127) : (int)(run->end.value & 255);
}

static char *describe_files(const ExecRun *run)
{
    const GPtrArray *complaints = run->collect ? collect_complaints(run->collect) : NULL;
    return complaints && complaints->len
               ? g_strdup_printf("a file could not be taken: %s", (char *)complaints->pdata[0])
               : NULL;
}

char *exec_run_why(const ExecRun *run)
{
    if (!run->has_ended)
        return g_strdup_printf(
            "the command left no result%s%s", run->fault ? ": " : "", run->fault ? run->fault : "");
    if (run->is_broken)
        return g_strdup("the guest wrote to the disk of results: it cannot be believed");
    if (run->end.killed)
        return g_strdup_printf("the command was killed by signal %u", run->end.value);
    if (run->end.value)
        return g_strdup_printf("the command's exit status is %u", run->end.value);
    if (run->end.lost)
        return g_strdup_printf(
            "the disk of results had no room for %" G_GUINT64_FORMAT " bytes of output", run->end.lost);
    return describe_files(run);
}

GByteArray *exec_run_take_output(ExecRun *run)
{
    return g_steal_pointer(&run->output);
}
