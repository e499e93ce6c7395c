// The monitor on a socket: one client at a time, slow ones, ones that go.
#include "char_here.h"
#include "fake_machine.h"
#include "lparun/error.h"
#include "module.h"
#include "qmp/frame.h"
#include <errno.h>
#include <glib/gstdio.h>
#include "../../devices/char/socket.h"
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

extern const QmpModule qmp_module;

typedef struct Fixture {
    FakeMachine machine;
    Chardevs *chardevs;
    Monitor *monitor;
    char *folder, *path;
} Fixture;

static const QmpChardev functions = { chardev_attach, chardev_detach, chardev_put, chardev_more,
    chardev_drop };

static Monitor *open_monitor(Fixture *fixture, Chardev *chardev, bool pretty)
{
    const QmpSetup setup = { .chardev = chardev,
        .functions = &functions,
        .pretty = pretty,
        .tables = fake_machine_tables,
        .machine = &fixture->machine.operations };
    return qmp_module.open(&setup, NULL);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->folder = g_dir_make_tmp("lparun-qmp-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->folder, "socket", NULL);
    fake_machine_init(&fixture->machine);
    fixture->chardevs = chardevs_new();
    const SocketValues values = { .path = fixture->path, .server = true, .wait = TRI_OFF };
    Chardev *chardev = char_add(fixture->chardevs, "socket", "compat_monitor0", &values);
    fixture->monitor = open_monitor(fixture, chardev, data != NULL);
    g_assert_nonnull(fixture->monitor);
    const ChardevHost host = { 0 };
    chardevs_start(fixture->chardevs, &host);
}

static void close_all(Fixture *fixture)
{
    chardevs_stop(fixture->chardevs);
    qmp_module.close(fixture->monitor);
    g_clear_pointer(&fixture->chardevs, chardevs_free);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    if (fixture->chardevs)
        close_all(fixture);
    g_assert_cmpint(g_access(fixture->path, F_OK), <, 0);
    g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
    g_free(fixture->folder);
    g_free(fixture->path);
    g_assert_false(g_main_context_pending(NULL)); // no source was left behind
}

static int try_connect(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (connect(client, (struct sockaddr *)&address, sizeof address) == 0)
        return client;
    close(client);
    return -1;
}

static int connect_to(Fixture *fixture)
{
    int client = try_connect(fixture->path);
    g_assert_cmpint(client, >=, 0);
    return client;
}

static void run_until_idle(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static void send_text(int client, const char *text)
{
    g_assert_cmpint(send(client, text, strlen(text), MSG_NOSIGNAL), ==, strlen(text));
}

// What the client has been sent, up to `size` - 1 bytes. Returns recv()'s last result: 0 at the end of the
// stream.
static ssize_t receive(int client, char *text, size_t size)
{
    size_t length = 0;
    ssize_t result = 1;
    while (result > 0 && length < size - 1) {
        run_until_idle();
        result = recv(client, text + length, size - 1 - length, 0);
        length += result > 0 ? (size_t)result : 0;
    }
    text[length] = '\0';
    return result;
}

static void assert_answer(int client, const char *request, const char *answer)
{
    char text[8192];
    send_text(client, request);
    receive(client, text, sizeof text);
    g_assert_cmpstr(text, ==, answer);
}

// Past the greeting and the negotiation.
static int connect_and_negotiate(Fixture *fixture)
{
    char greeting[512];
    int client = connect_to(fixture);
    g_assert_cmpint(receive(client, greeting, sizeof greeting), <, 0);
    g_assert_true(g_str_has_prefix(greeting, "{\"QMP\":{"));
    assert_answer(client, "{\"execute\":\"qmp_capabilities\"}\n", "{\"return\":{}}\r\n");
    return client;
}

static void test_conversation(Fixture *fixture, gconstpointer data)
{
    int client = connect_and_negotiate(fixture);
    assert_answer(
        client, "{\"execute\":\"stop\"}\n{\"execute\":\"cont\"}\n", "{\"return\":{}}\r\n{\"return\":{}}\r\n");
    assert_answer(client, "{\"execute\":", "");
    assert_answer(client, "\"quit\"}\n", "{\"return\":{}}\r\n");
    g_assert_cmpuint(fixture->machine.orders[ORDER_QUIT], ==, 1);
    close(client);
}

// The second client is served when the first one has left, and must negotiate for itself.
static void test_one_at_a_time(Fixture *fixture, gconstpointer data)
{
    char text[512];
    int first = connect_and_negotiate(fixture), second = connect_to(fixture);
    assert_answer(first, "{\"execute\":\"x-lparun-watch\"}\n", "{\"return\":{}}\r\n");
    g_assert_true(fixture->machine.watched);
    g_assert_cmpint(receive(second, text, sizeof text), <, 0);
    g_assert_cmpstr(text, ==, "");
    send_text(first, "{\"execute\":\"quit\", "); // half a message goes with its sender
    run_until_idle();
    close(first);
    receive(second, text, sizeof text);
    g_assert_true(g_str_has_prefix(text, "{\"QMP\":{"));
    g_assert_false(fixture->machine.watched); // that was the first one's wish
    send_text(second, "{\"execute\":\"query-status\"}\n");
    receive(second, text, sizeof text);
    g_assert_nonnull(strstr(text, "CommandNotFound"));
    close(second);
    close(connect_and_negotiate(fixture));
    g_assert_cmpuint(fixture->machine.orders[ORDER_QUIT], ==, 0);
}

static void test_events(Fixture *fixture, gconstpointer data)
{
    const MonitorEvent event = { .name = "SHUTDOWN" };
    char text[512];
    qmp_module.tell(fixture->monitor, &event); // nobody is there
    int client = connect_and_negotiate(fixture);
    qmp_module.tell(fixture->monitor, &event);
    close_all(fixture); // as at the end of a run: it is sent all the same
    g_assert_cmpint(receive(client, text, sizeof text), ==, 0);
    g_assert_nonnull(strstr(text, "SHUTDOWN"));
    close(client);
}

// A client that asks and does not read is not answered any further, and the rest of its questions wait.
static void test_slow_reader(Fixture *fixture, gconstpointer data)
{
    static const char request[] = "{\"execute\":\"query-cpus-fast\"}\n";
    int client = connect_and_negotiate(fixture);
    fixture->machine.cpus = 100;
    unsigned sent = 0;
    for (unsigned quiet = 0; quiet < 3; run_until_idle()) {
        bool took = send(client, request, sizeof request - 1, MSG_NOSIGNAL) == sizeof request - 1;
        sent += took;
        quiet = took ? 0 : quiet + 1;
        g_assert_cmpuint(sent, <, 1000000); // at some point no more is taken
    }
    // It reads again, and gets every answer.
    g_autofree char *text = g_malloc(1 << 20);
    unsigned answers = 0;
    for (unsigned left = 3; left > 0; left--) {
        g_assert_cmpint(receive(client, text, 1 << 20), !=, 0);
        for (const char *at = text; (at = strchr(at, '\n')); at++, left = 3)
            answers++;
    }
    g_assert_cmpuint(answers, ==, sent);
    close(client);
}

// One that lets events pile up is sent away: there is a bound to what waits for it.
static void test_events_pile_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GVariant) members =
        g_variant_ref_sink(g_variant_new_parsed("{'guest': <true>, 'reason': <'guest-reset'>}"));
    const MonitorEvent event = { .name = "RESET", .data = members };
    int client = connect_and_negotiate(fixture);
    for (unsigned i = 0; i < 40000; i++)
        qmp_module.tell(fixture->monitor, &event);
    g_autofree char *text = g_malloc(1 << 24);
    g_assert_cmpint(receive(client, text, 1 << 24), ==, 0);
    g_assert_cmpuint(strlen(text), <, 40000 * strlen("{\"event\":\"RESET\"}"));
    close(client);
    close(connect_and_negotiate(fixture)); // and may come again
}

