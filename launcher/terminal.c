// The host's terminal: input with Ctrl-A as its escape, jobs of a shell, and output that no vCPU waits for.
#include "terminal.h"
#include "terminal_mode.h"
#include "terminal_output.h"
#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

#define ESCAPE 0x01        // Ctrl-A
#define LOOK_MS 200        // between two looks whether a job in the background came to the front
#define AT_ONCE 4096       // bytes of input
#define KEPT (64u * 1024u) // bytes that were passed on and may still stand before those that were not

struct Terminal {
    TerminalOutput *output; // or NULL
    void (*quit)(void *owner);
    void *owner;
    Vty *vty;
    Signals *signals;
    bool is_tty;      // stdin
    guint source;     // watches stdin; 0 while it does not
    guint look;       // a timer, or 0
    bool escaped;     // Ctrl-A was the last byte
    GByteArray *read; // what the vty had no room for, from `passed` on
    unsigned passed;
};

Terminal *terminal_new(bool enabled, void (*quit)(void *owner), void *owner, GError **error)
{
    TerminalOutput *output = enabled ? terminal_output_new(STDOUT_FILENO, error) : NULL;
    if (enabled && !output)
        return NULL;
    Terminal *terminal = g_new0(Terminal, 1);
    terminal->output = output;
    terminal->quit = quit;
    terminal->owner = owner;
    terminal->read = g_byte_array_new();
    return terminal;
}

static void clear_source(guint *source)
{
    if (*source)
        g_source_remove(*source);
    *source = 0;
}

void terminal_stop(Terminal *terminal)
{
    clear_source(&terminal->source);
    clear_source(&terminal->look);
    terminal_mode_restore();
    if (terminal->output)
        terminal_output_drain(terminal->output);
}

void terminal_free(Terminal *terminal)
{
    if (!terminal)
        return;
    clear_source(&terminal->source);
    clear_source(&terminal->look);
    terminal_mode_restore();
    terminal_output_free(terminal->output);
    g_byte_array_unref(terminal->read);
    g_free(terminal);
}

static size_t write_out(void *owner, const uint8_t *bytes, size_t length)
{
    const Terminal *terminal = owner;
    // Without a reader the guest runs on.
    return !terminal->output || terminal_output_put(terminal->output, bytes, length) ? length : 0;
}

// With the carriage return that a raw terminal may need. Behind the console's output it waits for nobody: the
// main thread has other things to hear.
static void help(const Terminal *terminal)
{
    static const char text[] =
        "\r\nCtrl-A x  end the guest\r\nCtrl-A h  this help\r\nCtrl-A Ctrl-A  send Ctrl-A\r\n";
    if (isatty(STDOUT_FILENO))
        terminal_output_put(terminal->output, (const uint8_t *)text, sizeof text - 1);
    else
        g_printerr("%s", text);
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
            help(terminal);
    }
    return kept;
}

static unsigned waiting(const Terminal *terminal)
{
    return terminal->read->len - terminal->passed;
}

// A pipe waits until all was taken. A terminal is read on, so that Ctrl-A x is heard in any case.
static bool wants_input(const Terminal *terminal)
{
    return terminal->is_tty || waiting(terminal) == 0;
}

static gboolean on_input(gint fd, GIOCondition condition, gpointer data);

static void watch_input(Terminal *terminal)
{
    if (!terminal->source)
        terminal->source = g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, terminal);
}

static void pass_on(Terminal *terminal)
{
    const uint8_t *next = terminal->read->data + terminal->passed;
    terminal->passed += (unsigned)vty_input(terminal->vty, next, waiting(terminal));
    if (!waiting(terminal) || terminal->passed >= KEPT) {
        g_byte_array_remove_range(terminal->read, 0, terminal->passed);
        terminal->passed = 0;
    }
}

static void take_input(Terminal *terminal, uint8_t *bytes, size_t length)
{
    size_t count = terminal->is_tty ? take_escapes(terminal, bytes, length) : length;
    count = MIN(count, TERMINAL_TYPED - waiting(terminal));
    g_byte_array_append(terminal->read, bytes, (guint)count);
    pass_on(terminal);
}

static gboolean look(gpointer data);

// Raw and heard in the front; in the background what is typed is for others.
static void take_terminal(Terminal *terminal)
{
    clear_source(&terminal->look);
    if (terminal_mode_take() != TERMINAL_BACKGROUND) {
        watch_input(terminal);
        return;
    }
    clear_source(&terminal->source);
    terminal->look = g_timeout_add(LOOK_MS, look, terminal);
}

static gboolean look(gpointer data)
{
    Terminal *terminal = data;
    terminal->look = 0;
    take_terminal(terminal);
    return G_SOURCE_REMOVE;
}

static gboolean on_input(gint fd, GIOCondition condition, gpointer data)
{
    Terminal *terminal = data;
    uint8_t bytes[AT_ONCE];
    ssize_t length = read(fd, bytes, sizeof bytes);
    int error = errno;
    if (length < 0 && (error == EINTR || error == EAGAIN))
        return G_SOURCE_CONTINUE;
    if (length > 0)
        take_input(terminal, bytes, (size_t)length);
    if (length > 0 && wants_input(terminal))
        return G_SOURCE_CONTINUE;
    terminal->source = 0; // the end of input is not the end of the guest
    if (length < 0 && error == EIO && terminal_mode_take() == TERMINAL_BACKGROUND)
        take_terminal(terminal);
    return G_SOURCE_REMOVE;
}

static gboolean on_room(gpointer data)
{
    Terminal *terminal = data;
    bool waited = waiting(terminal) > 0;
    if (waited)
        pass_on(terminal);
    if (waited && !terminal->is_tty && wants_input(terminal))
        watch_input(terminal);
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

// kill -TSTP: the shell gets its terminal as it was. A job without a shell is not stopped, and nothing tells
// it to go on.
static void on_stop(void *owner, int number)
{
    Terminal *terminal = owner;
    terminal_mode_restore();
    signals_obey(terminal->signals, number);
    take_terminal(terminal);
}

static void on_continue(void *owner, int number)
{
    take_terminal(owner);
}

void terminal_start(Terminal *terminal, Vty *vty, Signals *signals)
{
    terminal->vty = vty;
    terminal->signals = signals;
    signal(SIGPIPE, SIG_IGN);
    if (!terminal->output)
        return;
    terminal->is_tty = isatty(STDIN_FILENO);
    if (!terminal->is_tty) {
        watch_input(terminal);
        return;
    }
    signals_watch(signals, SIGTSTP, on_stop, terminal);
    signals_watch(signals, SIGCONT, on_continue, terminal);
    take_terminal(terminal);
}

static void free_part(void *part)
{
    terminal_free(part);
}

const PartOps terminal_part = { .kind = "terminal", .free = free_part };
