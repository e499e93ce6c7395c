// The mode of the terminal that standard input is: raw while lparun has it, as it was otherwise.
#include "lparun/terminal_mode.h"
#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved, raw;
static bool was_taken; // both say something
static volatile sig_atomic_t is_raw;

// At once: what is not written yet may never be read. In the background the mode is another job's.
void terminal_mode_restore(void)
{
    if (is_raw && tcgetpgrp(STDIN_FILENO) == getpgrp())
        tcsetattr(STDIN_FILENO, TCSANOW, &saved);
    is_raw = 0;
}

// A crash leaves the terminal as it was, too; then the signal does what it would have done.
static void restore_and_die(int signal_number)
{
    terminal_mode_restore();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void prepare(void)
{
    static const int deadly[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS, SIGQUIT };
    static bool prepared;
    if (prepared)
        return;
    prepared = true;
    atexit(terminal_mode_restore);
    for (unsigned i = 0; i < G_N_ELEMENTS(deadly); i++)
        signal(deadly[i], restore_and_die);
    // Whoever takes the foreground away between our look and our deed must not stop the guest.
    signal(SIGTTIN, SIG_IGN);
    signal(SIGTTOU, SIG_IGN);
}

static bool is_same(const struct termios *a, const struct termios *b)
{
    return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_lflag == b->c_lflag &&
           a->c_cflag == b->c_cflag;
}

static bool make_raw(bool with_signals)
{
    struct termios now;
    if (tcgetattr(STDIN_FILENO, &now) < 0)
        return false;
    if (!was_taken || !is_same(&now, &raw)) { // a shell may leave it raw while we are stopped
        is_raw = 0;
        saved = raw = now;
        cfmakeraw(&raw);
        raw.c_oflag |= OPOST; // lparun's own lines still end as they should
        if (with_signals)
            raw.c_lflag |= ISIG; // Ctrl-C and Ctrl-Z are the program's
    }
    was_taken = true;
    is_raw = 1;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    return true;
}

TerminalMode terminal_mode_take(bool with_signals)
{
    pid_t foreground = tcgetpgrp(STDIN_FILENO);
    if (foreground < 0)
        return TERMINAL_NONE;
    prepare();
    if (foreground != getpgrp()) {
        is_raw = 0;
        return TERMINAL_BACKGROUND;
    }
    return make_raw(with_signals) ? TERMINAL_RAW : TERMINAL_NONE;
}
