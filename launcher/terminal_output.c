// The console's way to standard output: a buffer, and a thread that may wait for who reads it.
//
// No look at a terminal says that a write will not wait: Ctrl-S, or a line feed that grows, are enough. So no
// vCPU writes.
#include "terminal_output.h"
#include "lparun/error.h"
#include "lparun/thread.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define AT_ONCE 256                 // bytes of a write: one that waits says nothing of what it has written
#define PATIENCE G_TIME_SPAN_SECOND // for a reader to take some
// Less than the deadline of an end: the rest of it has to come.
#define PATIENCE_IN_ALL (3 * G_TIME_SPAN_SECOND / 2)

struct TerminalOutput {
    int fd;
    Thread *thread;
    GMutex lock;   // guards what follows
    GCond changed; // there is something to write, something was written, or the end is near
    uint8_t bytes[TERMINAL_OUTPUT];
    size_t first, count;
    bool idle;   // the thread waits for more
    bool gone;   // nobody reads any more: a closed pipe, a lost terminal
    bool ending; // the thread shall end when it can
    bool ended;
    bool abandoned; // nobody waits for that: the buffer is the thread's
};

// At least one byte, or -errno. The thread's own descriptor may have been made non-blocking by others.
static ssize_t write_some(int fd, const uint8_t *bytes, size_t length)
{
    for (;;) {
        ssize_t done = write(fd, bytes, length);
        if (done > 0)
            return done;
        if (done == 0 || (errno != EINTR && errno != EAGAIN))
            return done == 0 ? -EIO : -errno;
        struct pollfd room = { .fd = fd, .events = POLLOUT };
        if (errno == EAGAIN)
            poll(&room, 1, -1);
    }
}

// Under the lock, which it gives up for a while.
static void write_next(TerminalOutput *output)
{
    size_t length = MIN(MIN(output->count, AT_ONCE), TERMINAL_OUTPUT - output->first);
    g_mutex_unlock(&output->lock);
    ssize_t done = write_some(output->fd, output->bytes + output->first, length);
    g_mutex_lock(&output->lock);
    output->gone = done < 0;
    size_t gone = done < 0 ? output->count : (size_t)done;
    output->first = (output->first + gone) % TERMINAL_OUTPUT;
    output->count -= gone;
    g_cond_broadcast(&output->changed);
}

static void release(TerminalOutput *output)
{
    g_mutex_clear(&output->lock);
    g_cond_clear(&output->changed);
    g_free(output);
}

static void write_thread(void *owner)
{
    TerminalOutput *output = owner;
    g_mutex_lock(&output->lock);
    while (!output->ending) {
        if (output->count > 0) {
            write_next(output);
            continue;
        }
        output->idle = true;
        g_cond_wait(&output->changed, &output->lock);
        output->idle = false;
    }
    output->ended = true;
    bool abandoned = output->abandoned;
    g_cond_broadcast(&output->changed);
    g_mutex_unlock(&output->lock);
    if (abandoned)
        release(output);
}

TerminalOutput *terminal_output_new(int fd, GError **error)
{
    TerminalOutput *output = g_new0(TerminalOutput, 1);
    output->fd = fd;
    g_mutex_init(&output->lock);
    g_cond_init(&output->changed);
    output->thread = thread_start(THREAD_CONSOLE, "console", write_thread, output, error);
    if (output->thread)
        return output;
    release(output);
    return NULL;
}

bool terminal_output_put(TerminalOutput *output, const uint8_t *bytes, size_t length)
{
    g_mutex_lock(&output->lock);
    bool fits = length <= TERMINAL_OUTPUT - output->count;
    for (size_t i = 0; fits && !output->gone && i < length; i++)
        output->bytes[(output->first + output->count++) % TERMINAL_OUTPUT] = bytes[i];
    if (output->idle && output->count > 0)
        g_cond_broadcast(&output->changed);
    bool taken = fits || output->gone;
    g_mutex_unlock(&output->lock);
    return taken;
}

void terminal_output_drain(TerminalOutput *output)
{
    gint64 end = g_get_monotonic_time() + PATIENCE_IN_ALL;
    g_mutex_lock(&output->lock);
    bool moves = true;
    while (output->count > 0 && moves) {
        size_t before = output->count;
        gint64 until = MIN(g_get_monotonic_time() + PATIENCE, end);
        while (output->count == before && g_cond_wait_until(&output->changed, &output->lock, until))
            ;
        moves = output->count < before;
    }
    g_mutex_unlock(&output->lock);
}

void terminal_output_free(TerminalOutput *output)
{
    if (!output)
        return;
    g_mutex_lock(&output->lock);
    output->ending = true;
    g_cond_broadcast(&output->changed);
    gint64 end = g_get_monotonic_time() + (output->count > 0 ? 0 : PATIENCE);
    while (!output->ended && g_cond_wait_until(&output->changed, &output->lock, end))
        ;
    Thread *thread = output->thread;
    bool ended = output->ended;
    output->abandoned = !ended;
    g_mutex_unlock(&output->lock);
    if (!ended) {
        thread_abandon(thread);
        return;
    }
    thread_join(thread);
    release(output);
}
