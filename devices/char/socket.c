// Sockets: one peer at a time, which comes or is gone to; the next one waits until that one leaves.
#include "lparun/error.h"
#include "socket.h"
#include "stream.h"
#include "telnet.h"
#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RETRY 200         // milliseconds after which a client that the host refused is tried again
#define CONNECT_MOST 3000 // milliseconds in which an address must answer that is gone to at once

typedef struct Socket {
    Stream stream;       // stays first
    SocketValues values; // its texts are its own
    SocketPlace place;
    guint source; // of the listener, of a connection that is being made, or a timer; 0: none
    int source_priority;
    int client;        // -1: none
    int under_way;     // a connection that is being made, or -1
    unsigned attempts; // to connect
    bool had_peer, takes_descriptors;
    TelnetState telnet;
    int descriptors[CHARDEV_DESCRIPTORS];
    unsigned count; // of descriptors that nobody took
} Socket;

static Chardev *chardev_of(const Socket *socket)
{
    return socket->stream.chardev;
}

static void clear_source(Socket *socket)
{
    if (socket->source)
        g_source_remove(socket->source);
    socket->source = 0;
}

static void watch_fd(Socket *socket, int fd, GIOCondition condition, GUnixFDSourceFunc function)
{
    socket->source_priority = chardev_priority(chardev_of(socket));
    socket->source = g_unix_fd_add_full(socket->source_priority, fd, condition, function, socket, NULL);
}

static void wait_for(Socket *socket, unsigned milliseconds, GSourceFunc function)
{
    socket->source_priority = chardev_priority(chardev_of(socket));
    socket->source = g_timeout_add_full(socket->source_priority, milliseconds, function, socket, NULL);
}

// --- Descriptors that come with bytes.

static void close_descriptors(Socket *socket)
{
    while (socket->count > 0)
        close(socket->descriptors[--socket->count]);
}

// Those of one message: what came with the one before, and nobody took, is closed.
static void keep_descriptors(Socket *socket, struct msghdr *message)
{
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
            continue;
        close_descriptors(socket);
        socket->count = (unsigned)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(socket->descriptors, CMSG_DATA(head), socket->count * sizeof(int));
    }
}

static ssize_t receive_message(Socket *socket, int fd, uint8_t *bytes, size_t length)
{
    union {
        char bytes[CMSG_SPACE(CHARDEV_DESCRIPTORS * sizeof(int))]; // the kernel closes what has no room
        struct cmsghdr align;
    } control;
    struct iovec part = { .iov_base = bytes, .iov_len = length };
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got >= 0)
        keep_descriptors(socket, &message);
    return got;
}

static int take_descriptor(void *self)
{
    Socket *socket = self;
    if (socket->count == 0)
        return -1;
    int first = socket->descriptors[0];
    socket->count--;
    memmove(socket->descriptors, socket->descriptors + 1, socket->count * sizeof(int));
    return first;
}

// --- A peer.

static ssize_t receive(void *owner, int fd, uint8_t *bytes, size_t length)
{
    Socket *socket = owner;
    ssize_t got = socket->takes_descriptors ? receive_message(socket, fd, bytes, length)
                                            : recv(fd, bytes, length, MSG_DONTWAIT);
    if (got <= 0 || !socket->values.telnet)
        return got;
    bool is_break;
    got = (ssize_t)telnet_filter(&socket->telnet, bytes, (size_t)got, &is_break);
    if (is_break)
        chardev_send_break(chardev_of(socket));
    if (got == 0)
        errno = EAGAIN;
    return got > 0 ? got : -1;
}

static void come(Socket *socket, int fd)
{
    socket->client = fd;
    socket->had_peer = true;
    socket->telnet = TELNET_DATA;
    socket->takes_descriptors = socket_is_unix(fd);
    socket_set_up(fd, &socket->values);
    if (socket->values.telnet &&
        socket->values.server) // before a vCPU may say anything; a new socket takes it
        send(fd, telnet_offer, sizeof telnet_offer, MSG_DONTWAIT | MSG_NOSIGNAL);
    stream_set(&socket->stream, fd, fd);
    chardev_set_peer(chardev_of(socket), true);
    stream_watch(&socket->stream);
}

