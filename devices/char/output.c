// The way of output to a descriptor: a buffer, and a thread that may wait for who reads it, or the main loop.
//
// No look at a terminal or a file says that a write will not wait: Ctrl-S, a line feed that grows or a slow
// disk are enough. So no vCPU writes there. Sockets and other descriptors of lparun's own are asked not to
// wait.
#include "output.h"
#include "lparun/chardev.h"
#include "lparun/thread.h"
#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <unistd.h>

#define AT_ONCE 256                 // bytes of a write: one that waits says nothing of what it has written
#define PATIENCE G_TIME_SPAN_SECOND // for a reader to take some

struct Output {
    OutputOwner owner;
    int fd;
    int priority;
    Thread *thread; // NULL: the main loop
    GMutex lock;    // guards what follows
    GCond changed;  // there is something to write, something was written, or the end is near
    uint8_t bytes[CHARDEV_OUTPUT];
    size_t first, count;
    guint source; // of the main loop, while it waits for room; or 0
    bool refused; // somebody is to be told of room
    bool idle;    // the thread waits for more
    bool telling; // the thread is in a function of the owner's
    bool gone;    // nobody reads any more: a closed pipe, a lost terminal
    bool ending;  // the thread shall end when it can
    bool ended;
    bool abandoned; // nobody waits for that: the buffer is the thread's
};

// At least one byte, or -errno. The thread's own descriptor may have been made non-blocking by others.
static ssize_t write_some(int fd, const uint8_t *bytes, size_t length, bool wait)
{
    for (;;) {
        ssize_t done = write(fd, bytes, length);
        if (done > 0)
            return done;
        if (done == 0 || (errno != EINTR && errno != EAGAIN))
            return done == 0 ? -EIO : -errno;
        struct pollfd room = { .fd = fd, .events = POLLOUT };
        if (errno == EAGAIN && !wait)
            return -EAGAIN;
        if (errno == EAGAIN)
            poll(&room, 1, -1);
    }
}

// `done` bytes of the buffer have gone, or -errno. Under the lock. True: `owner` is to be told of room.
static bool note_written(Output *output, ssize_t done)
{
    output->gone = done < 0;
    size_t gone = done < 0 ? output->count : (size_t)done;
    output->first = (output->first + gone) % CHARDEV_OUTPUT;
    output->count -= gone;
    g_cond_broadcast(&output->changed);
    bool tell = output->refused;
    output->refused = false;
    return tell && output->owner.room;
}

static size_t next_length(const Output *output, size_t most)
{
    return MIN(MIN(output->count, most), CHARDEV_OUTPUT - output->first);
}

// --- The thread.

// Under the lock, which it gives up for a while.
static void write_next(Output *output)
{
    size_t length = next_length(output, AT_ONCE);
    g_mutex_unlock(&output->lock);
    ssize_t done = write_some(output->fd, output->bytes + output->first, length, true);
    g_mutex_lock(&output->lock);
    if (!note_written(output, done) || output->ending)
        return;
    output->telling = true;
    g_mutex_unlock(&output->lock);
    output->owner.room(output->owner.owner);
    g_mutex_lock(&output->lock);
    output->telling = false;
    g_cond_broadcast(&output->changed);
}

static void release(Output *output)
{
    g_mutex_clear(&output->lock);
    g_cond_clear(&output->changed);
    g_free(output);
}

