// The monitor's socket: one client at a time, as QEMU has it; the next one waits until that one leaves.
//
// A client cannot make lparun grow: its messages are bounded (frame.h), it gets its next answer only when it
// has taken the one before, and one that lets events pile up is sent away.
#include "../module.h"
#include "json_values.h"
#include "lparun/error.h"
#include "session.h"
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define RETRY 200            // milliseconds after which a client that the host refused is tried again
#define OUTPUT_MAX (1 << 20) // bytes that wait for a client: one answer, and then events

// After the terminal and the machine's own work, however much a client asks.
#define PRIORITY G_PRIORITY_LOW

struct Monitor {
    const Command *const *tables;
    MonitorMachine machine;
    char *path;
    int folder;       // of the socket, held: the path may lead elsewhere at the end
    struct stat file; // the socket's, to know it again
    int listener;
    guint listener_source; // 0 while there is a client; a timer while the host refuses one
    int client;            // -1: none
    guint client_source;
    GIOCondition watched; // what the source waits for
    bool lost;            // the client has gone, or is to go
    bool answering;       // a command runs, and its session must stay
    Session *session;
    char input[4096]; // read, and not answered yet
    size_t input_at, input_end;
    GString *output;
};

static void watch(Monitor *monitor);
static gboolean on_connect(gint fd, GIOCondition condition, gpointer data);

static void listen_on(Monitor *monitor)
{
    monitor->listener_source =
        g_unix_fd_add_full(PRIORITY, monitor->listener, G_IO_IN, on_connect, monitor, NULL);
}

static void drop_client(Monitor *monitor)
{
    if (monitor->client_source)
        g_source_remove(monitor->client_source);
    monitor->client_source = 0;
    close(monitor->client);
    monitor->client = -1;
    g_clear_pointer(&monitor->session, session_free);
    monitor->machine.watch(monitor->machine.owner, false);
    g_string_truncate(monitor->output, 0);
    monitor->input_at = monitor->input_end = 0;
    monitor->lost = false;
    listen_on(monitor);
}

// Sends what the socket takes.
static void flush(Monitor *monitor)
{
    while (monitor->output->len > 0 && !monitor->lost) {
        ssize_t sent =
            send(monitor->client, monitor->output->str, monitor->output->len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (sent < 0)
            monitor->lost = true;
        else
            g_string_erase(monitor->output, 0, sent);
    }
}

// Session's write.
static void write_line(void *owner, const char *line, size_t length)
{
    Monitor *monitor = owner;
    if (monitor->output->len + length > OUTPUT_MAX)
        monitor->lost = true;
    if (monitor->lost)
        return;
    g_string_append_len(monitor->output, line, (gssize)length);
    flush(monitor);
}

// Answers what was read, as long as the client takes the answers.
static void answer(Monitor *monitor)
{
    monitor->answering = true;
    while (monitor->input_at < monitor->input_end && monitor->output->len == 0 && !monitor->lost)
        monitor->input_at += session_take(
            monitor->session, monitor->input + monitor->input_at, monitor->input_end - monitor->input_at);
    monitor->answering = false;
}

static void receive(Monitor *monitor)
{
    if (monitor->input_at < monitor->input_end)
        return;
    ssize_t length = recv(monitor->client, monitor->input, sizeof monitor->input, MSG_DONTWAIT);
    if (length < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK))
        return;
    if (length <= 0) {
        monitor->lost = true;
        return;
    }
    monitor->input_at = 0;
    monitor->input_end = (size_t)length;
}

static gboolean on_client(gint fd, GIOCondition condition, gpointer data)
{
    Monitor *monitor = data;
    if (condition & (G_IO_OUT | G_IO_HUP | G_IO_ERR))
        flush(monitor);
    if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR))
        receive(monitor);
    answer(monitor);
    watch(monitor);
    return G_SOURCE_CONTINUE; // watch() has removed it where it is no longer the right one
}

// Waits for what is next: room for output, or input when all output is gone.
static void watch(Monitor *monitor)
{
    if (monitor->lost) {
        drop_client(monitor);
        return;
    }
    GIOCondition wanted = monitor->output->len > 0 ? G_IO_OUT : G_IO_IN;
    if (monitor->client_source && wanted == monitor->watched)
        return;
    if (monitor->client_source)
        g_source_remove(monitor->client_source);
    monitor->watched = wanted;
    monitor->client_source =
        g_unix_fd_add_full(PRIORITY, monitor->client, wanted | G_IO_HUP | G_IO_ERR, on_client, monitor, NULL);
}