static void look_again(Socket *socket);

static void lose_peer(Socket *socket)
{
    if (socket->client < 0)
        return;
    stream_set(&socket->stream, -1, -1);
    close(socket->client);
    socket->client = -1;
    close_descriptors(socket);
    chardev_set_peer(chardev_of(socket), false);
    look_again(socket);
}

static void on_end(void *owner, int error)
{
    lose_peer(owner);
}

static void on_gone(void *owner)
{
    lose_peer(owner);
}

// --- Waiting for one, and going to one.

static void look_for_peer(Socket *socket);

static gboolean on_retry(gpointer data)
{
    Socket *socket = data;
    socket->source = 0;
    look_for_peer(socket);
    return G_SOURCE_REMOVE;
}

// Without a descriptor or memory for a client it stays in the queue, and poll() would report it again at
// once.
static gboolean on_connect(gint fd, GIOCondition condition, gpointer data)
{
    Socket *socket = data;
    int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0 && (errno == EINTR || errno == EAGAIN || errno == ECONNABORTED))
        return G_SOURCE_CONTINUE;
    socket->source = 0;
    if (client < 0)
        wait_for(socket, RETRY, on_retry);
    else
        come(socket, client);
    return G_SOURCE_REMOVE;
}

static unsigned patience(const SocketValues *values)
{
    return values->reconnect_ms ? values->reconnect_ms : values->reconnect * 1000;
}

static void connect_later(Socket *socket)
{
    if (patience(&socket->values))
        wait_for(socket, patience(&socket->values), on_retry);
}

static gboolean on_connected(gint fd, GIOCondition condition, gpointer data)
{
    Socket *socket = data;
    socket->source = 0;
    socket->under_way = -1;
    if (socket_connected(fd) == 0) {
        come(socket, fd);
    } else {
        close(fd);
        connect_later(socket);
    }
    return G_SOURCE_REMOVE;
}

static void begin_to_connect(Socket *socket)
{
    bool under_way;
    int fd = socket_connect(&socket->place, socket->attempts++, &under_way);
    if (fd < 0) {
        connect_later(socket);
    } else if (under_way) {
        socket->under_way = fd;
        watch_fd(socket, fd, G_IO_OUT | G_IO_ERR | G_IO_HUP, on_connected);
    } else {
        come(socket, fd);
    }
}

// Where there is none.
static void look_for_peer(Socket *socket)
{
    if (socket->stream.is_off || socket->client >= 0 || socket->source)
        return;
    if (socket->values.server)
        watch_fd(socket, socket->place.fd, G_IO_IN, on_connect);
    else if (patience(&socket->values))
        begin_to_connect(socket);
}

// One that takes connections and ends them is not gone to in a circle.
static void look_again(Socket *socket)
{
    if (socket->values.server)
        look_for_peer(socket);
    else if (!socket->stream.is_off && !socket->source)
        connect_later(socket);
}

// --- Backend's.

static bool put(void *self, const uint8_t *bytes, size_t length)
{
    Socket *socket = self;
    if (!socket->values.telnet || !memchr(bytes, 0xff, length))
        return stream_put(self, bytes, length);
    g_autofree uint8_t *escaped = telnet_escape(bytes, &length);
    return stream_put(self, escaped, length);
}

static bool is_ready(const void *self)
{
    const Socket *socket = self;
    const SocketValues *values = &socket->values;
    return !values->server || values->wait == TRI_OFF || values->nowait || socket->had_peer;
}

static char *describe(const void *self)
{
    const Socket *socket = self;
    g_autofree char *name =
        socket_describe(&socket->values, socket->values.server ? socket->place.fd : -1, socket->client);
    return g_strconcat(socket->client < 0 ? "disconnected:" : "", name, NULL);
}

