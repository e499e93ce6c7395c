// The keys of sockets, and which go together.
#include "socket.h"
#include "lparun/error.h"
#include <stddef.h>

static const Word tri[] = {
    { "on", TRI_ON },
    { "off", TRI_OFF },
    { "yes", TRI_ON, .unlisted = true },
    { "no", TRI_OFF, .unlisted = true },
    { "true", TRI_ON, .unlisted = true },
    { "false", TRI_OFF, .unlisted = true },
    { 0 },
};

#define AT(member) offsetof(SocketValues, member)

static const Key keys[] = {
    { "path", KEY_TEXT, AT(path), .value = "PATH", .help = "a Unix socket" },
    { "abstract", KEY_WORD, AT(abstract), .words = tri,
        .help = "the path is a name in no folder (default off)" },
    { "tight", KEY_WORD, AT(tight), .words = tri,
        .help = "an abstract name is no longer than its text (default on)" },
    { "host", KEY_TEXT, AT(host), .value = "HOST", .empty = true,
        .help = "a host's name or address (default: any of this host's, or this host)" },
    { "port", KEY_TEXT, AT(port), .value = "PORT", .help = "a TCP port; 0 to listen: a free one" },
    { "to", KEY_NUMBER, AT(to), .most = 65535, .value = "PORT", .help = "the last port that is tried" },
    { "ipv4", KEY_WORD, AT(ipv4), .words = tri, .help = "use IPv4 (default: what the host has)" },
    { "ipv6", KEY_WORD, AT(ipv6), .words = tri, .help = "use IPv6 (default: what the host has)" },
    { "fd", KEY_TEXT, AT(fd), .value = "N", .help = "a socket that lparun was started with" },
    { "server", KEY_SWITCH, AT(server), .help = "lparun listens (default off: it connects)" },
    { "wait", KEY_WORD, AT(wait), .words = tri,
        .help = "the guest starts when somebody has connected (default on)" },
    { "nowait", KEY_SWITCH, AT(nowait), .help = "the same as wait=off" },
    { "telnet", KEY_SWITCH, AT(telnet), .help = "the other end is a telnet (default off)" },
    { "nodelay", KEY_WORD, AT(nodelay), .words = tri, .help = "send each byte at once (default off)" },
    { "delay", KEY_WORD, AT(delay), .words = tri, .help = "the opposite" },
    { "reconnect", KEY_NUMBER, AT(reconnect), .most = 86400, .value = "S",
        .help = "seconds after which it connects again; 0: not (default)" },
    { "reconnect-ms", KEY_NUMBER, AT(reconnect_ms), .most = 86400000, .value = "MS",
        .help = "the same in milliseconds" },
    { "websocket", KEY_SWITCH, AT(websocket), .help = "only off" },
    { "tls-creds", KEY_TEXT, AT(tls), .value = "ID", .help = "refused: there is no TLS" },
    { "tls-authz", KEY_TEXT, AT(tls_authz), .value = "ID", .help = "refused: there is no TLS" },
    { 0 },
};

// What is wrong, or NULL.
static const char *wrong_place(const SocketValues *values)
{
    unsigned places = !!values->path + !!values->port + !!values->fd;
    if (places == 0)
        return "no place; give path=PATH, or host=HOST,port=PORT, or fd=N";
    if (places > 1 || (values->host && !values->port))
        return "more than one place; give path=PATH, or host=HOST,port=PORT, or fd=N";
    if (!values->path && (values->abstract || values->tight))
        return "abstract= and tight= are for a path; leave them out";
    if (values->to && !(values->port && values->server))
        return "to= is for a port that is listened on; leave it out";
    if (values->ipv4 == TRI_OFF && values->ipv6 == TRI_OFF)
        return "ipv4=off and ipv6=off leave nothing; leave one out";
    return NULL;
}

static const char *wrong_way(const SocketValues *values)
{
    bool waits = values->wait == TRI_ON, nowait = values->wait == TRI_OFF || values->nowait;
    if (!values->server && waits)
        return "wait=on is for who listens; add server=on, or leave it out";
    if (waits && nowait)
        return "wait=on and nowait; leave one out";
    if (values->server && (values->reconnect || values->reconnect_ms))
        return "reconnect= is for who connects; leave it or server=on out";
    if (values->reconnect && values->reconnect_ms)
        return "reconnect= and reconnect-ms=; leave one out";
    if (values->fd && (values->reconnect || values->reconnect_ms))
        return "a descriptor cannot be connected again; leave reconnect= out";
    if (values->websocket)
        return "lparun speaks no WebSocket; leave websocket=on out";
    return values->tls || values->tls_authz
               ? "lparun has no TLS; leave tls-creds= and tls-authz= out, and use a tunnel"
               : NULL;
}

static bool check(const void *values, GError **error)
{
    const char *wrong = wrong_place(values);
    if (!wrong)
        wrong = wrong_way(values);
    return !wrong || error_user(error, "%s", wrong);
}

const ChardevKind socket_chardev = {
    .kind = { .name = "socket",
        .help = "a Unix or TCP socket",
        .keys = keys,
        .size = sizeof(SocketValues),
        .check = check },
    .open = socket_open,
};
