// Several users of one chardev, the escapes that lead from one to the next, and lines with the time.
#include "../../devices/char/socket.h"
#include "char_here.h"
#include "lparun/error.h"
#include <sys/socket.h>
#include <unistd.h>

typedef struct Fixture {
    Chardevs *chardevs;
    Chardev *chardev;
    int other;
    unsigned quits, made;
    CharUser user, late;
} Fixture;

static void on_quit(void *owner)
{
    ((Fixture *)owner)->quits++;
}

// One end of a pair of sockets; the test is at the other, where what was written is there at once.
static void set_up(Fixture *fixture, gconstpointer escape)
{
    int ends[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), ==, 0);
    fixture->other = ends[0];
    g_autofree char *fd = g_strdup_printf("%d", ends[1]);
    const SocketValues values = { .fd = fd };
    ChardevCommon common = { .id = (char *)"m", .mux = escape, .escape = (uint8_t)GPOINTER_TO_UINT(escape) };
    fixture->chardevs = chardevs_new();
    fixture->chardev = chardevs_add(fixture->chardevs, char_kind("socket"), &common, &values, NULL);
    g_assert_nonnull(fixture->chardev);
    char_user_attach(&fixture->user, fixture->chardev, false);
    const ChardevHost host = { .quit = on_quit, .owner = fixture };
    chardevs_start(fixture->chardevs, &host);
}

static void tear_down(Fixture *fixture, gconstpointer escape)
{
    chardevs_free(fixture->chardevs);
    char_user_free(&fixture->user);
    close(fixture->other);
    g_assert_false(g_main_context_pending(NULL));
}

static void type(Fixture *fixture, const char *text)
{
    g_assert_cmpint(write(fixture->other, text, strlen(text)), ==, strlen(text));
    char_run_loop();
}

static char *heard(Fixture *fixture)
{
    char bytes[4096];
    ssize_t length = read(fixture->other, bytes, sizeof bytes);
    return g_strndup(bytes, length > 0 ? (size_t)length : 0);
}

static void read_away(Fixture *fixture)
{
    char bytes[4096];
    while (read(fixture->other, bytes, sizeof bytes) > 0)
        char_run_loop();
}

static void test_one(Fixture *fixture, gconstpointer escape)
{
    g_autoptr(GError) error = NULL;
    const ChardevUser another = { .owner = fixture };
    g_assert_false(chardev_attach(fixture->chardev, &another, &error));
    g_assert_cmpstr(error->message, ==, "chardev m is in use already; give each its own, or add mux=on");
    type(fixture, "\001xa"); // no escapes: there is no mux
    g_assert_cmpstr(fixture->user.got->str, ==, "\001xa");
    g_assert_cmpuint(fixture->quits, ==, 0);
}

// What was typed before a switch is the one's, what comes after it the other's; each has its own that waits.
static void test_focus(Fixture *fixture, gconstpointer escape)
{
    CharUser second, third;
    char_user_attach(&second, fixture->chardev, false);
    char_user_attach(&third, fixture->chardev, true);
    g_assert_cmpuint(third.peers, ==, 1);
    fixture->user.room = 1;
    type(fixture, "ab\001cde");
    g_assert_cmpstr(fixture->user.got->str, ==, "a");
    g_assert_cmpstr(second.got->str, ==, "de");
    type(fixture, "\001cf\001cg");
    g_assert_cmpstr(third.got->str, ==, "f");
    fixture->user.room = SIZE_MAX;
    chardev_more(fixture->chardev);
    char_run_loop();
    g_assert_cmpstr(fixture->user.got->str, ==, "abg");
    type(fixture, "\001b");
    g_assert_cmpuint(fixture->user.breaks, ==, 1);
    type(fixture, "\001");
    type(fixture, "\001");
    g_assert_cmpstr(fixture->user.got->str, ==, "abg\001");
    chardev_detach(fixture->chardev, &second);
    type(fixture, "\001ch");
    g_assert_cmpstr(third.got->str, ==, "fh");
    chardev_detach(fixture->chardev, &third);
    type(fixture, "i");
    g_assert_cmpstr(fixture->user.got->str, ==, "abg\001i");
    char_user_free(&second);
    char_user_free(&third);
}

