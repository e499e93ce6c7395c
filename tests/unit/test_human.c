// The human monitor on a chardev: who comes, who does not read, and who comes after that.
#include "../../devices/char/socket.h"
#include "char_here.h"
#include "fake_machine.h"
#include "human.h"
#include "scratch_file.h"
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

const Command *const command_tables[] = { NULL };

typedef struct Fixture {
    FakeMachine machine;
    Chardevs *chardevs;
    Human *human;
    char *folder, *path;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->folder = scratch_folder();
    fixture->path = g_build_filename(fixture->folder, "m", NULL);
    fake_machine_init(&fixture->machine);
    fixture->chardevs = chardevs_new();
    const SocketValues values = { .path = fixture->path, .server = true, .wait = TRI_OFF };
    Chardev *chardev = char_add(fixture->chardevs, "socket", "m", &values);
    fixture->human = human_open(chardev, &fixture->machine.operations, NULL);
    g_assert_nonnull(fixture->human);
    g_assert_null(human_open(chardev, &fixture->machine.operations, NULL));
    const ChardevHost host = { 0 };
    chardevs_start(fixture->chardevs, &host);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    human_close(fixture->human);
    chardevs_free(fixture->chardevs);
    g_free(fixture->path);
    scratch_remove_folder(fixture->folder);
    g_assert_false(g_main_context_pending(NULL));
}

static int come(Fixture *fixture)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_strlcpy(address.sun_path, fixture->path, sizeof address.sun_path);
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    g_assert_cmpint(connect(client, (struct sockaddr *)&address, sizeof address), ==, 0);
    char_run_loop();
    return client;
}

static char *heard(int client)
{
    GString *text = g_string_new(NULL);
    char bytes[4096];
    for (ssize_t length; (length = recv(client, bytes, sizeof bytes, 0)) > 0; char_run_loop())
        g_string_append_len(text, bytes, length);
    return g_string_free(text, FALSE);
}

static void test_peers(Fixture *fixture, gconstpointer data)
{
    for (unsigned i = 0; i < 2; i++) {
        int client = come(fixture);
        g_autofree char *greeting = heard(client);
        g_assert_nonnull(strstr(greeting, "monitor - type 'help'"));
        g_assert_true(g_str_has_suffix(greeting, "(qemu) "));
        g_assert_cmpint(send(client, "help\nhel", 8, 0), ==, 8); // half a line goes with its sender
        char_run_loop();
        g_autofree char *text = heard(client);
        g_assert_nonnull(strstr(text, "info"));
        close(client);
        char_run_loop();
    }
}

// What is asked for waits for a reader, and then all of it comes.
static void test_unread(Fixture *fixture, gconstpointer data)
{
    int client = come(fixture);
    unsigned asked = 0, answered = 0;
    for (unsigned quiet = 0; quiet < 3; char_run_loop()) {
        bool took = send(client, "help\n", 5, 0) == 5;
        asked += took;
        quiet = took ? 0 : quiet + 1;
        g_assert_cmpuint(asked, <, 1000000);
    }
    CHAR_AWAIT(({
        g_autofree char *text = heard(client);
        for (const char *at = text; (at = strstr(at, "system_reset")); at++)
            answered++;
        answered >= asked;
    }));
    close(client);
    char_run_loop();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/human/peers", Fixture, NULL, set_up, test_peers, tear_down);
    g_test_add("/human/unread", Fixture, NULL, set_up, test_unread, tear_down);
    return g_test_run();
}