static CommandLater *later; // that a command has taken

static bool begin(const MonitorMachine *machine, GVariant *arguments, CommandLater *taken, GError **error)
{
    later = taken;
    return true;
}

static const Command later_commands[] = { { "x-later", .begin = begin }, { 0 } };

// What a client asks meanwhile is answered afterwards, in order; events come at once.
static void test_later(Fixture *fixture, gconstpointer data)
{
    const MonitorEvent event = { .name = "STOP" };
    char text[512];
    fake_machine_tables[2] = later_commands;
    int client = connect_and_negotiate(fixture);
    assert_answer(client, "{\"execute\":\"x-later\"}{\"execute\":\"stop\"}{\"execute\":\"quit\"}", "");
    assert_answer(client, "{\"execute\":\"cont\"}", "");
    g_assert_cmpuint(fixture->machine.orders[ORDER_STOP], ==, 0);
    qmp_module.tell(fixture->monitor, &event);
    receive(client, text, sizeof text);
    g_assert_nonnull(strstr(text, "STOP"));
    g_autoptr(GError) error = g_error_new_literal(LPARUN_ERROR, 1, "late");
    later->answer(later, NULL, error);
    receive(client, text, sizeof text);
    g_assert_cmpstr(text, ==,
        "{\"error\":{\"class\":\"GenericError\",\"desc\":\"late\"}}\r\n"
        "{\"return\":{}}\r\n{\"return\":{}}\r\n{\"return\":{}}\r\n");
    close(client);
    run_until_idle();
}

