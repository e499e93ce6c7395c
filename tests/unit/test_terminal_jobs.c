// A shell's jobs: raw whenever the program has the terminal, as it was whenever the shell has it.
#include "char_here.h"
#include "signals.h"
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define WAIT (10 * G_TIME_SPAN_SECOND)

static void watch_signal(void *owner, int number, void (*came)(void *data, int number), void *data)
{
    signals_watch(owner, number, came, data);
}

static void obey_signal(void *owner, int number)
{
    signals_obey(owner, number);
}

static G_GNUC_NORETURN void run_job(void)
{
    Chardevs *chardevs = chardevs_new();
    CharUser user;
    char_user_attach(&user, char_add(chardevs, "stdio", "a", &(StdioValues){ .escapes = true }), false);
    const ChardevHost host = {
        .watch_signal = watch_signal, .obey_signal = obey_signal, .owner = signals_new(NULL)
    };
    chardevs_start(chardevs, &host);
    for (;;)
        g_main_context_iteration(NULL, TRUE);
}

static bool is_raw(void)
{
    struct termios now;
    g_assert_cmpint(tcgetattr(STDIN_FILENO, &now), ==, 0);
    return !(now.c_lflag & (ICANON | ECHO));
}

static void await_raw(void)
{
    for (gint64 end = g_get_monotonic_time() + WAIT; !is_raw(); g_usleep(1000))
        g_assert_cmpint(g_get_monotonic_time(), <, end);
}

static void give_to(pid_t group)
{
    g_assert_cmpint(tcsetpgrp(STDIN_FILENO, group), ==, 0);
}

static void await_stop(pid_t job, int number)
{
    int status;
    g_assert_cmpint(waitpid(job, &status, WUNTRACED), ==, job);
    g_assert_true(WIFSTOPPED(status));
    g_assert_cmpint(WSTOPSIG(status), ==, number);
    give_to(getpgrp());
}

// What a shell with job control does, on a terminal of its own.
static void be_shell(pid_t job)
{
    struct termios mine;
    g_assert_cmpint(tcgetattr(STDIN_FILENO, &mine), ==, 0);
    g_usleep(300000); // started by &: time enough to do wrong
    g_assert_false(is_raw());
    give_to(job); // fg: some shells say no more
    await_raw();
    kill(job, SIGTSTP);
    await_stop(job, SIGTSTP);
    g_assert_false(is_raw());
    kill(job, SIGCONT); // bg
    g_usleep(300000);
    g_assert_false(is_raw());
    give_to(job);
    await_raw();
    kill(job, SIGSTOP); // no time to clean up: the shell does it
    await_stop(job, SIGSTOP);
    tcsetattr(STDIN_FILENO, TCSANOW, &mine);
    give_to(job);
    kill(job, SIGCONT);
    await_raw();
    kill(job, SIGSTOP); // some shells do not, and then the mode is not the shell's
    await_stop(job, SIGSTOP);
    kill(job, SIGCONT); // bg
    g_usleep(300000);
    give_to(job);
    g_usleep(300000);
    kill(job, SIGABRT); // a crash
    int status;
    g_assert_cmpint(waitpid(job, &status, 0), ==, job);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    g_assert_false(is_raw());
}

static G_GNUC_NORETURN void run_shell(void)
{
    signal(SIGTTOU, SIG_IGN);
    pid_t job = fork();
    if (job == 0) {
        signal(SIGTTOU, SIG_DFL);
        setpgid(0, 0);
        run_job();
    }
    setpgid(job, job);
    be_shell(job);
    _exit(0);
}

// Runs `child_main` at a terminal of its own, which is the test's standard input as well.
static pid_t begin(void (*child_main)(void))
{
    int other = posix_openpt(O_RDWR | O_NOCTTY);
    g_assert_true(other >= 0 && grantpt(other) == 0 && unlockpt(other) == 0);
    g_assert_cmpint(dup2(other, STDIN_FILENO), ==, STDIN_FILENO);
    close(other);
    pid_t child = fork();
    if (child != 0)
        return child;
    setsid();
    int end = open(ptsname(STDIN_FILENO), O_RDWR); // which controls its session's jobs from here on
    for (int fd = STDIN_FILENO; fd <= STDOUT_FILENO; fd++)
        g_assert_cmpint(dup2(end, fd), ==, fd);
    child_main();
    _exit(1);
}

static void test_jobs(void)
{
    pid_t shell = begin(run_shell);
    int status;
    g_assert_cmpint(waitpid(shell, &status, 0), ==, shell);
    g_assert_cmpint(status, ==, 0);
}

// A session of its own has no shell that could bring it back: the kernel does not stop it.
static void test_no_shell(void)
{
    pid_t job = begin(run_job);
    await_raw();
    kill(job, SIGTSTP);
    g_usleep(300000);
    g_assert_true(is_raw());
    kill(job, SIGKILL);
    g_assert_cmpint(waitpid(job, NULL, 0), ==, job);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/terminal-jobs/all", test_jobs);
    g_test_add_func("/terminal-jobs/no-shell", test_no_shell);
    return g_test_run();
}
