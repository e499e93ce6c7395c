// Sockets of chardevs: peers that come, stay away, send too much or go; what is left of a path.
#include "../../devices/char/socket.h"
#include "char_here.h"
#include "lparun/error.h"
#include <errno.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct Fixture {
    Chardevs *chardevs;
    char *folder, *path;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->chardevs = chardevs_new();
    fixture->folder = g_dir_make_tmp("lparun-char-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->folder, "socket", NULL);
    const ChardevHost host = { 0 };
    chardevs_start(fixture->chardevs, &host);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    chardevs_free(fixture->chardevs);
    g_assert_cmpint(g_access(fixture->path, F_OK), <, 0);
    g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
    g_free(fixture->folder);
    g_free(fixture->path);
    g_assert_false(g_main_context_pending(NULL)); // no source was left behind
}

static SocketValues server_at(const char *path)
{
    return (SocketValues){ .path = (char *)path, .server = true, .wait = TRI_OFF };
}

static Chardev *add_server(Fixture *fixture)
{
    const SocketValues values = server_at(fixture->path);
    return char_add(fixture->chardevs, "socket", "s", &values);
}

static int make_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    return address;
}

static int go_to(const char *path)
{
    struct sockaddr_un address = address_of(path);
    int client = make_socket();
    g_assert_cmpint(connect(client, (struct sockaddr *)&address, sizeof address), ==, 0);
    char_run_loop();
    return client;
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = address_of(path);
    int listener = make_socket();
    g_assert_cmpint(bind(listener, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(listener, 1), ==, 0);
    return listener;
}

static void say(int client, const char *text)
{
    g_assert_cmpint(send(client, text, strlen(text), MSG_NOSIGNAL), ==, strlen(text));
    char_run_loop();
}

static void assert_hears(int client, const char *text)
{
    char got[8192];
    ssize_t length = recv(client, got, sizeof got, 0);
    g_assert_cmpint(length, ==, strlen(text));
    g_assert_cmpint(memcmp(got, text, strlen(text)), ==, 0);
}

static void put(Chardev *chardev, const char *text)
{
    g_assert_true(chardev_put(chardev, (const uint8_t *)text, strlen(text)));
}

static void assert_name(Chardev *chardev, const char *name)
{
    g_autofree char *text = chardev_describe(chardev);
    g_assert_cmpstr(text, ==, name);
}

// Output of before is nobody's; one at a time; the next one finds nothing of the one before.
static void test_peers(Fixture *fixture, gconstpointer data)
{
    Chardev *chardev = add_server(fixture);
    g_autofree char *name = g_strdup_printf("unix:%s,server=on", fixture->path);
    g_autofree char *alone = g_strconcat("disconnected:", name, NULL);
    CharUser user;
    char_user_attach(&user, chardev, true);
    assert_name(chardev, alone);
    put(chardev, "nobody hears");
    int first = go_to(fixture->path);
    assert_name(chardev, name);
    g_assert_cmpuint(user.peers, ==, 1);
    put(chardev, "hello");
    assert_hears(first, "hello");
    say(first, "world");
    g_assert_cmpstr(user.got->str, ==, "world");
    int second = go_to(fixture->path);
    say(second, "later");
    g_assert_cmpstr(user.got->str, ==, "world");
    close(first);
    CHAR_AWAIT(user.leaves == 1 && user.peers == 2);
    char_run_loop();
    g_assert_cmpstr(user.got->str, ==, "worldlater");
    chardev_drop(chardev); // by us
    g_assert_cmpuint(user.leaves, ==, 2);
    char byte;
    g_assert_cmpint(recv(second, &byte, 1, 0), ==, 0);
    close(second);
    close(go_to(fixture->path));
    char_run_loop();
    g_assert_cmpuint(user.peers, ==, 3);
    g_assert_cmpuint(user.leaves, ==, 3);
    char_user_free(&user);
}

// A user who takes nothing has the rest wait; what a peer said before it went is not lost, and the next one
// gets its turn all the same.
static void test_unread(Fixture *fixture, gconstpointer data)
{
    Chardev *chardev = add_server(fixture);
    CharUser user;
    char_user_attach(&user, chardev, false);
    user.room = 3;
    int client = go_to(fixture->path);
    say(client, "abcdef");
    say(client, "ghi");
    g_assert_cmpstr(user.got->str, ==, "abc");
    close(client);
    char_run_loop();
    client = go_to(fixture->path);
    put(chardev, "next");
    assert_hears(client, "next");
    user.room = SIZE_MAX;
    chardev_more(chardev);
    char_run_loop();
    g_assert_cmpstr(user.got->str, ==, "abcdefghi");
    say(client, "jkl");
    g_assert_cmpstr(user.got->str, ==, "abcdefghijkl");
    close(client);
    char_user_free(&user);
}

// What a session left unread goes with it.
static void test_unread_session(Fixture *fixture, gconstpointer data)
{
    Chardev *chardev = add_server(fixture);
    CharUser user;
    char_user_attach(&user, chardev, true);
    user.room = 3;
    int client = go_to(fixture->path);
    say(client, "abcdef");
    close(client);
    CHAR_AWAIT(user.leaves == 1);
    user.room = SIZE_MAX;
    client = go_to(fixture->path);
    say(client, "x");
    g_assert_cmpstr(user.got->str, ==, "abcx");
    close(client);
    char_user_free(&user);
}

// A peer who floods costs no more than is bounded, and one who does not read has nobody wait.
static void test_flood(Fixture *fixture, gconstpointer data)
{
    Chardev *chardev = add_server(fixture);
    CharUser user;
    char_user_attach(&user, chardev, false);
    user.room = 0;
    int client = go_to(fixture->path);
    g_autofree char *large = g_strnfill(1 << 16, 'x');
    size_t sent = 0;
    for (unsigned quiet = 0; quiet < 3; char_run_loop()) {
        ssize_t done = send(client, large, 1 << 16, MSG_NOSIGNAL);
        sent += done > 0 ? (size_t)done : 0;
        quiet = done > 0 ? 0 : quiet + 1;
        g_assert_cmpuint(sent, <, CHARDEV_TYPED);
    }
    unsigned puts = 0;
    while (chardev_put(chardev, (const uint8_t *)large, CHARDEV_PUT))
        g_assert_cmpuint(++puts, <, 1000);
    g_assert_cmpuint(user.rooms, ==, 0);
    size_t heard = 0;
    CHAR_AWAIT(({
        char bytes[65536];
        ssize_t length = recv(client, bytes, sizeof bytes, 0);
        heard += length > 0 ? (size_t)length : 0;
        heard == (size_t)puts *CHARDEV_PUT;
    }));
    CHAR_AWAIT(user.rooms > 0);
    user.room = SIZE_MAX;
    chardev_more(chardev);
    CHAR_AWAIT(user.got->len == sent);
    close(client);
    char_user_free(&user);
}

static void send_descriptors(int client, unsigned count)
{
    char byte = 'd';
    union {
        char bytes[CMSG_SPACE(64 * sizeof(int))];
        struct cmsghdr align;
    } control = { 0 };
    struct iovec part = { &byte, 1 };
    struct msghdr message = { .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = CMSG_SPACE(count * sizeof(int)) };
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    *head = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(count * sizeof(int))
    };
    for (unsigned i = 0; i < count; i++)
        ((int *)CMSG_DATA(head))[i] = client;
    g_assert_cmpint(sendmsg(client, &message, 0), ==, 1);
    char_run_loop();
}

