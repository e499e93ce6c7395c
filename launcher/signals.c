// Signals as events of the main loop.
#include "signals.h"
#include "lparun/error.h"
#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct Watch {
    void (*came)(void *owner, int number);
    void *owner;
} Watch;

struct Signals {
    guint source;
    Watch watches[NSIG];
};

// For the handler.
static int wake = -1;
static volatile sig_atomic_t pending[NSIG];

static void on_signal(int number)
{
    int error = errno;
    pending[number] = 1;
    eventfd_write(wake, 1);
    errno = error;
}

static gboolean dispatch(gint fd, GIOCondition condition, gpointer data)
{
    const Signals *signals = data;
    eventfd_t count;
    eventfd_read(fd, &count);
    for (int number = 1; number < NSIG; number++) {
        if (!pending[number])
            continue;
        pending[number] = 0;
        signals->watches[number].came(signals->watches[number].owner, number);
    }
    return G_SOURCE_CONTINUE;
}

Signals *signals_new(GError **error)
{
    wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake < 0) {
        error_host(error, "signals: no file descriptor left: %s; raise ulimit -n", g_strerror(errno));
        return NULL;
    }
    Signals *signals = g_new0(Signals, 1);
    signals->source = g_unix_fd_add(wake, G_IO_IN, dispatch, signals);
    return signals;
}

static void handle(int number, void (*handler)(int number))
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
    sigaction(number, &action, NULL);
}

// What comes later is ignored: the end is under way.
void signals_free(Signals *signals)
{
    if (!signals)
        return;
    for (int number = 1; number < NSIG; number++)
        if (signals->watches[number].came)
            handle(number, SIG_IGN);
    g_source_remove(signals->source);
    close(wake);
    wake = -1;
    g_free(signals);
}

void signals_watch(Signals *signals, int number, void (*came)(void *owner, int number), void *owner)
{
    struct sigaction before;
    if (sigaction(number, NULL, &before) < 0 || before.sa_handler == SIG_IGN)
        return;
    signals->watches[number] = (Watch){ came, owner };
    handle(number, on_signal);
}

void signals_obey(Signals *signals, int number)
{
    handle(number, SIG_DFL);
    raise(number);
    handle(number, on_signal);
}
