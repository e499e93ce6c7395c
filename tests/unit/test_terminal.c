// The user's terminal: what is typed reaches the guest, and Ctrl-A x is heard whether the guest reads or not.
#include "char_here.h"
#include "lparun/vty.h"
#include "signals.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Fixture {
    Signals *signals;
    Chardevs *chardevs;
    Vty *vty;
    int other; // what stdin is written to from
    unsigned quits;
} Fixture;

static void on_quit(void *owner)
{
    ((Fixture *)owner)->quits++;
}

static void watch_signal(void *owner, int number, void (*came)(void *data, int number), void *data)
{
    signals_watch(((Fixture *)owner)->signals, number, came, data);
}

static void obey_signal(void *owner, int number)
{
    signals_obey(((Fixture *)owner)->signals, number);
}

static int open_terminal(void)
{
    int other = posix_openpt(O_RDWR | O_NOCTTY);
    g_assert_cmpint(other, >=, 0);
    g_assert_cmpint(grantpt(other), ==, 0);
    g_assert_cmpint(unlockpt(other), ==, 0);
    int end = open(ptsname(other), O_RDWR | O_NOCTTY);
    g_assert_cmpint(end, >=, 0);
    dup2(end, STDIN_FILENO);
    close(end);
    return other;
}

static int open_pipe(void)
{
    int ends[2];
    g_assert_cmpint(pipe(ends), ==, 0);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    return ends[1];
}

static void set_up(Fixture *fixture, gconstpointer is_terminal)
{
    fixture->other = is_terminal ? open_terminal() : open_pipe();
    fixture->chardevs = chardevs_new();
    Chardev *chardev = char_add(fixture->chardevs, "stdio", "serial0", &(StdioValues){ .escapes = true });
    fixture->vty = vty_new_on(VTY_UNIT, chardev, NULL, NULL);
    fixture->signals = signals_new(NULL);
    const ChardevHost host = { watch_signal, obey_signal, on_quit, fixture };
    chardevs_start(fixture->chardevs, &host);
}

static void tear_down(Fixture *fixture, gconstpointer is_terminal)
{
    signals_free(fixture->signals);
    vty_free(fixture->vty);
    chardevs_free(fixture->chardevs);
    close(fixture->other);
}

static void run_loop(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static void type(Fixture *fixture, const char *bytes, size_t length)
{
    g_assert_cmpint(write(fixture->other, bytes, length), ==, (ssize_t)length);
    run_loop();
}

static size_t take_all(Fixture *fixture, uint8_t *bytes, size_t room)
{
    size_t taken = 0, length;
    while ((length = vty_take(fixture->vty, bytes + taken, MIN(room - taken, 16))) > 0) {
        taken += length;
        run_loop();
    }
    return taken;
}

#define PASTED 10000

// Pasted while the guest reads nothing: all of it is there when it does, and Ctrl-A x was heard.
static void test_paste(Fixture *fixture, gconstpointer is_terminal)
{
    static uint8_t bytes[2 * PASTED];
    for (unsigned i = 0; i < PASTED / 10; i++) // in lines, as a pseudo-terminal that is not raw gives them
        type(fixture, "12345 789\n", 10);
    g_assert_cmpuint(fixture->quits, ==, 0);
    type(fixture, "\001x\n", 3);
    g_assert_cmpuint(fixture->quits, ==, 1);
    g_assert_cmpuint(take_all(fixture, bytes, sizeof bytes), ==, PASTED + 1);
    for (unsigned i = 0; i < PASTED; i++)
        g_assert_cmpint(bytes[i], ==, "12345 789\n"[i % 10]);
    type(fixture, "ab\001\001c\n", 6);
    g_assert_cmpuint(take_all(fixture, bytes, sizeof bytes), ==, 5);
    g_assert_cmpmem(bytes, 5, "ab\001c\n", 5);
}

// Asked for again and again where nobody reads: the main thread hears what comes after.
static void test_help_unread(Fixture *fixture, gconstpointer is_terminal)
{
    int before[] = { dup(STDOUT_FILENO), dup(STDERR_FILENO) };
    dup2(STDIN_FILENO, STDOUT_FILENO);
    dup2(STDIN_FILENO, STDERR_FILENO);
    alarm(30); // the test's end, if it waits
    for (unsigned i = 0; i < 1000; i++)
        type(fixture, "\001h\001h\n", 5);
    type(fixture, "\001x\n", 3);
    alarm(0);
    for (unsigned i = 0; i < G_N_ELEMENTS(before); i++)
        dup2(before[i], STDOUT_FILENO + (int)i);
    g_assert_cmpuint(fixture->quits, ==, 1);
}

// A guest that never reads does not make the program grow, and what it was given first is what it gets.
static void test_paste_without_end(Fixture *fixture, gconstpointer is_terminal)
{
    static uint8_t bytes[2 * CHARDEV_TYPED];
    static char line[1025];
    memset(line, 'x', sizeof line - 2);
    line[sizeof line - 2] = '\n';
    for (unsigned i = 0; i < CHARDEV_TYPED / 1024 + 100; i++)
        type(fixture, line, 1024);
    type(fixture, "\001x\n", 3);
    g_assert_cmpuint(fixture->quits, ==, 1);
    size_t taken = take_all(fixture, bytes, sizeof bytes);
    g_assert_cmpuint(taken, >=, CHARDEV_TYPED);
    g_assert_cmpuint(taken, <=, CHARDEV_TYPED + 256); // and what the vty holds
}

// Nothing of a pipe is lost, and its Ctrl-A are the guest's.
static void test_pipe(Fixture *fixture, gconstpointer is_terminal)
{
    static char text[8192];
    static uint8_t bytes[sizeof text + 1];
    for (unsigned i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 7 + i / 256);
    text[300] = 1;
    text[301] = 'x';
    type(fixture, text, sizeof text);
    g_assert_cmpuint(take_all(fixture, bytes, sizeof bytes), ==, sizeof text);
    g_assert_cmpint(memcmp(bytes, text, sizeof text), ==, 0);
    g_assert_cmpuint(fixture->quits, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/terminal/paste", Fixture, "a terminal", set_up, test_paste, tear_down);
    g_test_add("/terminal/help-unread", Fixture, "a terminal", set_up, test_help_unread, tear_down);
    g_test_add(
        "/terminal/paste-without-end", Fixture, "a terminal", set_up, test_paste_without_end, tear_down);
    g_test_add("/terminal/pipe", Fixture, NULL, set_up, test_pipe, tear_down);
    return g_test_run();
}