static void test_keys(Fixture *fixture, gconstpointer escape)
{
    type(fixture, "\001x");
    g_assert_cmpuint(fixture->quits, ==, 1);
    type(fixture, "\001?");
    g_autofree char *help = heard(fixture);
    g_assert_nonnull(strstr(help, "Ctrl-A x  end the guest\r\n"));
    g_assert_null(strstr(help, "monitor"));
    type(fixture, "\001c\001qz"); // nobody to go to, and no key
    g_assert_cmpstr(fixture->user.got->str, ==, "z");
}

static void test_other_escape(Fixture *fixture, gconstpointer escape)
{
    type(fixture, "\001x\024x");
    g_assert_cmpstr(fixture->user.got->str, ==, "\001x");
    g_assert_cmpuint(fixture->quits, ==, 1);
    type(fixture, "\024h");
    g_autofree char *help = heard(fixture);
    g_assert_nonnull(strstr(help, "Ctrl-T x  end the guest\r\n"));
}

static void put(Fixture *fixture, const char *text)
{
    g_assert_true(chardev_put(fixture->chardev, (const uint8_t *)text, strlen(text)));
}

static void test_stamps(Fixture *fixture, gconstpointer escape)
{
    type(fixture, "\001t");
    put(fixture, "one\ntw");
    put(fixture, "o\n");
    g_autofree char *lines = heard(fixture);
    g_assert_true(g_regex_match_simple(
        "^\\[00:00:\\d\\d\\.\\d{3}\\] one\n\\[00:00:\\d\\d\\.\\d{3}\\] two\n$", lines, 0, 0));
    g_autofree char *feeds = g_strnfill(CHARDEV_PUT, '\n'); // with the time they would be too much
    put(fixture, feeds);
    type(fixture, "\001t");
    read_away(fixture);
    put(fixture, "three\n");
    g_autofree char *plain = heard(fixture);
    g_assert_cmpstr(plain, ==, "three\n");
}

static bool make_late(void *owner, Chardev *chardev)
{
    Fixture *fixture = owner;
    fixture->made++;
    char_user_attach(&fixture->late, chardev, true);
    return true;
}

// One who is made when somebody first asks.
static void test_late(Fixture *fixture, gconstpointer escape)
{
    chardev_set_late(fixture->chardev, make_late, fixture);
    type(fixture, "a\001h");
    g_autofree char *help = heard(fixture);
    g_assert_nonnull(strstr(help, "Ctrl-A c  go to the monitor"));
    g_assert_cmpuint(fixture->made, ==, 0);
    type(fixture, "\001cb\001cc\001cd");
    g_assert_cmpuint(fixture->made, ==, 1);
    g_assert_cmpstr(fixture->user.got->str, ==, "ac");
    g_assert_cmpstr(fixture->late.got->str, ==, "bd");
    char_user_free(&fixture->late);
}

// A user that does not read does not keep another from its turn.
static void test_unread(Fixture *fixture, gconstpointer escape)
{
    CharUser second;
    char_user_attach(&second, fixture->chardev, false);
    fixture->user.room = 0;
    for (unsigned i = 0; i < 100; i++)
        type(fixture, "0123456789");
    type(fixture, "\001ca");
    g_assert_cmpstr(second.got->str, ==, "a");
    char_user_free(&second);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, escape, test)                                                                              \
    g_test_add("/char-mux/" name, Fixture, GUINT_TO_POINTER(escape), set_up, test, tear_down)
    ADD("one", 0, test_one);
    ADD("focus", 1, test_focus);
    ADD("keys", 1, test_keys);
    ADD("other-escape", 0x14, test_other_escape);
    ADD("stamps", 1, test_stamps);
    ADD("late", 1, test_late);
    ADD("unread", 1, test_unread);
    return g_test_run();
}