static void write_thread(void *owner)
{
    Output *output = owner;
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

static Output *make(const OutputOwner *owner, int fd)
{
    Output *output = g_new0(Output, 1);
    output->owner = *owner;
    output->fd = fd;
    g_mutex_init(&output->lock);
    g_cond_init(&output->changed);
    return output;
}

Output *output_new_waiting(int fd, const char *name, const OutputOwner *owner, GError **error)
{
    Output *output = make(owner, fd);
    output->thread = thread_start(THREAD_CONSOLE, name, write_thread, output, error);
    if (output->thread)
        return output;
    release(output);
    return NULL;
}

// --- The main loop.

Output *output_new_ready(const OutputOwner *owner, int priority)
{
    Output *output = make(owner, -1);
    output->priority = priority;
    return output;
}

// Under the lock. True: `owner` is to be told of room.
static bool flush(Output *output)
{
    bool tell = false;
    while (output->count > 0 && !output->gone) {
        ssize_t done =
            write_some(output->fd, output->bytes + output->first, next_length(output, CHARDEV_OUTPUT), false);
        if (done == -EAGAIN)
            break;
        tell |= note_written(output, done);
    }
    return tell;
}

static gboolean on_room(gint fd, GIOCondition condition, gpointer data)
{
    Output *output = data;
    g_mutex_lock(&output->lock);
    bool tell = flush(output), more = output->count > 0, gone = output->gone;
    if (!more)
        output->source = 0;
    g_mutex_unlock(&output->lock);
    if (gone && output->owner.gone) // which may be the end of `output`
        output->owner.gone(output->owner.owner);
    else if (tell)
        output->owner.room(output->owner.owner);
    return more;
}

// Under the lock. True: `owner` is to be told of room.
static bool flush_or_wait(Output *output)
{
    bool tell = flush(output);
    if ((output->count > 0 || output->gone) && !output->source) // of one that has gone the main thread hears
        output->source = g_unix_fd_add_full(output->priority, output->fd, G_IO_OUT, on_room, output, NULL);
    return tell;
}

static void stop_waiting(Output *output)
{
    if (output->source)
        g_source_remove(output->source);
    output->source = 0;
}

void output_set(Output *output, int fd)
{
    g_mutex_lock(&output->lock);
    stop_waiting(output);
    output->fd = fd;
    output->count = 0;
    output->gone = output->refused = false;
    g_mutex_unlock(&output->lock);
}

// --- Both.

// Under the lock. True: `owner` is to be told of room, which another put was refused.
static bool append(Output *output, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        output->bytes[(output->first + output->count++) % CHARDEV_OUTPUT] = bytes[i];
    if (!output->thread)
        return flush_or_wait(output);
    if (output->idle)
        g_cond_broadcast(&output->changed);
    return false;
}

bool output_put(Output *output, const uint8_t *bytes, size_t length)
{
    g_mutex_lock(&output->lock);
    bool nowhere = output->gone || output->fd < 0;
    bool fits = length <= CHARDEV_OUTPUT - output->count;
    bool tell = fits && !nowhere && length > 0 && append(output, bytes, length);
    output->refused |= !fits && !nowhere;
    g_mutex_unlock(&output->lock);
    if (tell)
        output->owner.room(output->owner.owner);
    return fits || nowhere;
}

bool output_has_room(Output *output, size_t length)
{
    g_mutex_lock(&output->lock);
    bool has = output->gone || output->fd < 0 || length <= CHARDEV_OUTPUT - output->count;
    output->refused |= !has;
    g_mutex_unlock(&output->lock);
    return has;
}

// But for what the thread is writing.
void output_clear(Output *output)
{
    g_mutex_lock(&output->lock);
    if (!output->thread)
        output->count = 0;
    g_mutex_unlock(&output->lock);
}

// Under the lock: waits for one that reads, and lets it have some.
static void flush_until(Output *output, gint64 until)
{
    gint64 left = until - g_get_monotonic_time();
    struct pollfd room = { .fd = output->fd, .events = POLLOUT };
    if (left > 0)
        poll(&room, 1, (int)(left / G_TIME_SPAN_MILLISECOND + 1));
    flush(output);
}

void output_drain(Output *output, gint64 end)
{
    g_mutex_lock(&output->lock);
    bool moves = true;
    while (output->count > 0 && moves) {
        size_t before = output->count;
        gint64 until = MIN(g_get_monotonic_time() + PATIENCE, end);
        if (!output->thread)
            flush_until(output, until);
        while (output->thread && output->count == before &&
               g_cond_wait_until(&output->changed, &output->lock, until))
            ;
        moves = output->count < before;
    }
    g_mutex_unlock(&output->lock);
}

// The thread ends, or is left behind: false. Under the lock, which it gives up.
static bool end_thread(Output *output)
{
    output->ending = true;
    g_cond_broadcast(&output->changed);
    while (output->telling)
        g_cond_wait(&output->changed, &output->lock);
    gint64 end = g_get_monotonic_time() + (output->count > 0 ? 0 : PATIENCE);
    while (!output->ended && g_cond_wait_until(&output->changed, &output->lock, end))
        ;
    Thread *thread = output->thread;
    bool ended = output->ended;
    output->abandoned = !ended;
    g_mutex_unlock(&output->lock);
    if (!ended) {
        thread_abandon(thread);
        return false;
    }
    thread_join(thread);
    release(output);
    return true;
}

bool output_free(Output *output)
{
    if (!output)
        return true;
    g_mutex_lock(&output->lock);
    stop_waiting(output);
    if (output->thread)
        return end_thread(output);
    g_mutex_unlock(&output->lock);
    release(output);
    return true;
}
