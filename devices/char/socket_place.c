// Where sockets are: paths, ports and descriptors that somebody handed over.
#include "socket.h"
#include "lparun/error.h"
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1 // one is served at a time; the next one waits

typedef struct SocketPeer {
    struct sockaddr_storage address;
    socklen_t length;
} SocketPeer;

static int make_socket(int family)
{
    return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static const struct sockaddr *address_of(const SocketPeer *peer)
{
    return (const struct sockaddr *)&peer->address;
}

static void add_peer(GPtrArray *peers, const void *address, socklen_t length)
{
    SocketPeer *peer = g_new0(SocketPeer, 1);
    memcpy(&peer->address, address, length);
    peer->length = length;
    g_ptr_array_add(peers, peer);
}

// --- Paths.

// An abstract name begins with a NUL, and is as long as it is, or as long as there is room.
static bool find_path(GPtrArray *peers, const SocketValues *values, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    bool abstract = values->abstract == TRI_ON;
    size_t length = strlen(values->path), most = sizeof address.sun_path - 1;
    if (length > most)
        return error_user(
            error, "path=%s: too long for a socket; give at most %zu bytes", values->path, most);
    memcpy(address.sun_path + abstract, values->path, length);
    bool tight = abstract && values->tight != TRI_OFF;
    size_t size = tight ? offsetof(struct sockaddr_un, sun_path) + 1 + length : sizeof address;
    add_peer(peers, &address, (socklen_t)size);
    return true;
}

// A socket that a run left behind, which was killed: there is one, and nobody listens.
static bool is_stale(const SocketPlace *place, const SocketPeer *peer)
{
    struct stat file;
    if (lstat(place->path, &file) < 0 || !S_ISSOCK(file.st_mode))
        return false;
    int probe = make_socket(AF_UNIX);
    bool refused = connect(probe, address_of(peer), peer->length) < 0 && errno == ECONNREFUSED;
    close(probe);
    return refused;
}

static bool open_folder(SocketPlace *place)
{
    g_autofree char *folder = g_path_get_dirname(place->path);
    place->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return place->folder >= 0;
}

static bool stat_socket(const SocketPlace *place, struct stat *file)
{
    g_autofree char *name = g_path_get_basename(place->path);
    return fstatat(place->folder, name, file, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool bind_path(SocketPlace *place, const SocketValues *values, const SocketPeer *peer)
{
    if (values->abstract != TRI_ON) {
        place->path = g_strdup(values->path);
        if (!open_folder(place))
            return false;
        if (is_stale(place, peer))
            unlink(place->path);
    }
    place->fd = make_socket(AF_UNIX);
    return place->fd >= 0 && bind(place->fd, address_of(peer), peer->length) == 0 &&
           (!place->path || stat_socket(place, &place->file)) && listen(place->fd, BACKLOG) == 0;
}

static bool open_path(SocketPlace *place, const SocketValues *values, GError **error)
{
    return find_path(place->peers, values, error) &&
           (!values->server || bind_path(place, values, place->peers->pdata[0]) ||
               error_user(error, "path=%s: %s; give a path where a socket can be made", values->path,
                   g_strerror(errno)));
}

// --- Ports.

static int family(const SocketValues *values)
{
    if (values->ipv4 == TRI_OFF || (values->ipv6 == TRI_ON && values->ipv4 != TRI_ON))
        return AF_INET6;
    return values->ipv6 == TRI_OFF || (values->ipv4 == TRI_ON && values->ipv6 != TRI_ON) ? AF_INET
                                                                                         : AF_UNSPEC;
}

static bool find_host(GPtrArray *peers, const SocketValues *values, GError **error)
{
    const struct addrinfo hints = {
        .ai_family = family(values), .ai_socktype = SOCK_STREAM, .ai_flags = values->server ? AI_PASSIVE : 0
    };
    const char *host = values->host && *values->host ? values->host : NULL;
    struct addrinfo *found;
    int result = getaddrinfo(host, values->port, &hints, &found);
    if (result != 0)
        return error_user(error, "host=%s,port=%s: %s; give a host and a port that there are",
            host ? host : "", values->port, gai_strerror(result));
    for (const struct addrinfo *at = found; at; at = at->ai_next)
        add_peer(peers, at->ai_addr, at->ai_addrlen);
    freeaddrinfo(found);
    return true;
}

static void set_port(SocketPeer *peer, unsigned port)
{
    if (peer->address.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&peer->address)->sin6_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in *)&peer->address)->sin_port = htons((uint16_t)port);
}

static unsigned port_of(const SocketPeer *peer)
{
    return ntohs(peer->address.ss_family == AF_INET6
                     ? ((const struct sockaddr_in6 *)&peer->address)->sin6_port
                     : ((const struct sockaddr_in *)&peer->address)->sin_port);
}

static bool bind_port(SocketPlace *place, const SocketPeer *peer)
{
    const int yes = 1;
    place->fd = make_socket(peer->address.ss_family);
    if (place->fd < 0)
        return false;
    setsockopt(place->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(place->fd, address_of(peer), peer->length) == 0 && listen(place->fd, BACKLOG) == 0)
        return true;
    int error = errno;
    close(place->fd);
    place->fd = -1;
    errno = error;
    return false;
}

// The first of the ports that is free, at the first address that there is.
static bool bind_ports(SocketPlace *place, const SocketValues *values)
{
    for (unsigned i = 0; i < place->peers->len; i++) {
        SocketPeer *peer = place->peers->pdata[i];
        unsigned port = port_of(peer);
        do {
            set_port(peer, port);
            if (bind_port(place, peer))
                return true;
        } while (errno == EADDRINUSE && ++port <= values->to);
    }
    return false;
}

static bool open_port(SocketPlace *place, const SocketValues *values, GError **error)
{
    return find_host(place->peers, values, error) &&
           (!values->server || bind_ports(place, values) ||
               error_user(error, "port=%s: %s; give another host or port", values->port, g_strerror(errno)));
}

// --- Descriptors.

static bool open_descriptor(SocketPlace *place, const SocketValues *values, GError **error)
{
    guint64 number;
    int listens = 0;
    socklen_t length = sizeof listens;
    if (!g_ascii_string_to_unsigned(values->fd, 10, 0, G_MAXINT, &number, NULL) ||
        getsockopt((int)number, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) < 0)
        return error_user(error, "fd=%s: no socket's descriptor; give the number of one", values->fd);
    if (values->server && !listens)
        return error_user(error, "fd=%s: that socket does not listen; leave server=on out", values->fd);
    if (!values->server && listens)
        return error_user(error, "fd=%s: that socket listens; add server=on", values->fd);
    place->fd = (int)number;
    fcntl(place->fd, F_SETFD, FD_CLOEXEC);
    fcntl(place->fd, F_SETFL, fcntl(place->fd, F_GETFL) | O_NONBLOCK);
    return true;
}

bool socket_place_open(SocketPlace *place, const SocketValues *values, GError **error)
{
    *place = (SocketPlace){ .fd = -1, .folder = -1, .peers = g_ptr_array_new_with_free_func(g_free) };
    if (values->fd)
        return open_descriptor(place, values, error);
    return values->path ? open_path(place, values, error) : open_port(place, values, error);
}

// Not another that has come in its place.
static void remove_path(const SocketPlace *place)
{
    struct stat file;
    g_autofree char *name = g_path_get_basename(place->path);
    if (place->file.st_ino && stat_socket(place, &file) && file.st_ino == place->file.st_ino &&
        file.st_dev == place->file.st_dev)
        unlinkat(place->folder, name, 0);
}

void socket_place_close(SocketPlace *place)
{
    if (place->path)
        remove_path(place);
    if (place->fd >= 0)
        close(place->fd);
    if (place->folder >= 0)
        close(place->folder);
    g_free(place->path);
    g_ptr_array_unref(place->peers);
}

// --- Connections.

int socket_connect(const SocketPlace *place, unsigned number, bool *under_way)
{
    const SocketPeer *peer = place->peers->pdata[number % place->peers->len];
    int fd = make_socket(peer->address.ss_family);
    *under_way = false;
    if (fd < 0)
        return -errno;
    if (connect(fd, address_of(peer), peer->length) == 0)
        return fd;
    int error = errno;
    *under_way = error == EINPROGRESS;
    if (*under_way)
        return fd;
    close(fd);
    return -error;
}

int socket_connected(int fd)
{
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        return -errno;
    return -error;
}

bool socket_is_unix(int fd)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    return getsockname(fd, (struct sockaddr *)&address, &length) == 0 && address.ss_family == AF_UNIX;
}

