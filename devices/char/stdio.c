// The program's standard input and output: at a terminal raw, with the jobs of a shell; else as they are.
#include "lparun/error.h"
#include "lparun/terminal_mode.h"
#include "stream.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define LOOK_MS 200 // between two looks whether a job in the background came to the front

typedef struct Stdio {
    Stream stream; // stays first
    bool is_tty;   // standard input
    bool signals, escapes;
    guint look; // a timer, or 0
} Stdio;

static Stdio *the_one; // there is one standard input

static void clear_look(Stdio *stdio)
{
    if (stdio->look)
        g_source_remove(stdio->look);
    stdio->look = 0;
}

static gboolean look(gpointer data);

// Raw and heard in the front; in the background what is typed is for others.
static void take_terminal(Stdio *stdio)
{
    clear_look(stdio);
    stdio->stream.in = STDIN_FILENO;
    stdio->stream.is_off = terminal_mode_take(stdio->signals) == TERMINAL_BACKGROUND;
    stream_watch(&stdio->stream);
    if (stdio->stream.is_off)
        stdio->look = g_timeout_add(LOOK_MS, look, stdio);
}

static gboolean look(gpointer data)
{
    Stdio *stdio = data;
    stdio->look = 0;
    take_terminal(stdio);
    return G_SOURCE_REMOVE;
}

// The end of input is not the end of the guest.
static void on_end(void *owner, int error)
{
    Stdio *stdio = owner;
    if (error == EIO && stdio->is_tty && terminal_mode_take(stdio->signals) == TERMINAL_BACKGROUND)
        take_terminal(stdio);
}

// kill -TSTP: the shell gets its terminal as it was. A job without a shell is not stopped, and nothing tells
// it to go on.
static void on_stop(void *owner, int number)
{
    Stdio *stdio = owner;
    const ChardevHost *host = chardev_host(stdio->stream.chardev);
    terminal_mode_restore();
    host->obey_signal(host->owner, number);
    take_terminal(stdio);
}

static void on_continue(void *owner, int number)
{
    take_terminal(owner);
}

static void start(void *self, const ChardevHost *host)
{
    Stdio *stdio = self;
    stdio->stream.is_off = false;
    stdio->is_tty = isatty(STDIN_FILENO);
    if (!stdio->is_tty) {
        stream_watch(&stdio->stream);
        return;
    }
    if (stdio->escapes)
        chardev_look_for_escapes(stdio->stream.chardev);
    host->watch_signal(host->owner, SIGTSTP, on_stop, stdio);
    host->watch_signal(host->owner, SIGCONT, on_continue, stdio);
    take_terminal(stdio);
}

static void stop(void *self)
{
    Stdio *stdio = self;
    stream_stop(stdio);
    clear_look(stdio);
    terminal_mode_restore();
}

// Behind the output it waits for nobody: the main thread has other things to hear.
static void say(void *self, const char *text)
{
    if (isatty(STDOUT_FILENO))
        stream_put(self, (const uint8_t *)text, strlen(text));
    else
        g_printerr("%s", text);
}

static void free_stdio(void *self)
{
    Stdio *stdio = self;
    stop(stdio);
    stdio->stream.in = stdio->stream.out = -1; // they stay open
    stream_close(&stdio->stream);
    the_one = NULL;
    g_free(stdio);
}

static const Backend backend = {
    .put = stream_put,
    .start = start,
    .want = stream_want,
    .stop = stop,
    .drain = stream_drain,
    .drop = stream_drop,
    .say = say,
    .free = free_stdio,
};

static bool open_stdio(Chardev *chardev, const void *values, GError **error)
{
    const StdioValues *given = values;
    if (the_one)
        return error_user(error, "there is one standard input, and chardev %s has it; give it once",
            chardev_id(the_one->stream.chardev));
    Stdio *stdio = g_new0(Stdio, 1);
    stdio->signals = given->signals;
    stdio->escapes = given->escapes;
    stream_init(&stdio->stream, chardev, stdio);
    stdio->stream.ended = on_end;
    stdio->stream.in = STDIN_FILENO;
    stdio->stream.is_off = true; // until it starts
    chardev_become(chardev, &backend, stdio);
    chardev_is_ours(chardev);
    the_one = stdio;
    chardev_set_peer(chardev, true);
    return stream_write_by_thread(&stdio->stream, STDOUT_FILENO, "console", error);
}

static const Key keys[] = {
    { "signal", KEY_SWITCH, offsetof(StdioValues, signals),
        .help = "at a terminal, Ctrl-C ends lparun (default on; off in -serial stdio)" },
    { 0 },
};

static const StdioValues defaults = { .signals = true };

const ChardevKind stdio_chardev = {
    .kind = { .name = "stdio",
        .help = "standard input and output",
        .keys = keys,
        .size = sizeof(StdioValues) },
    .open = open_stdio,
    .defaults = &defaults,
};
