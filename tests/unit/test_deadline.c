// The end comes, whatever keeps the process, and leaves the terminal as it was.
#include "deadline.h"
#include "char_here.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define STATUS 42

// A session of its own, whose terminal is the end of `other`.
static void take_terminal(int other)
{
    setsid();
    int end = open(ptsname(other), O_RDWR);
    g_assert_cmpint(dup2(end, STDIN_FILENO), ==, STDIN_FILENO);
    g_assert_cmpint(dup2(end, STDOUT_FILENO), ==, STDOUT_FILENO);
}

static void watch_nothing(void *owner, int number, void (*came)(void *data, int number), void *data)
{
}

static G_GNUC_NORETURN void write_for_ever(int other)
{
    static uint8_t text[4096] = { 'x' };
    take_terminal(other);
    Chardevs *chardevs = chardevs_new();
    Chardev *chardev = char_add(chardevs, "stdio", "a", &(StdioValues){ .escapes = true });
    const ChardevHost host = { .watch_signal = watch_nothing };
    chardevs_start(chardevs, &host);
    while (chardev_put(chardev, text, sizeof text))
        ;
    deadline_begin(STATUS);
    for (;;)
        chardevs_stop(chardevs);
}

static G_GNUC_NORETURN void wait_for_ever(int other)
{
    deadline_begin(STATUS);
    for (;;)
        pause();
}

static void check(void (*child_main)(int other))
{
    int other = posix_openpt(O_RDWR | O_NOCTTY);
    g_assert_true(other >= 0 && grantpt(other) == 0 && unlockpt(other) == 0);
    struct termios before, after;
    g_assert_cmpint(tcgetattr(other, &before), ==, 0);
    pid_t child = fork();
    if (child == 0)
        child_main(other);
    int status;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, STATUS);
    g_assert_cmpint(tcgetattr(other, &after), ==, 0);
    g_assert_cmphex(after.c_lflag, ==, before.c_lflag);
    close(other);
}

static void test_waits(void)
{
    check(wait_for_ever);
}

// The terminal takes some 4 KiB, and nobody reads it.
static void test_console_unread(void)
{
    check(write_for_ever);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/deadline/waits", test_waits);
    g_test_add_func("/deadline/console-unread", test_console_unread);
    return g_test_run();
}