static unsigned open_descriptors(void)
{
    unsigned count = 0;
    GDir *folder = g_dir_open("/proc/self/fd", 0, NULL);
    while (g_dir_read_name(folder))
        count++;
    g_dir_close(folder);
    return count;
}

// Whether those of a message for which there was no room are closed.
static bool are_cut_ones_closed(void)
{
    int ends[2];
    char byte;
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = { &byte, 1 };
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(sizeof(int))
    };
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
    send_descriptors(ends[0], 10);
    unsigned before = open_descriptors();
    g_assert_cmpint(recvmsg(ends[1], &message, MSG_CMSG_CLOEXEC), ==, 1);
    unsigned come = open_descriptors() - before;
    close(ends[0]);
    close(ends[1]);
    return come <= 2;
}

// The last ones are kept for who asks, and no more than a few of them.
static void test_descriptors(Fixture *fixture, gconstpointer data)
{
    if (!are_cut_ones_closed()) {
        g_test_skip("descriptors that are cut off stay open here, as under qemu-user");
        return;
    }
    Chardev *chardev = add_server(fixture);
    CharUser user;
    char_user_attach(&user, chardev, true);
    int client = go_to(fixture->path);
    unsigned before = open_descriptors();
    g_assert_cmpint(chardev_take_descriptor(chardev), ==, -1);
    send_descriptors(client, 2);
    int taken[] = { chardev_take_descriptor(chardev), chardev_take_descriptor(chardev) };
    g_assert_true(taken[0] >= 0 && taken[1] >= 0 && taken[0] != taken[1]);
    g_assert_cmpint(chardev_take_descriptor(chardev), ==, -1);
    close(taken[0]);
    close(taken[1]);
    for (unsigned i = 0; i < 50; i++)
        send_descriptors(client, 60);
    g_assert_cmpuint(open_descriptors(), <=, before + CHARDEV_DESCRIPTORS);
    chardev_drop(chardev);
    g_assert_cmpuint(open_descriptors(), <, before);
    close(client);
    char_user_free(&user);
}

