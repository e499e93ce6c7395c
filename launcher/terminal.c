// The host's terminal: raw mode and back, input with Ctrl-A as its escape, output that never waits.
#include "terminal.h"
#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define ESCAPE 0x01 // Ctrl-A

struct Terminal {
    bool enabled;
    bool stdout_is_file;        // always ready: no need to ask
    atomic_bool stdout_is_gone; // a closed pipe or a lost terminal
    void (*quit)(void *owner);
    void *owner;
    Vty *vty;
    bool is_tty;         // stdin
    guint source;        // watches stdin; 0 while it does not
    bool escaped;        // Ctrl-A was the last byte
    uint8_t pending[64]; // read, but the vty had no room
    size_t pending_count;
};

// What stdin was before, for the handlers of deadly signals too.
static struct termios saved;
static volatile sig_atomic_t is_raw;

// At once: what is not written yet may never be read.
void terminal_restore(void)
{
    if (is_raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &saved);
    is_raw = 0;
}

// A crash leaves the terminal as it was, too; then the signal does what it would have done.
static void restore_and_die(int signal_number)
{
    terminal_restore();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void make_raw(void)
{
    static const int deadly[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS, SIGQUIT };
    if (!isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp() || tcgetattr(STDIN_FILENO, &saved) < 0)
        return;
    struct termios raw = saved;
    cfmakeraw(&raw);
    raw.c_oflag |= OPOST; // lparun's own lines still end as they should
    is_raw = 1;
    atexit(terminal_restore);
    for (unsigned i = 0; i < G_N_ELEMENTS(deadly); i++)
        signal(deadly[i], restore_and_die);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

Terminal *terminal_new(bool enabled, void (*quit)(void *owner), void *owner)
{
    Terminal *terminal = g_new0(Terminal, 1);
    terminal->enabled = enabled;
    terminal->quit = quit;
    terminal->owner = owner;
    struct stat status;
    terminal->stdout_is_file = fstat(STDOUT_FILENO, &status) == 0 && S_ISREG(status.st_mode);
    return terminal;
}

void terminal_free(Terminal *terminal)
{
    if (!terminal)
        return;
    if (terminal->source)
        g_source_remove(terminal->source);
    terminal_restore();
    g_free(terminal);
}

// A reader that is slow, or stopped by Ctrl-S, must not hold up the vCPU: the guest is told to come again.
static bool is_ready(const Terminal *terminal)
{
    struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
    return terminal->stdout_is_file || (poll(&out, 1, 0) == 1);
}

static size_t write_out(void *owner, const uint8_t *bytes, size_t length)
{
    Terminal *terminal = owner;
    if (!terminal->enabled || atomic_load_explicit(&terminal->stdout_is_gone, memory_order_relaxed))
        return length; // nobody reads it: the guest runs on
    if (!is_ready(terminal))
        return 0;
    size_t done = 0;
    while (done < length) {
        ssize_t result = write(STDOUT_FILENO, bytes + done, length - done);
        if (result < 0 && errno == EINTR)
            continue;
        if (result < 0 && errno == EAGAIN)
            return done;
        if (result < 0) {
            atomic_store(&terminal->stdout_is_gone, true);
            return length;
        }
        done += (size_t)result;
    }
    return done;
}

// Own lines for the user: stderr, with the carriage return that a raw terminal may need.
static void help(void)
{
    g_printerr("\r\nCtrl-A x  end the guest\r\nCtrl-A h  this help\r\nCtrl-A Ctrl-A  send Ctrl-A\r\n");
}

// Takes the escape sequences out of what was typed. Returns the bytes left for the guest.
static size_t take_escapes(Terminal *terminal, uint8_t *bytes, size_t length)
{
    size_t kept = 0;
    for (size_t i = 0; i < length; i++) {
        if (!terminal->escaped && bytes[i] == ESCAPE) {
            terminal->escaped = true;
            continue;
        }
        bool escaped = terminal->escaped;
        terminal->escaped = false;
        if (!escaped || bytes[i] == ESCAPE)
            bytes[kept++] = bytes[i];
        else if (bytes[i] == 'x')
            terminal->quit(terminal->owner);
        else if (bytes[i] == 'h' || bytes[i] == '?')
            help();
    }
    return kept;
}

static gboolean on_input(gint fd, GIOCondition condition, gpointer data);

// A pipe waits until all was taken. At a terminal Ctrl-A x must always be heard: what does not fit is lost.
static bool wants_input(const Terminal *terminal)
{
    return terminal->is_tty || terminal->pending_count == 0;
}

static void pass_on(Terminal *terminal)
{
    size_t taken = vty_input(terminal->vty, terminal->pending, terminal->pending_count);
    terminal->pending_count -= taken;
    memmove(terminal->pending, terminal->pending + taken, terminal->pending_count);
    if (wants_input(terminal) && !terminal->source)
        terminal->source = g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, terminal);
}

static gboolean on_input(gint fd, GIOCondition condition, gpointer data)
{
    Terminal *terminal = data;
    uint8_t bytes[sizeof terminal->pending];
    ssize_t length = read(fd, bytes, sizeof bytes);
    if (length < 0 && (errno == EINTR || errno == EAGAIN))
        return G_SOURCE_CONTINUE;
    if (length > 0) {
        size_t count = terminal->is_tty ? take_escapes(terminal, bytes, (size_t)length) : (size_t)length;
        count = MIN(count, sizeof terminal->pending - terminal->pending_count);
        memcpy(terminal->pending + terminal->pending_count, bytes, count);
        terminal->pending_count += count;
        pass_on(terminal);
    }
    if (length > 0 && wants_input(terminal))
        return G_SOURCE_CONTINUE;
    terminal->source = 0; // the end of input is not the end of the guest
    return G_SOURCE_REMOVE;
}

static gboolean on_room(gpointer data)
{
    Terminal *terminal = data;
    if (terminal->pending_count > 0)
        pass_on(terminal);
    return G_SOURCE_REMOVE;
}

static void has_room(void *owner)
{
    g_idle_add(on_room, owner);
}

VtyHost terminal_vty_host(Terminal *terminal)
{
    return (VtyHost){ .write = write_out, .has_room = has_room, .owner = terminal };
}

void terminal_start(Terminal *terminal, Vty *vty)
{
    terminal->vty = vty;
    signal(SIGPIPE, SIG_IGN);
    if (!terminal->enabled)
        return;
    terminal->is_tty = isatty(STDIN_FILENO);
    make_raw();
    terminal->source = g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, terminal);
}
