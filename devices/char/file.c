// Files and FIFOs.
#include "lparun/error.h"
#include "lparun/fd_set.h"
#include "stream.h"
#include <errno.h>
#include <fcntl.h>

// Not waiting: a FIFO at the other end of which is nobody is refused.
static int open_path(const char *key, const char *path, int flags, GError **error)
{
    int fd = fd_set_open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
    if (fd < 0)
        error_user(error, "%s=%s: %s; give a file that can be %s", key, path, g_strerror(errno),
            (flags & O_ACCMODE) == O_RDONLY ? "read" : "written");
    return fd;
}

// --- A file. Its disk may be slow: a thread writes.

typedef struct FileValues {
    char *path, *input;
    bool append;
} FileValues;

static bool open_file(Chardev *chardev, const void *values, GError **error)
{
    const FileValues *given = values;
    int flags = O_WRONLY | O_CREAT | (given->append ? O_APPEND : O_TRUNC);
    int fd = open_path("path", given->path, flags, error);
    if (fd < 0)
        return false;
    Stream *stream = stream_new(chardev);
    g_autofree char *name = g_strdup_printf("char-%s", chardev_id(chardev));
    if (!stream_write_by_thread(stream, fd, name, error))
        return false;
    return !given->input || (stream->in = open_path("input-path", given->input, O_RDONLY, error)) >= 0;
}

static const Key file_keys[] = {
    { "path", KEY_TEXT, offsetof(FileValues, path), .value = "FILE", .needed = true,
        .help = "what output goes to" },
    { "input-path", KEY_TEXT, offsetof(FileValues, input), .value = "FILE",
        .help = "what input comes from (default: there is none)" },
    { "append", KEY_SWITCH, offsetof(FileValues, append),
        .help = "what is in the file stays there (default off)" },
    { 0 },
};

const ChardevKind file_chardev = {
    .kind = { .name = "file", .help = "a file", .keys = file_keys, .size = sizeof(FileValues) },
    .open = open_file,
};

// --- FIFOs, PATH.in and PATH.out, or one file for both. Opened for both ways they have no end.

static bool open_pipe(Chardev *chardev, const void *values, GError **error)
{
    const char *path = *(char *const *)values;
    const int flags = O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    g_autofree char *in_path = g_strconcat(path, ".in", NULL), *out_path = g_strconcat(path, ".out", NULL);
    int in = open(in_path, flags), out = open(out_path, flags);
    Stream *stream = stream_new(chardev);
    stream_write_by_loop(stream, NULL);
    if (in < 0 && out < 0)
        in = out = open(path, flags);
    stream_set(stream, in, out);
    return (in >= 0 && out >= 0) || error_user(error, "path=%s: %s; make the FIFOs %s.in and %s.out first",
                                        path, g_strerror(errno), path, path);
}

static const Key pipe_keys[] = {
    { "path", KEY_TEXT, 0, .value = "PATH", .needed = true,
        .help = "the FIFOs PATH.in, which is read, and PATH.out; or a file that is both" },
    { 0 },
};

const ChardevKind pipe_chardev = {
    .kind = { .name = "pipe", .help = "two FIFOs", .keys = pipe_keys, .size = sizeof(char *) },
    .open = open_pipe,
};