// --- Paths.

static void assert_refused(Fixture *fixture, const SocketValues *values, const char *message)
{
    g_autoptr(GError) error = NULL;
    const ChardevCommon common = { .id = (char *)"refused" };
    g_assert_null(chardevs_add(fixture->chardevs, char_kind("socket"), &common, values, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
    if (!strstr(error->message, message))
        g_error("'%s' does not say '%s'", error->message, message);
}

static void assert_path_refused(Fixture *fixture, const char *path, const char *message)
{
    const SocketValues values = server_at(path);
    assert_refused(fixture, &values, message);
}

static void test_paths(Fixture *fixture, gconstpointer data)
{
    g_autofree char *file = g_build_filename(fixture->folder, "file", NULL);
    g_autofree char *none = g_build_filename(fixture->folder, "none", "socket", NULL);
    g_autofree char *longest = g_strnfill(200, 'x');
    g_assert_true(g_file_set_contents(file, "precious", -1, NULL));
    add_server(fixture);
    assert_path_refused(fixture, file, "Address already in use");
    assert_path_refused(fixture, none, "No such file or directory");
    assert_path_refused(fixture, longest, "at most 107 bytes");
    assert_path_refused(fixture, fixture->path, "Address already in use"); // another lparun listens
    close(go_to(fixture->path));
    g_autofree char *content = NULL;
    g_assert_true(g_file_get_contents(file, &content, NULL, NULL));
    g_assert_cmpstr(content, ==, "precious");
    g_unlink(file);
    const SocketValues client = { .path = file };
    assert_refused(fixture, &client, "No such file or directory");
}

// A socket that a killed run left is replaced; one that has come in the place of ours is left alone.
static void test_stale(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = g_build_filename(fixture->folder, "stale", NULL);
    close(listen_at(path));
    const SocketValues values = server_at(path);
    char_add(fixture->chardevs, "socket", "a", &values);
    close(go_to(path));
    g_unlink(path);
    g_assert_true(g_file_set_contents(path, "another's", -1, NULL));
    g_assert_true(chardevs_remove(fixture->chardevs, "a", NULL));
    g_assert_cmpint(g_unlink(path), ==, 0);
}

// Its own folder's socket goes at the end, wherever that folder is by then.
static void test_folder_moved(Fixture *fixture, gconstpointer data)
{
    g_autofree char *before = g_build_filename(fixture->folder, "before", NULL);
    g_autofree char *after = g_build_filename(fixture->folder, "after", NULL);
    g_autofree char *path = g_build_filename(before, "socket", NULL);
    g_assert_cmpint(g_mkdir(before, 0700), ==, 0);
    const SocketValues values = server_at(path);
    char_add(fixture->chardevs, "socket", "a", &values);
    g_assert_cmpint(g_rename(before, after), ==, 0);
    g_assert_true(chardevs_remove(fixture->chardevs, "a", NULL));
    g_assert_cmpint(g_rmdir(after), ==, 0);
}

static void test_abstract(Fixture *fixture, gconstpointer data)
{
    g_autofree char *name = g_strdup_printf("lparun-test-%d", (int)getpid());
    SocketValues values = server_at(name);
    values.abstract = TRI_ON;
    Chardev *server = char_add(fixture->chardevs, "socket", "a", &values);
    g_autofree char *text = g_strdup_printf("disconnected:unix:%s,abstract=on,tight=on,server=on", name);
    assert_name(server, text);
    values.server = false;
    CharUser user;
    char_user_attach(&user, server, true);
    char_add(fixture->chardevs, "socket", "b", &values);
    CHAR_AWAIT(user.peers == 1);
    char_user_free(&user);
}

// --- As QEMU's users have it: to a host, again, by a descriptor, by telnet.

static unsigned port_of(Chardev *chardev)
{
    g_autofree char *text = chardev_describe(chardev);
    const char *port = strstr(text, "127.0.0.1:");
    g_assert_nonnull(port);
    return (unsigned)g_ascii_strtoull(port + strlen("127.0.0.1:"), NULL, 10);
}

static Chardev *add_port(Fixture *fixture, const char *id, const char *port, unsigned to, bool telnet)
{
    const SocketValues values = { .host = (char *)"127.0.0.1",
        .port = (char *)port,
        .to = to,
        .telnet = telnet,
        .server = true,
        .nowait = true };
    return char_add(fixture->chardevs, "socket", id, &values);
}

static int go_to_port(unsigned port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = { htonl(INADDR_LOOPBACK) }
    };
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(client, (struct sockaddr *)&address, sizeof address), ==, 0);
    return client;
}

