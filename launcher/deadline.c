// An end has a deadline: a disk that never answers, or a console that nobody reads, cannot keep the process.
#include "deadline.h"
#include "lparun/thread.h"
#include "lparun/terminal_mode.h"
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
    exit_status = status;
    sigaction(SIGALRM, &(struct sigaction){ .sa_handler = end_now }, NULL);
    thread_let_in(SIGALRM);
    alarm(DEADLINE_SECONDS);
}
