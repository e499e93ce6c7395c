// Bytes in and out by descriptors: what most kinds are made of.
#include "stream.h"
#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <unistd.h>

#define AT_ONCE 4096 // bytes of input
#define ENDS (G_IO_HUP | G_IO_ERR)

void stream_init(Stream *stream, Chardev *chardev, void *owner)
{
    stream->chardev = chardev;
    stream->in = stream->out = -1;
    stream->owner = owner;
}

bool stream_write_by_thread(Stream *stream, int out, const char *name, GError **error)
{
    const OutputOwner owner = { .room = chardev_has_room, .owner = stream->chardev };
    stream->out = out;
    stream->output = output_new_waiting(out, name, &owner, error);
    return stream->output;
}

static void on_room(void *owner)
{
    chardev_has_room(((Stream *)owner)->chardev);
}

static void on_gone(void *owner)
{
    Stream *stream = owner;
    stream->gone(stream->owner);
}

void stream_write_by_loop(Stream *stream, void (*gone)(void *owner))
{
    const OutputOwner owner = { .room = on_room, .gone = gone ? on_gone : NULL, .owner = stream };
    stream->gone = gone;
    stream->output = output_new_ready(&owner, chardev_priority(stream->chardev));
}

static void unwatch(Stream *stream)
{
    if (stream->source)
        g_source_remove(stream->source);
    stream->source = 0;
}

void stream_set(Stream *stream, int in, int out)
{
    unwatch(stream);
    stream->in = in;
    stream->out = out;
    if (stream->output)
        output_set(stream->output, out);
}

static ssize_t receive(Stream *stream, uint8_t *bytes, size_t length)
{
    ssize_t got;
    do
        got = stream->receive ? stream->receive(stream->owner, stream->in, bytes, length)
                              : read(stream->in, bytes, length);
    while (got < 0 && errno == EINTR);
    return got;
}

static void end_input(Stream *stream, int error)
{
    int in = stream->in;
    unwatch(stream);
    stream->in = -1;
    if (stream->ended)
        stream->ended(stream->owner, error);
    else if (in != stream->out)
        close(in);
}

// A peer that has left while nobody took its input: what it said is kept, as far as there is room.
static void take_rest(Stream *stream)
{
    uint8_t bytes[AT_ONCE];
    ssize_t length = 1;
    for (unsigned i = 0; i < CHARDEV_TYPED / AT_ONCE && length > 0; i++) {
        length = receive(stream, bytes, sizeof bytes);
        if (length > 0)
            chardev_input(stream->chardev, bytes, (size_t)length);
    }
    end_input(stream, length < 0 ? errno : 0);
}

static gboolean on_input(gint fd, GIOCondition condition, gpointer data)
{
    Stream *stream = data;
    uint8_t bytes[AT_ONCE];
    if (!(stream->watched & G_IO_IN)) {
        take_rest(stream);
        return G_SOURCE_CONTINUE; // it has been removed
    }
    ssize_t length = receive(stream, bytes, sizeof bytes);
    if (length < 0 && errno == EAGAIN)
        return G_SOURCE_CONTINUE;
    if (length > 0) {
        chardev_input(stream->chardev, bytes, (size_t)length);
        stream_watch(stream);
    } else {
        end_input(stream, length < 0 ? errno : 0);
    }
    return G_SOURCE_CONTINUE; // removed, where it is no longer the right one
}

void stream_watch(Stream *stream)
{
    bool wants = chardev_wants(stream->chardev);
    GIOCondition wanted = wants ? G_IO_IN | ENDS : stream->sees_end ? ENDS | (GIOCondition)POLLRDHUP : 0;
    if (stream->in < 0 || stream->is_off)
        wanted = 0;
    if (stream->source && wanted == stream->watched)
        return;
    unwatch(stream);
    stream->watched = wanted;
    if (wanted)
        stream->source =
            g_unix_fd_add_full(chardev_priority(stream->chardev), stream->in, wanted, on_input, stream, NULL);
}

bool stream_put(void *self, const uint8_t *bytes, size_t length)
{
    Stream *stream = self;
    return output_put(stream->output, bytes, length);
}

void stream_start(void *self, const ChardevHost *host)
{
    stream_watch(self);
}

void stream_want(void *self)
{
    stream_watch(self);
}

void stream_stop(void *self)
{
    Stream *stream = self;
    stream->is_off = true;
    unwatch(stream);
}

void stream_drain(void *self, gint64 end)
{
    Stream *stream = self;
    output_drain(stream->output, end);
}

void stream_drop(void *self)
{
    Stream *stream = self;
    output_clear(stream->output);
}

void stream_close(Stream *stream)
{
    unwatch(stream);
    if (!output_free(stream->output))
        return; // a thread is still in it
    if (stream->out >= 0)
        close(stream->out);
    if (stream->in >= 0 && stream->in != stream->out)
        close(stream->in);
}

// --- A stream and no more.

static void free_stream(void *self)
{
    stream_close(self);
    g_free(self);
}

static const Backend backend = {
    .put = stream_put,
    .start = stream_start,
    .want = stream_want,
    .stop = stream_stop,
    .drain = stream_drain,
    .drop = stream_drop,
    .free = free_stream,
};

Stream *stream_new(Chardev *chardev)
{
    Stream *stream = g_new0(Stream, 1);
    stream_init(stream, chardev, stream);
    chardev_become(chardev, &backend, stream);
    chardev_set_peer(chardev, true);
    return stream;
}