static void test_port(Fixture *fixture, gconstpointer data)
{
    Chardev *chardev = add_port(fixture, "a", "0", 0, false);
    CharUser user;
    char_user_attach(&user, chardev, true);
    unsigned port = port_of(chardev);
    g_autofree char *taken = g_strdup_printf("%u", port);
    const SocketValues again = { .host = (char *)"127.0.0.1", .port = taken, .server = true };
    assert_refused(fixture, &again, "Address already in use");
    Chardev *next = add_port(fixture, "b", taken, port + 50, false);
    g_assert_cmpuint(port_of(next), >, port);
    int client = go_to_port(port);
    CHAR_AWAIT(user.peers == 1);
    g_autofree char *name = chardev_describe(chardev);
    g_assert_true(g_str_has_prefix(name, "tcp:127.0.0.1:"));
    g_assert_nonnull(strstr(name, ",server=on <-> 127.0.0.1:"));
    put(chardev, "hi");
    assert_hears(client, "hi");
    shutdown(client, SHUT_WR); // that is an end, too
    CHAR_AWAIT(user.leaves == 1);
    close(client);
    const SocketValues nowhere = { .host = (char *)"no.such.host.invalid", .port = (char *)"1" };
    assert_refused(fixture, &nowhere, "host=no.such.host.invalid,port=1: ");
    char_user_free(&user);
}

// What waits is not read by a user who is busy; a peer that only closed its side is seen to have left.
static void test_port_unread(Fixture *fixture, gconstpointer data)
{
    Chardev *chardev = add_port(fixture, "a", "0", 0, false);
    CharUser user;
    char_user_attach(&user, chardev, true);
    user.room = 1;
    int client = go_to_port(port_of(chardev));
    CHAR_AWAIT(user.peers == 1);
    g_assert_cmpint(send(client, "abc", 3, 0), ==, 3);
    CHAR_AWAIT(user.got->len == 1);
    close(client);
    CHAR_AWAIT(user.leaves == 1);
    char_user_free(&user);
}

static void test_telnet(Fixture *fixture, gconstpointer data)
{
    static const char offer[] = "\377\373\001\377\373\003\377\373\000\377\375\000";
    Chardev *chardev = add_port(fixture, "a", "0", 0, true);
    CharUser user;
    char_user_attach(&user, chardev, true);
    int client = go_to_port(port_of(chardev));
    CHAR_AWAIT(user.peers == 1);
    char got[64];
    g_assert_cmpint(recv(client, got, sizeof got, 0), ==, 12);
    g_assert_cmpmem(got, 12, offer, 12);
    // An option, a negotiation that is long, a break, a byte of 255, and all of it in pieces.
    static const char sent[] = "a\377\375\001b\377\372\030\000xterm\377\377z\377\360c\377\363d\377\377e";
    for (unsigned i = 0; i < sizeof sent - 1; i++) {
        g_assert_cmpint(send(client, sent + i, 1, 0), ==, 1);
        char_run_loop();
    }
    CHAR_AWAIT(user.got->len == 6);
    g_assert_cmpmem(user.got->str, 6, "abcd\377e", 6);
    g_assert_cmpuint(user.breaks, ==, 1);
    put(chardev, "x\377y");
    g_assert_cmpint(recv(client, got, sizeof got, 0), ==, 4);
    g_assert_cmpmem(got, 4, "x\377\377y", 4);
    close(client);
    CHAR_AWAIT(user.leaves == 1);
    char_user_free(&user);
}

typedef struct Talker {
    Chardev *chardev;
    gint ended;
} Talker;

