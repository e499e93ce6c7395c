// The disk of results, on the side of lparun-ci.
#include "channel.h"
#include "refuse.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct Channel {
    const ChannelOps *ops;
    void *owner;
    int file;
    guint64 at; // of the next frame
    guint32 number;
    bool ended;
    guint8 frame[FRAME_MOST];
};

// What was read of a frame's head.
typedef struct Frame {
    guint32 kind, length;
    double seconds;
    const guint8 *bytes;
} Frame;

static guint32 get32(const guint8 *from)
{
    guint32 value;
    memcpy(&value, from, sizeof value);
    return GUINT32_FROM_BE(value);
}

static guint64 get64(const guint8 *from)
{
    return (guint64)get32(from) << 32 | get32(from + 4);
}

// --- Making it.

static bool write_start(int file, guint64 size)
{
    guint8 start[DISK_SIZE_AT + 8] = DISK_MAGIC;
    guint64 number = GUINT64_TO_BE(size);
    memcpy(start + DISK_SIZE_AT, &number, sizeof number);
    return ftruncate(file, (off_t)size) == 0 && write(file, start, sizeof start) == (ssize_t)sizeof start;
}

bool channel_make(const char *path, guint64 size, GError **error)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool done = file >= 0 && write_start(file, size);
    int number = errno;
    if (file >= 0)
        close(file);
    return done || refuse(error, "%s cannot be written: %s", path, g_strerror(number));
}

// --- Reading it.

Channel *channel_open(const char *path, const ChannelOps *ops, void *owner, GError **error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        refuse(error, "%s cannot be read: %s", path, g_strerror(errno));
        return NULL;
    }
    Channel *channel = g_new0(Channel, 1);
    channel->ops = ops;
    channel->owner = owner;
    channel->file = file;
    channel->at = DISK_FRAMES_AT;
    return channel;
}

void channel_free(Channel *channel)
{
    if (!channel)
        return;
    close(channel->file);
    g_free(channel);
}

static guint64 sum_of(guint64 sum, const guint8 *bytes, gsize length)
{
    for (gsize i = 0; i < length; i++)
        sum = (sum ^ bytes[i]) * FRAME_SUM_FACTOR;
    return sum;
}

// Bytes of the frame up to `length`; small frames, of which there are many, take one small read.
static bool read_bytes(Channel *channel, gsize from, gsize length)
{
    gsize more = length > from ? length - from : 0;
    return pread(channel->file, channel->frame + from, more, (off_t)(channel->at + from)) == (ssize_t)more;
}

// The frame may be written at this moment: only its sum says that all of it is there.
static bool read_frame(Channel *channel, Frame *frame)
{
    const guint8 *head = channel->frame;
    if (!read_bytes(channel, 0, FRAME_ALIGN) || get32(head + FRAME_AT_MAGIC) != FRAME_MAGIC ||
        get32(head + FRAME_AT_NUMBER) != channel->number)
        return false;
    frame->kind = get32(head + FRAME_AT_KIND);
    frame->length = get32(head + FRAME_AT_LENGTH);
    frame->seconds = (double)get64(head + FRAME_AT_TIME) / 1e9;
    frame->bytes = head + FRAME_HEAD;
    if (frame->length > FRAME_MOST - FRAME_HEAD ||
        !read_bytes(channel, FRAME_ALIGN, FRAME_HEAD + frame->length))
        return false;
    guint64 sum = sum_of(FRAME_SUM_START, head, FRAME_AT_SUM);
    return sum_of(sum, frame->bytes, frame->length) == get64(head + FRAME_AT_SUM);
}

// Bytes as a text; up to a NUL if there is one.
static char *text_of(const Frame *frame, guint32 from)
{
    return g_strndup((const char *)frame->bytes + from, frame->length - from);
}

static void take_start(Channel *channel, const Frame *frame)
{
    g_autofree char *release = text_of(frame, 0);
    guint32 second = (guint32)MIN(strlen(release) + 1, frame->length);
    g_autofree char *version = text_of(frame, second);
    if (channel->ops->started)
        channel->ops->started(channel->owner, release, version);
}

static void take_output(Channel *channel, const Frame *frame)
{
    if (channel->ops->output)
        channel->ops->output(channel->owner, frame->kind == FRAME_ERRORS, (const char *)frame->bytes,
            frame->length, frame->seconds);
}

static void take_path(Channel *channel, const Frame *frame)
{
    if (frame->length < 4)
        return;
    g_autofree char *path = text_of(frame, 4);
    guint32 number = get32(frame->bytes);
    if (frame->kind == FRAME_FILE && channel->ops->file)
        channel->ops->file(channel->owner, path, number);
    else if (frame->kind == FRAME_LEFT && channel->ops->left)
        channel->ops->left(channel->owner, path, (int)(number & G_MAXINT32));
}

static void take_fault(Channel *channel, const Frame *frame)
{
    g_autofree char *text = text_of(frame, 0);
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    channel->ended = true;
    if (channel->ops->fault)
        channel->ops->fault(channel->owner, valid);
}

static void take_end(Channel *channel, const Frame *frame)
{
    if (frame->length < 16)
        return;
    const ChannelEnd end = { .killed = get32(frame->bytes) != 0,
        .value = get32(frame->bytes + 4) & 0xff,
        .lost = get64(frame->bytes + 8) };
    channel->ended = true;
    if (channel->ops->ended)
        channel->ops->ended(channel->owner, &end);
}

// What a later init may know and we do not is passed over.
static void take(Channel *channel, const Frame *frame)
{
    switch (frame->kind) {
    case FRAME_START:
        take_start(channel, frame);
        break;
    case FRAME_OUTPUT:
    case FRAME_ERRORS:
        take_output(channel, frame);
        break;
    case FRAME_FILE:
    case FRAME_LEFT:
        take_path(channel, frame);
        break;
    case FRAME_DATA:
        if (channel->ops->data)
            channel->ops->data(channel->owner, (const char *)frame->bytes, frame->length);
        break;
    case FRAME_FAULT:
        take_fault(channel, frame);
        break;
    case FRAME_END:
        take_end(channel, frame);
        break;
    }
}

void channel_poll(Channel *channel)
{
    Frame frame;
    while (!channel->ended && read_frame(channel, &frame)) {
        guint64 used = FRAME_HEAD + frame.length;
        channel->at += (used + FRAME_ALIGN - 1) / FRAME_ALIGN * FRAME_ALIGN;
        channel->number++;
        take(channel, &frame);
    }
}

bool channel_is_broken(Channel *channel)
{
    guint8 head[FRAME_HEAD] = { 0 };
    static const guint8 nothing[FRAME_HEAD];
    ssize_t got = channel->ended ? 0 : pread(channel->file, head, sizeof head, (off_t)channel->at);
    return got > 0 && memcmp(head, nothing, sizeof head) != 0;
}
