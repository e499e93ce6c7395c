// Sockets of chardevs: what the keys say, and what comes of them.
#pragma once
#include "lparun/chardev.h"
#include <glib.h>
#include <stdbool.h>
#include <sys/stat.h>

typedef enum { TRI_DEFAULT, TRI_ON, TRI_OFF } Tri;

typedef struct SocketValues {
    char *path, *host, *port, *fd;
    unsigned to;                                           // the last port that is tried, or 0
    int abstract, tight, ipv4, ipv6, wait, delay, nodelay; // Tri
    bool server, nowait, telnet, websocket;
    unsigned reconnect, reconnect_ms; // 0: not
    char *tls, *tls_authz;
} SocketValues;

typedef struct SocketPlace {
    int fd;           // that listens, or -1
    char *path;       // of a socket that was made and is to be removed, or NULL
    int folder;       // of the path, held: it may lead elsewhere at the end
    struct stat file; // the socket's, to know it again
    GPtrArray *peers; // addresses to connect to, in order; or NULL
} SocketPlace;

// False and `error`, which begins with the key: no such path or host, the port is taken.
bool socket_place_open(SocketPlace *place, const SocketValues *values, GError **error);
// Removes the path, if it is still the socket that was made.
void socket_place_close(SocketPlace *place);
// A connection that is made, or is being made (`*under_way`), to the address with this number, counted round.
// Returns its descriptor, which does not block, or -errno.
int socket_connect(const SocketPlace *place, unsigned number, bool *under_way);
// What came of one that was under way: 0 or -errno.
int socket_connected(int fd);
// QEMU's text of a socket, without "disconnected:" (g_free). `fd`: that listens or is connected; -1: from
// `values`.
char *socket_describe(const SocketValues *values, int listener, int client);
// A chardev's open().
bool socket_open(Chardev *chardev, const void *values, GError **error);
// What is right for a client's descriptor.
void socket_set_up(int fd, const SocketValues *values);
bool socket_is_unix(int fd);
