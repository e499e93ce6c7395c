// An end has a deadline: a disk that never answers, or a console that nobody reads, cannot keep the process.
#include "deadline.h"
#include "terminal_mode.h"
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t exit_status;

static void end_now(int signal_number)
{
    terminal_mode_restore();
    _exit(exit_status);
}

void deadline_begin(int status)
{
    sigset_t alone;
    sigemptyset(&alone);
    sigaddset(&alone, SIGALRM);
    exit_status = status;
    sigaction(SIGALRM, &(struct sigaction){ .sa_handler = end_now }, NULL);
    pthread_sigmask(SIG_UNBLOCK, &alone, NULL);
    alarm(DEADLINE_SECONDS);
}