static void start(void *self, const ChardevHost *host)
{
    Socket *socket = self;
    socket->stream.is_off = false;
    if (!is_ready(socket)) {
        g_autofree char *name = socket_describe(&socket->values, socket->place.fd, -1);
        error_tell("chardev %s waits for a connection on %s", chardev_id(chardev_of(socket)), name);
    }
    look_for_peer(socket);
    stream_watch(&socket->stream);
}

// A user who came meanwhile may want its peers later than others.
static void want(void *self)
{
    Socket *socket = self;
    if (socket->source && socket->under_way < 0 && socket->values.server &&
        socket->source_priority != chardev_priority(chardev_of(socket))) {
        clear_source(socket);
        look_for_peer(socket);
    }
    stream_watch(&socket->stream);
}

static void stop(void *self)
{
    Socket *socket = self;
    clear_source(socket);
    stream_stop(&socket->stream);
}

static void drop(void *self)
{
    lose_peer(self);
}

static void free_values(SocketValues *values)
{
    g_free(values->path);
    g_free(values->host);
    g_free(values->port);
    g_free(values->fd);
}

static void free_socket(void *self)
{
    Socket *socket = self;
    stop(socket);
    stream_set(&socket->stream, -1, -1);
    stream_close(&socket->stream);
    if (socket->client >= 0)
        close(socket->client);
    if (socket->under_way >= 0)
        close(socket->under_way);
    close_descriptors(socket);
    socket_place_close(&socket->place);
    free_values(&socket->values);
    g_free(socket);
}

static const Backend backend = {
    .put = put,
    .start = start,
    .want = want,
    .is_ready = is_ready,
    .stop = stop,
    .drain = stream_drain,
    .drop = drop,
    .take_descriptor = take_descriptor,
    .describe = describe,
    .free = free_socket,
};

// A connection to an address, or -errno. One that does not answer is not waited for as long as the host
// would: chardev-add comes here as well, while the guest runs.
static int connect_to(const SocketPlace *place, unsigned number)
{
    bool under_way;
    int fd = socket_connect(place, number, &under_way);
    if (fd < 0 || !under_way)
        return fd;
    struct pollfd made = { .fd = fd, .events = POLLOUT };
    int ready;
    do
        ready = poll(&made, 1, CONNECT_MOST);
    while (ready < 0 && errno == EINTR);
    int why = ready == 0 ? -ETIMEDOUT : socket_connected(fd);
    if (why < 0)
        close(fd);
    return why < 0 ? why : fd;
}

// Without reconnect= there must be somebody, now: each address is tried.
static bool connect_now(Socket *socket, GError **error)
{
    int result = -ECONNREFUSED;
    for (unsigned i = 0; i < socket->place.peers->len; i++) {
        result = connect_to(&socket->place, i);
        if (result >= 0) {
            come(socket, result);
            return true;
        }
    }
    g_autofree char *name = socket_describe(&socket->values, -1, -1);
    return error_user(error, "%s: %s; start what listens there, or add server=on or reconnect-ms=N", name,
        g_strerror(-result));
}

static SocketValues copy_values(const SocketValues *values)
{
    SocketValues copy = *values;
    copy.path = g_strdup(values->path);
    copy.host = g_strdup(values->host);
    copy.port = g_strdup(values->port);
    copy.fd = g_strdup(values->fd);
    return copy;
}

bool socket_open(Chardev *chardev, const void *values, GError **error)
{
    Socket *socket = g_new0(Socket, 1);
    socket->values = copy_values(values);
    socket->client = socket->under_way = -1;
    stream_init(&socket->stream, chardev, socket);
    socket->stream.is_off = true; // until it starts
    socket->stream.sees_end = true;
    socket->stream.receive = receive;
    socket->stream.ended = on_end;
    stream_write_by_loop(&socket->stream, on_gone);
    chardev_become(chardev, &backend, socket);
    if (!socket_place_open(&socket->place, &socket->values, error))
        return false;
    if (socket->values.server || patience(&socket->values))
        return true;
    if (!socket->values.fd)
        return connect_now(socket, error);
    int fd = socket->place.fd;
    socket->place.fd = -1;
    come(socket, fd);
    return true;
}