static gpointer talk(gpointer owner)
{
    Talker *talker = owner;
    while (!g_atomic_int_get(&talker->ended))
        chardev_put(talker->chardev, (const uint8_t *)"x", 1);
    return NULL;
}

#define TALKERS 4

// A guest that talks all the time does not get its word in before the offer.
static void test_telnet_first(Fixture *fixture, gconstpointer data)
{
    Talker talker = { .chardev = add_port(fixture, "a", "0", 0, true) };
    GThread *threads[TALKERS];
    for (unsigned i = 0; i < TALKERS; i++)
        threads[i] = g_thread_new(NULL, talk, &talker);
    for (unsigned i = 0; i < 500; i++) {
        int client = go_to_port(port_of(talker.chardev));
        uint8_t got[12];
        CHAR_AWAIT(recv(client, got, sizeof got, MSG_PEEK | MSG_DONTWAIT) == sizeof got);
        g_assert_cmpuint(got[0], ==, 255);
        g_assert_cmpuint(got[9], ==, 255);
        chardev_drop(talker.chardev);
        close(client);
    }
    g_atomic_int_set(&talker.ended, TRUE);
    for (unsigned i = 0; i < TALKERS; i++)
        g_thread_join(threads[i]);
}

// To one that is not there yet, that goes, and that comes back.
static void test_reconnect(Fixture *fixture, gconstpointer data)
{
    const SocketValues values = { .path = fixture->path, .reconnect_ms = 10 };
    Chardev *chardev = char_add(fixture->chardevs, "socket", "a", &values);
    CharUser user;
    char_user_attach(&user, chardev, true);
    char_run_loop();
    g_assert_cmpuint(user.peers, ==, 0);
    for (unsigned i = 1; i <= 2; i++) {
        int listener = listen_at(fixture->path), peer = -1;
        CHAR_AWAIT((peer = accept(listener, NULL, NULL)) >= 0);
        CHAR_AWAIT(user.peers == i);
        put(chardev, "again");
        assert_hears(peer, "again");
        close(peer);
        close(listener);
        g_unlink(fixture->path);
        CHAR_AWAIT(user.leaves == i);
    }
    char_user_free(&user);
}

// Without reconnect= one that goes is gone.
static void test_connect(Fixture *fixture, gconstpointer data)
{
    int listener = listen_at(fixture->path);
    const SocketValues values = { .path = fixture->path };
    Chardev *chardev = char_add(fixture->chardevs, "socket", "a", &values);
    int peer = accept(listener, NULL, NULL);
    CharUser user;
    char_user_attach(&user, chardev, true);
    g_assert_cmpuint(user.peers, ==, 1);
    close(peer);
    CHAR_AWAIT(user.leaves == 1);
    put(chardev, "nobody hears");
    close(listener);
    g_unlink(fixture->path);
    char_user_free(&user);
}

// One that does not answer, as its queue is full, keeps nobody for longer than is bounded.
static void test_connect_unanswered(Fixture *fixture, gconstpointer data)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(listener, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(listener, 0), ==, 0);
    g_assert_cmpint(getsockname(listener, (struct sockaddr *)&address, &length), ==, 0);
    int only = go_to_port(ntohs(address.sin_port));
    g_autofree char *port = g_strdup_printf("%u", ntohs(address.sin_port));
    const SocketValues values = { .host = (char *)"127.0.0.1", .port = port };
    gint64 begin = g_get_monotonic_time();
    assert_refused(fixture, &values, "Connection timed out");
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 30 * G_TIME_SPAN_SECOND);
    close(only);
    close(listener);
}

static void test_descriptor(Fixture *fixture, gconstpointer data)
{
    int listener = listen_at(fixture->path), pair[2];
    g_autofree char *number = g_strdup_printf("%d", listener);
    const SocketValues values = { .fd = number, .server = true, .wait = TRI_OFF };
    const SocketValues other_way = { .fd = number }, none = { .fd = (char *)"999" },
                       no_number = { .fd = (char *)"x" };
    assert_refused(fixture, &other_way, "that socket listens; add server=on");
    assert_refused(fixture, &none, "no socket's descriptor");
    assert_refused(fixture, &no_number, "no socket's descriptor");
    Chardev *chardev = char_add(fixture->chardevs, "socket", "a", &values);
    CharUser user;
    char_user_attach(&user, chardev, true);
    close(go_to(fixture->path));
    CHAR_AWAIT(user.leaves == 1);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
    g_autofree char *connected = g_strdup_printf("%d", pair[0]);
    const SocketValues as_server = { .fd = connected, .server = true };
    assert_refused(fixture, &as_server, "that socket does not listen");
    g_assert_cmpint(close(pair[0]), ==, 0); // a refused one is left alone
    close(pair[1]);
    g_unlink(fixture->path);
    char_user_free(&user);
}