// A dead peer of a connection that nobody uses is noticed at some time: the next one waits for its place.
void socket_set_up(int fd, const SocketValues *values)
{
    const int yes = 1;
    if (socket_is_unix(fd))
        return;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
    if (values->nodelay == TRI_ON || values->delay == TRI_OFF)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

// --- Their names.

static char *name_of(const struct sockaddr *address, socklen_t length)
{
    char host[64], port[16];
    if (getnameinfo(address, length, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) !=
        0)
        return g_strdup("?");
    bool brackets = address->sa_family == AF_INET6;
    return g_strdup_printf("%s%s%s:%s", brackets ? "[" : "", host, brackets ? "]" : "", port);
}

static char *describe_unix(const SocketValues *values, int fd)
{
    struct sockaddr_un address = { 0 };
    socklen_t length = sizeof address;
    bool abstract = values->abstract == TRI_ON;
    if (!values->path && getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        address.sun_path[0] = '\0';
    g_autofree char *path =
        values->path ? g_strdup(values->path) : g_strndup(address.sun_path, sizeof address.sun_path);
    return g_strdup_printf("unix:%s%s%s%s", path, abstract ? ",abstract=on" : "",
        abstract && values->tight != TRI_OFF ? ",tight=on" : "", values->server ? ",server=on" : "");
}

static char *name_by(int (*get)(int fd, struct sockaddr *address, socklen_t *length), int fd)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (fd < 0 || get(fd, (struct sockaddr *)&address, &length) < 0)
        return NULL;
    return name_of((struct sockaddr *)&address, length);
}

static int get_name(int fd, struct sockaddr *address, socklen_t *length)
{
    return getsockname(fd, address, length);
}

static int get_peer(int fd, struct sockaddr *address, socklen_t *length)
{
    return getpeername(fd, address, length);
}

static char *describe_port(const SocketValues *values, int listener, int client)
{
    g_autofree char *ours = name_by(get_name, client >= 0 ? client : listener);
    g_autofree char *given = g_strdup_printf("%s:%s", values->host ? values->host : "", values->port);
    g_autofree char *peer = name_by(get_peer, client);
    return g_strdup_printf("%s:%s%s%s%s", values->telnet ? "telnet" : "tcp", ours ? ours : given,
        values->server ? ",server=on" : "", peer ? " <-> " : "", peer ? peer : "");
}

char *socket_describe(const SocketValues *values, int listener, int client)
{
    int any = client >= 0 ? client : listener;
    return values->path || (!values->port && socket_is_unix(any)) ? describe_unix(values, any)
                                                                  : describe_port(values, listener, client);
}