static gboolean on_retry(gpointer data)
{
    listen_on(data);
    return G_SOURCE_REMOVE;
}

// Without a descriptor or memory for a client it stays in the queue, and poll() would report it again at
// once.
static gboolean retry_later(Monitor *monitor)
{
    monitor->listener_source = g_timeout_add_full(PRIORITY, RETRY, on_retry, monitor, NULL);
    return G_SOURCE_REMOVE;
}

static gboolean on_connect(gint fd, GIOCondition condition, gpointer data)
{
    Monitor *monitor = data;
    int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0)
        return errno == EINTR || errno == EAGAIN || errno == ECONNABORTED ? G_SOURCE_CONTINUE
                                                                          : retry_later(monitor);
    monitor->client = client;
    monitor->session = session_new(monitor->tables, &monitor->machine, write_line, monitor);
    monitor->listener_source = 0;
    session_greet(monitor->session);
    watch(monitor);
    return G_SOURCE_REMOVE;
}

static int make_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

// A socket that a run left behind, which was killed: there is one, and nobody listens.
static bool is_stale(const struct sockaddr_un *address)
{
    struct stat file;
    if (lstat(address->sun_path, &file) < 0 || !S_ISSOCK(file.st_mode))
        return false;
    int probe = make_socket();
    bool refused =
        connect(probe, (const struct sockaddr *)address, sizeof *address) < 0 && errno == ECONNREFUSED;
    close(probe);
    return refused;
}

static bool open_folder(Monitor *monitor, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(monitor->path);
    monitor->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return monitor->folder >= 0 || error_user(error, "-qmp %s: %s; give a path where a socket can be made",
                                       monitor->path, g_strerror(errno));
}

static bool stat_socket(const Monitor *monitor, struct stat *file)
{
    g_autofree char *name = g_path_get_basename(monitor->path);
    return fstatat(monitor->folder, name, file, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool open_socket(Monitor *monitor, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (g_strlcpy(address.sun_path, monitor->path, sizeof address.sun_path) >= sizeof address.sun_path)
        return error_user(error, "-qmp %s: too long for a socket; give at most %zu bytes", monitor->path,
            sizeof address.sun_path - 1);
    if (is_stale(&address))
        unlink(monitor->path);
    monitor->listener = make_socket();
    if (monitor->listener >= 0 && bind(monitor->listener, (struct sockaddr *)&address, sizeof address) == 0 &&
        stat_socket(monitor, &monitor->file) && listen(monitor->listener, 1) == 0)
        return true;
    return error_user(
        error, "-qmp %s: %s; give a path where a socket can be made", monitor->path, g_strerror(errno));
}

static void close_monitor(Monitor *monitor);

static Monitor *open_monitor(
    const char *path, const Command *const *tables, const MonitorMachine *machine, GError **error)
{
    Monitor *monitor = g_new0(Monitor, 1);
    monitor->tables = tables;
    monitor->machine = *machine;
    monitor->path = g_strdup(path);
    monitor->listener = monitor->client = monitor->folder = -1;
    monitor->output = g_string_new(NULL);
    if (open_folder(monitor, error) && open_socket(monitor, error)) {
        listen_on(monitor);
        return monitor;
    }
    close_monitor(monitor);
    return NULL;
}

// Only the socket that was made here is removed, not another that has come in its place.
static void remove_socket(const Monitor *monitor)
{
    struct stat file;
    g_autofree char *name = g_path_get_basename(monitor->path);
    if (monitor->file.st_ino && stat_socket(monitor, &file) && file.st_ino == monitor->file.st_ino &&
        file.st_dev == monitor->file.st_dev)
        unlinkat(monitor->folder, name, 0);
}

static void close_monitor(Monitor *monitor)
{
    remove_socket(monitor);
    if (monitor->client >= 0)
        drop_client(monitor);
    if (monitor->listener_source)
        g_source_remove(monitor->listener_source);
    if (monitor->listener >= 0)
        close(monitor->listener);
    if (monitor->folder >= 0)
        close(monitor->folder);
    g_string_free(monitor->output, TRUE);
    g_free(monitor->path);
    g_free(monitor);
}

// Comes from inside of a command, too.
static void tell(Monitor *monitor, const MonitorEvent *event)
{
    if (monitor->client < 0)
        return;
    session_tell(monitor->session, event);
    if (!monitor->answering)
        watch(monitor);
}

extern const QmpModule qmp_module;
const QmpModule qmp_module = {
    .version = LPARUN_VERSION,
    .open = open_monitor,
    .tell = tell,
    .close = close_monitor,
    .read_json = json_values_read,
};
