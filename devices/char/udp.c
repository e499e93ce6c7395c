// UDP: each put is a datagram, or as much of one as has come together.
#include "lparun/error.h"
#include "stream.h"
#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct UdpValues {
    char *host, *port, *local_host, *local_port;
    bool ipv4, ipv6;
} UdpValues;

typedef struct Udp {
    Stream stream; // stays first
    char *name;
} Udp;

static char *describe(const void *self)
{
    return g_strdup(((const Udp *)self)->name);
}

static void free_udp(void *self)
{
    Udp *udp = self;
    stream_close(&udp->stream);
    g_free(udp->name);
    g_free(udp);
}

// Nobody there is an error of the datagram before, and no end.
static ssize_t receive(void *owner, int fd, uint8_t *bytes, size_t length)
{
    ssize_t got = recv(fd, bytes, length, MSG_DONTWAIT);
    if (got > 0)
        return got;
    errno = EAGAIN;
    return -1;
}

// A datagram that nobody was there for is lost, and no more.
static void go_on(void *owner)
{
    Stream *stream = owner;
    stream_set(stream, stream->in, stream->out);
    stream_watch(stream);
}

static const Backend backend = {
    .put = stream_put,
    .start = stream_start,
    .want = stream_want,
    .stop = stream_stop,
    .drain = stream_drain,
    .drop = stream_drop,
    .describe = describe,
    .free = free_udp,
};

// The first address of the host; NULL and `error`.
static struct addrinfo *find(const char *host, const char *port, int family, int flags, GError **error)
{
    const struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_DGRAM, .ai_flags = flags };
    struct addrinfo *found = NULL;
    int result = getaddrinfo(host && *host ? host : NULL, port, &hints, &found);
    if (result != 0)
        error_user(error, "host=%s,port=%s: %s; give a host and a port that there are", host ? host : "",
            port, gai_strerror(result));
    return result == 0 ? found : NULL;
}

// A socket that is bound and connected, or -1 and `error`.
static int make_socket(const UdpValues *values, GError **error)
{
    int family = values->ipv4 == values->ipv6 ? AF_UNSPEC : values->ipv4 ? AF_INET : AF_INET6;
    struct addrinfo *peer = find(values->host, values->port, family, 0, error);
    if (!peer)
        return -1;
    bool is_local = values->local_host || values->local_port;
    const char *port = values->local_port ? values->local_port : "0";
    struct addrinfo *local =
        is_local ? find(values->local_host, port, peer->ai_family, AI_PASSIVE, error) : NULL;
    int fd = is_local && !local ? -1 : socket(peer->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool done = fd >= 0 && (!local || bind(fd, local->ai_addr, local->ai_addrlen) == 0) &&
                connect(fd, peer->ai_addr, peer->ai_addrlen) == 0;
    if (!done && (!is_local || local))
        error_user(error, "host=%s,port=%s: %s; give other hosts or ports", values->host ? values->host : "",
            values->port, g_strerror(errno));
    if (!done && fd >= 0)
        close(fd);
    freeaddrinfo(peer);
    if (local)
        freeaddrinfo(local);
    return done ? fd : -1;
}

static bool open_udp(Chardev *chardev, const void *values, GError **error)
{
    const UdpValues *given = values;
    int fd = make_socket(given, error);
    if (fd < 0)
        return false;
    Udp *udp = g_new0(Udp, 1);
    udp->name = g_strdup_printf("udp:%s:%s", given->host ? given->host : "", given->port);
    stream_init(&udp->stream, chardev, &udp->stream);
    udp->stream.receive = receive;
    stream_write_by_loop(&udp->stream, go_on);
    stream_set(&udp->stream, fd, fd);
    chardev_become(chardev, &backend, udp);
    chardev_set_peer(chardev, true);
    return true;
}

#define AT(member) offsetof(UdpValues, member)

static const Key keys[] = {
    { "host", KEY_TEXT, AT(host), .value = "HOST", .empty = true,
        .help = "who gets it (default: this host)" },
    { "port", KEY_TEXT, AT(port), .value = "PORT", .needed = true, .help = "its port" },
    { "localaddr", KEY_TEXT, AT(local_host), .value = "HOST", .empty = true,
        .help = "the address that is used here (default: any)" },
    { "localport", KEY_TEXT, AT(local_port), .value = "PORT", .help = "the port here (default: any)" },
    { "ipv4", KEY_SWITCH, AT(ipv4), .help = "use IPv4 (default: what the host has)" },
    { "ipv6", KEY_SWITCH, AT(ipv6), .help = "use IPv6 (default: what the host has)" },
    { 0 },
};

const ChardevKind udp_chardev = {
    .kind = { .name = "udp", .help = "UDP datagrams", .keys = keys, .size = sizeof(UdpValues) },
    .open = open_udp,
};