// One that leaves makes room for the next, who does not hear of it.
static void test_later_leaves(Fixture *fixture, gconstpointer data)
{
    fake_machine_tables[2] = later_commands;
    int client = connect_and_negotiate(fixture);
    assert_answer(client, "{\"execute\":\"x-later\"}{\"execute\":\"stop\"}", "");
    close(client);
    run_until_idle();
    client = connect_and_negotiate(fixture);
    later->answer(later, NULL, NULL);
    assert_answer(client, "{\"execute\":\"stop\"}", "{\"return\":{}}\r\n");
    g_assert_cmpuint(fixture->machine.orders[ORDER_STOP], ==, 1);
    close(client);
    run_until_idle();
}

static gboolean set_flag(gpointer data)
{
    *(bool *)data = true;
    return G_SOURCE_REMOVE;
}

// However much a client asks, what ends a run comes first.
static void test_flood(Fixture *fixture, gconstpointer data)
{
    int client = connect_and_negotiate(fixture);
    bool reached = false;
    for (unsigned i = 0; i < 100; i++)
        send_text(client, "{\"execute\":\"query-status\"}\n");
    g_idle_add(set_flag, &reached);
    g_main_context_iteration(NULL, FALSE);
    g_assert_true(reached);
    run_until_idle();
    close(client);
}

// As many descriptors as are open.
static struct rlimit use_up_descriptors(void)
{
    struct rlimit old, now;
    int next = dup(0);
    g_assert_cmpint(next, >=, 0);
    close(next);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &old), ==, 0);
    now = (struct rlimit){ .rlim_cur = (rlim_t)next, .rlim_max = old.rlim_max };
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &now), ==, 0);
    return old;
}

// A client for whom there is no descriptor costs no time, and is served when there is one; or the run ends
// before that.
static void test_no_descriptor(Fixture *fixture, gconstpointer ends)
{
    char text[512];
    int client = connect_to(fixture);
    struct rlimit old = use_up_descriptors();
    unsigned rounds = 0;
    while (g_main_context_iteration(NULL, FALSE))
        g_assert_cmpuint(++rounds, <, 1000);
    g_assert_cmpuint(rounds, >=, 1);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &old), ==, 0);
    if (ends)
        close_all(fixture);
    else
        g_main_context_iteration(NULL, TRUE);
    receive(client, text, sizeof text);
    g_assert_true(ends ? text[0] == '\0' : g_str_has_prefix(text, "{\"QMP\":{"));
    close(client);
}

