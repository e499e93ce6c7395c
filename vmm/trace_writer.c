// Writes the lines of tracing: a thread that may wait for who reads them, as no other does.
#include "lparun/error.h"
#include "lparun/thread.h"
#include "trace_internal.h"
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LINES 4096                            // that wait, of half a KiB each
#define AT_ONCE 32768                         // bytes of a write
#define PATIENCE (3 * G_TIME_SPAN_SECOND / 2) // less than an end's deadline

typedef struct Sink {
    int fd;
    bool gone; // a write failed: a full disk, a closed pipe
    _Atomic uint64_t dropped;
    unsigned length;
    char bytes[AT_ONCE];
} Sink;

struct TraceWriter {
    TraceRing *ring;
    Sink sinks[TRACE_SINKS];
    Sink *to[TRACE_SINKS]; // one of `sinks` each: the same where they share a descriptor
    int wake;              // an eventfd; rung where `asleep`
    atomic_bool asleep, ending;
    Thread *thread;
    GMutex lock; // guards what follows
    GCond changed;
    bool ended;
    bool abandoned; // nobody waits for that: all of it is the thread's
};

// --- Descriptors.

static bool write_some(int fd, const char *bytes, unsigned length, unsigned *done)
{
    ssize_t written = write(fd, bytes, length);
    *done = written > 0 ? (unsigned)written : 0;
    if (written > 0 || (written < 0 && errno == EINTR))
        return true;
    struct pollfd room = { .fd = fd, .events = POLLOUT };
    return written < 0 && errno == EAGAIN && poll(&room, 1, -1) >= 0;
}

// Said once, where a person may see it. What goes there itself has no other place.
static void tell_gone(const Sink *sink)
{
    int error = errno;
    if (sink->fd != STDERR_FILENO)
        error_tell("a trace ends here, as it cannot be written: %s", g_strerror(error));
}

static void flush(Sink *sink)
{
    for (unsigned at = 0, done; at < sink->length && !sink->gone; at += done)
        if (!write_some(sink->fd, sink->bytes + at, sink->length - at, &done)) {
            sink->gone = true;
            tell_gone(sink);
        }
    sink->length = 0;
}

static void add(Sink *sink, const char *text, unsigned length)
{
    if (sink->length + length > sizeof sink->bytes)
        flush(sink);
    memcpy(sink->bytes + sink->length, text, length);
    sink->length += length;
}

static void add_text(const char *text, void *sink)
{
    add(sink, text, (unsigned)strlen(text));
}

// --- The thread.

// A ring's worth at most, so that what was left out is told in between.
static bool take_some(TraceWriter *writer)
{
    unsigned count = 0;
    const TraceSlot *slot;
    for (; count < LINES && (slot = trace_ring_take(writer->ring)); count++) {
        add(writer->to[slot->sink], slot->text, slot->length);
        trace_ring_taken(writer->ring);
    }
    return count > 0;
}

static void finish(Sink *sink)
{
    uint64_t dropped = atomic_exchange(&sink->dropped, 0);
    char text[80];
    if (dropped > 0) {
        snprintf(text, sizeof text, "(%" G_GUINT64_FORMAT " lines left out: they came too fast)\n", dropped);
        add_text(text, sink);
    }
    flush(sink);
}

// Both sides say first what they did and look then (sequentially consistent): of a line that comes and a
// writer that falls asleep, one sees the other.
static void sleep_until_more(TraceWriter *writer)
{
    atomic_store(&writer->asleep, true);
    atomic_thread_fence(memory_order_seq_cst);
    eventfd_t count;
    if (!trace_ring_take(writer->ring) && !atomic_load(&writer->ending))
        eventfd_read(writer->wake, &count);
    atomic_store(&writer->asleep, false);
}

static void wake(TraceWriter *writer)
{
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&writer->asleep, memory_order_relaxed) &&
        atomic_exchange(&writer->asleep, false))
        eventfd_write(writer->wake, 1);
}

static void release(TraceWriter *writer)
{
    if (writer->wake >= 0)
        close(writer->wake);
    trace_ring_free(writer->ring);
    g_mutex_clear(&writer->lock);
    g_cond_clear(&writer->changed);
    g_free(writer);
}

static void write_all(TraceWriter *writer)
{
    for (;;) {
        bool ending = atomic_load(&writer->ending); // before the look: what came until then is written
        bool some = take_some(writer);
        for (unsigned i = 0; i < TRACE_SINKS; i++)
            finish(&writer->sinks[i]);
        if (!some && ending)
            return;
        if (!some)
            sleep_until_more(writer);
    }
}

static void write_thread(void *owner)
{
    TraceWriter *writer = owner;
    write_all(writer);
    trace_faults_left_out(add_text, writer->to[TRACE_SINK_LOG]);
    flush(writer->to[TRACE_SINK_LOG]);
    g_mutex_lock(&writer->lock);
    writer->ended = true;
    bool abandoned = writer->abandoned;
    g_cond_broadcast(&writer->changed);
    g_mutex_unlock(&writer->lock);
    if (abandoned)
        release(writer);
}

// --- From outside.

static bool start_thread(TraceWriter *writer, GError **error)
{
    writer->wake = eventfd(0, EFD_CLOEXEC);
    if (writer->wake < 0)
        return error_host(error, "tracing: no file descriptor left: %s; raise ulimit -n", g_strerror(errno));
    writer->thread = thread_start(THREAD_TRACE, "trace", write_thread, writer, error);
    return writer->thread;
}

TraceWriter *trace_writer_new(const TraceSetup *setup, GError **error)
{
    TraceWriter *writer = g_new0(TraceWriter, 1);
    writer->ring = trace_ring_new(LINES);
    writer->sinks[TRACE_SINK_EVENTS].fd = setup->events;
    writer->sinks[TRACE_SINK_LOG].fd = setup->log;
    writer->to[TRACE_SINK_EVENTS] = &writer->sinks[TRACE_SINK_EVENTS];
    writer->to[TRACE_SINK_LOG] =
        &writer->sinks[setup->log == setup->events ? TRACE_SINK_EVENTS : TRACE_SINK_LOG];
    g_mutex_init(&writer->lock);
    g_cond_init(&writer->changed);
    if (start_thread(writer, error))
        return writer;
    release(writer);
    return NULL;
}

void trace_writer_put(TraceWriter *writer, uint8_t sink, const char *text, unsigned length)
{
    if (!trace_ring_put(writer->ring, sink, text, length))
        atomic_fetch_add_explicit(&writer->to[sink]->dropped, 1, memory_order_relaxed);
    wake(writer);
}

// Is it ended? Where it waits for who does not read, all of it is left to it.
static bool await_end(TraceWriter *writer)
{
    gint64 until = g_get_monotonic_time() + PATIENCE;
    g_mutex_lock(&writer->lock);
    while (!writer->ended && g_cond_wait_until(&writer->changed, &writer->lock, until))
        ;
    bool ended = writer->ended;
    writer->abandoned = !ended;
    g_mutex_unlock(&writer->lock);
    return ended;
}

bool trace_writer_end(TraceWriter *writer)
{
    atomic_store(&writer->ending, true);
    atomic_store(&writer->asleep, false);
    eventfd_write(writer->wake, 1);
    Thread *thread = writer->thread;
    if (!await_end(writer)) {
        thread_abandon(thread);
        return false;
    }
    thread_join(thread);
    release(writer);
    return true;
}
