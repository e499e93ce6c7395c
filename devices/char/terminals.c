// Terminals other than the program's own: a pseudo-terminal that is made, and a device that is there.
#include "lparun/error.h"
#include "stream.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#define LOOK_MS 200 // between two looks whether somebody has opened the other end

static void make_raw(int fd, speed_t speed)
{
    struct termios mode;
    if (tcgetattr(fd, &mode) < 0)
        return;
    cfmakeraw(&mode);
    if (speed)
        cfsetspeed(&mode, speed);
    tcsetattr(fd, TCSANOW, &mode);
}

// --- A pseudo-terminal.

typedef struct Pty {
    Stream stream; // stays first
    int fd;        // our end
    char *name;    // of the other
    char *link;    // that leads there, or NULL
    guint look;    // a timer while nobody has it open, or 0
} Pty;

static gboolean look(gpointer data);

// What is put while nobody has it open goes nowhere.
static void lose_peer(void *owner, int error)
{
    Pty *pty = owner;
    stream_set(&pty->stream, -1, -1);
    chardev_set_peer(pty->stream.chardev, false);
    if (!pty->stream.is_off && !pty->look)
        pty->look = g_timeout_add_full(chardev_priority(pty->stream.chardev), LOOK_MS, look, pty, NULL);
}

static void on_gone(void *owner)
{
    lose_peer(owner, 0);
}

static bool has_peer(const Pty *pty)
{
    struct pollfd other = { .fd = pty->fd, .events = POLLIN };
    return poll(&other, 1, 0) == 0 || !(other.revents & POLLHUP);
}

static gboolean look(gpointer data)
{
    Pty *pty = data;
    if (!has_peer(pty))
        return G_SOURCE_CONTINUE;
    pty->look = 0;
    stream_set(&pty->stream, pty->fd, pty->fd);
    chardev_set_peer(pty->stream.chardev, true);
    stream_watch(&pty->stream);
    return G_SOURCE_REMOVE;
}

static void start_pty(void *self, const ChardevHost *host)
{
    Pty *pty = self;
    if (look(pty) == G_SOURCE_CONTINUE)
        lose_peer(pty, 0);
}

static void stop_pty(void *self)
{
    Pty *pty = self;
    stream_stop(self);
    if (pty->look)
        g_source_remove(pty->look);
    pty->look = 0;
}

static char *describe_pty(const void *self)
{
    return g_strconcat("pty:", ((const Pty *)self)->name, NULL);
}

// Only the link that was made here, not another that has come in its place.
static void remove_link(const Pty *pty)
{
    g_autofree char *target = pty->link ? g_file_read_link(pty->link, NULL) : NULL;
    if (target && g_strcmp0(target, pty->name) == 0)
        unlink(pty->link);
}

static void free_pty(void *self)
{
    Pty *pty = self;
    stop_pty(pty);
    remove_link(pty);
    stream_set(&pty->stream, -1, -1);
    stream_close(&pty->stream);
    if (pty->fd >= 0)
        close(pty->fd);
    g_free(pty->name);
    g_free(pty->link);
    g_free(pty);
}

static const Backend pty_backend = {
    .put = stream_put,
    .start = start_pty,
    .want = stream_want,
    .stop = stop_pty,
    .drain = stream_drain,
    .drop = stream_drop,
    .describe = describe_pty,
    .free = free_pty,
};

// The pair of ends. Raw from the start, however it is opened.
static bool open_ends(Pty *pty, GError **error)
{
    char name[64];
    pty->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (pty->fd < 0 || grantpt(pty->fd) < 0 || unlockpt(pty->fd) < 0 ||
        ptsname_r(pty->fd, name, sizeof name) != 0)
        return error_host(error, "no pseudo-terminal: %s", g_strerror(errno));
    pty->name = g_strdup(name);
    int other = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (other < 0)
        return error_host(error, "%s: %s", name, g_strerror(errno));
    make_raw(other, 0);
    close(other);
    return true;
}

static bool make_link(Pty *pty, const char *path, GError **error)
{
    if (symlink(pty->name, path) < 0)
        return error_user(
            error, "path=%s: %s; give a path where a link can be made", path, g_strerror(errno));
    pty->link = g_strdup(path);
    return true;
}

static bool open_pty(Chardev *chardev, const void *values, GError **error)
{
    const char *path = *(char *const *)values;
    Pty *pty = g_new0(Pty, 1);
    stream_init(&pty->stream, chardev, pty);
    pty->stream.ended = lose_peer;
    pty->stream.sees_end = true;
    stream_write_by_loop(&pty->stream, on_gone);
    chardev_become(chardev, &pty_backend, pty);
    if (!open_ends(pty, error) || (path && !make_link(pty, path, error)))
        return false;
    printf("char device redirected to %s (label %s)\n", pty->name, chardev_id(chardev));
    fflush(stdout);
    return true;
}

static const Key pty_keys[] = {
    { "path", KEY_TEXT, 0, .value = "LINK", .help = "a link that is made to it" },
    { 0 },
};

const ChardevKind pty_chardev = {
    .kind = { .name = "pty",
        .help = "a new pseudo-terminal, which standard output names",
        .keys = pty_keys,
        .size = sizeof(char *) },
    .open = open_pty,
};

// --- A device.

static bool open_device(Chardev *chardev, const void *values, GError **error)
{
    const char *path = *(char *const *)values;
    int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_user(error, "path=%s: %s; give a terminal's device", path, g_strerror(errno));
    Stream *stream = stream_new(chardev);
    stream_write_by_loop(stream, NULL);
    stream_set(stream, fd, fd);
    if (!isatty(fd))
        return error_user(error, "path=%s: no terminal; give a terminal's device, or file:", path);
    make_raw(fd, B115200);
    return true;
}

static const Key device_keys[] = {
    { "path", KEY_TEXT, 0, .value = "DEVICE", .needed = true, .help = "/dev/ttyS0, say" },
    { 0 },
};

const ChardevKind serial_chardev = {
    .kind = { .name = "serial",
        .help = "a terminal's device, 115200 baud, 8N1",
        .keys = device_keys,
        .size = sizeof(char *) },
    .open = open_device,
};