// Two at once, each with clients of its own; both hear of events, and of marks those that asked.
static void test_two(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = g_build_filename(fixture->folder, "second", NULL);
    const SocketValues values = { .path = path, .server = true, .wait = TRI_OFF };
    Monitor *second = open_monitor(fixture, char_add(fixture->chardevs, "socket", "b", &values), false);
    const MonitorEvent stop = { .name = "STOP" }, mark = { .name = "X_LPARUN_MARK" };
    char text[2][512];
    int clients[] = { connect_and_negotiate(fixture), -1 };
    g_autofree char *before = g_steal_pointer(&fixture->path);
    fixture->path = path;
    clients[1] = connect_and_negotiate(fixture);
    fixture->path = g_steal_pointer(&before);
    for (unsigned i = 0; i < 2; i++)
        assert_answer(clients[i], "{\"execute\":\"x-lparun-watch\"}", "{\"return\":{}}\r\n");
    g_assert_cmpint(fixture->machine.watches, ==, 2);
    assert_answer(clients[0], "{\"execute\":\"x-lparun-watch\",\"arguments\":{\"enable\":false}}",
        "{\"return\":{}}\r\n");
    g_assert_cmpint(fixture->machine.watches, ==, 1);
    qmp_module.tell(fixture->monitor, &stop);
    qmp_module.tell(fixture->monitor, &mark);
    qmp_module.tell(second, &stop);
    qmp_module.tell(second, &mark);
    for (unsigned i = 0; i < 2; i++) {
        receive(clients[i], text[i], sizeof text[i]);
        g_assert_nonnull(strstr(text[i], "STOP"));
        close(clients[i]);
    }
    g_assert_null(strstr(text[0], "X_LPARUN_MARK"));
    g_assert_nonnull(strstr(text[1], "X_LPARUN_MARK"));
    run_until_idle();
    g_assert_cmpint(fixture->machine.watches, ==, 0);
    qmp_module.close(second);
}

// What is no socket cannot send its reader away: it is as if another had come.
static void test_not_read(Fixture *fixture, gconstpointer data)
{
    const MonitorEvent event = { .name = "STOP" };
    char text[8192];
    int other = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    g_assert_true(other >= 0 && grantpt(other) == 0 && unlockpt(other) == 0);
    const char *path = ptsname(other);
    Monitor *monitor = open_monitor(fixture, char_add(fixture->chardevs, "serial", "b", &path), false);
    g_assert_cmpint(read(other, text, sizeof text), >, 0);
    g_assert_cmpint(write(other, "{\"execute\":\"qmp_capabilities\"}", 31), ==, 31);
    run_until_idle();
    g_assert_cmpint(read(other, text, sizeof text), >, 0);
    for (unsigned i = 0; i < 40000; i++)
        qmp_module.tell(monitor, &event);
    bool greeted = false;
    for (ssize_t length; (length = read(other, text, sizeof text - 1)) > 0; run_until_idle()) {
        text[length] = '\0';
        greeted |= strstr(text, "\"QMP\"") != NULL;
    }
    g_assert_true(greeted);
    qmp_module.close(monitor);
    g_assert_true(chardevs_remove(fixture->chardevs, "b", NULL));
    close(other);
}

static void test_pretty(Fixture *fixture, gconstpointer data)
{
    char text[512];
    int client = connect_to(fixture);
    receive(client, text, sizeof text);
    g_assert_true(g_str_has_prefix(text, "{\n  \"QMP\" : {"));
    assert_answer(client, "{\"execute\":\"qmp_capabilities\",\"id\":7}",
        "{\n  \"return\" : {  },\n  \"id\" : 7\n}\r\n");
    close(client);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/qmp-server/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("conversation", test_conversation);
    ADD("one-at-a-time", test_one_at_a_time);
    ADD("events", test_events);
    ADD("slow-reader", test_slow_reader);
    ADD("events-pile-up", test_events_pile_up);
    ADD("later", test_later);
    ADD("later-leaves", test_later_leaves);
    ADD("flood", test_flood);
    ADD("no-descriptor", test_no_descriptor);
    g_test_add(
        "/qmp-server/no-descriptor-to-the-end", Fixture, "ends", set_up, test_no_descriptor, tear_down);
    ADD("two", test_two);
    ADD("not-read", test_not_read);
    g_test_add("/qmp-server/pretty", Fixture, "pretty", set_up, test_pretty, tear_down);
    return g_test_run();
}