static gboolean set_flag(gpointer data)
{
    *(bool *)data = true;
    return G_SOURCE_REMOVE;
}

// Who sends without end to a mux, which reads on, keeps nothing else of the main loop waiting.
static void test_endless(Fixture *fixture, gconstpointer data)
{
    const SocketValues values = server_at(fixture->path);
    const ChardevCommon common = { .id = (char *)"m", .mux = true };
    Chardev *chardev = chardevs_add(fixture->chardevs, char_kind("socket"), &common, &values, NULL);
    CharUser user;
    char_user_attach(&user, chardev, false);
    user.room = 0;
    int client = go_to(fixture->path);
    g_autofree char *text = g_strnfill(1 << 16, 'x');
    bool reached[2] = { false, false };
    g_idle_add(set_flag, &reached[0]);
    g_idle_add_full(G_PRIORITY_LOW, set_flag, &reached[1], NULL);
    for (unsigned i = 0; i < 1000; i++) {
        while (send(client, text, 1 << 16, MSG_NOSIGNAL) > 0)
            continue;
        g_main_context_iteration(NULL, FALSE);
        g_assert_true(reached[0] || i < 2);
        g_assert_true(reached[1] || i < 4);
    }
    char_run_loop();
    user.room = SIZE_MAX;
    chardev_more(chardev);
    char_run_loop();
    g_assert_cmpuint(user.got->len, ==, CHARDEV_TYPED); // and is kept as far as is bounded
    close(client);
    char_user_free(&user);
}

// The guest's start waits for a first peer, and not for a second.
static void test_wait(Fixture *fixture, gconstpointer data)
{
    g_assert_true(chardevs_are_ready(fixture->chardevs));
    SocketValues values = server_at(fixture->path);
    values.wait = TRI_DEFAULT;
    char_add(fixture->chardevs, "socket", "a", &values);
    g_assert_false(chardevs_are_ready(fixture->chardevs));
    int client = go_to(fixture->path);
    g_assert_true(chardevs_are_ready(fixture->chardevs));
    close(client);
    char_run_loop();
    g_assert_true(chardevs_are_ready(fixture->chardevs));
}

// A client for whom there is no descriptor costs no time, and is served when there is one.
static void test_no_descriptor(Fixture *fixture, gconstpointer data)
{
    Chardev *chardev = add_server(fixture);
    CharUser user;
    struct rlimit old, now;
    char_user_attach(&user, chardev, true);
    struct sockaddr_un address = address_of(fixture->path);
    int client = make_socket(), next = dup(0);
    g_assert_cmpint(connect(client, (struct sockaddr *)&address, sizeof address), ==, 0);
    close(next);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &old), ==, 0);
    now = (struct rlimit){ .rlim_cur = (rlim_t)next, .rlim_max = old.rlim_max };
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &now), ==, 0);
    for (unsigned rounds = 0; g_main_context_iteration(NULL, FALSE);)
        g_assert_cmpuint(++rounds, <, 1000);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &old), ==, 0);
    g_assert_cmpuint(user.peers, ==, 0);
    CHAR_AWAIT(user.peers == 1);
    close(client);
    char_user_free(&user);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/char-socket/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("peers", test_peers);
    ADD("unread", test_unread);
    ADD("unread-session", test_unread_session);
    ADD("flood", test_flood);
    ADD("descriptors", test_descriptors);
    ADD("paths", test_paths);
    ADD("stale", test_stale);
    ADD("folder-moved", test_folder_moved);
    ADD("abstract", test_abstract);
    ADD("port", test_port);
    ADD("port-unread", test_port_unread);
    ADD("telnet", test_telnet);
    ADD("telnet-first", test_telnet_first);
    ADD("reconnect", test_reconnect);
    ADD("connect", test_connect);
    ADD("connect-unanswered", test_connect_unanswered);
    ADD("descriptor", test_descriptor);
    ADD("endless", test_endless);
    ADD("wait", test_wait);
    ADD("no-descriptor", test_no_descriptor);
    return g_test_run();
}
