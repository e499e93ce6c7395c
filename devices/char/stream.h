// Bytes in and out by descriptors: what most kinds are made of.
#pragma once
#include "backend.h"

typedef struct Stream {
    Chardev *chardev;
    int in, out; // -1: none
    Output *output;
    guint source; // of input, or 0
    GIOCondition watched;
    bool is_off;   // no input is read, whatever is wanted
    bool sees_end; // the end is looked for while no input is wanted, too: of a socket
    // As read(), where that is not enough; or NULL.
    ssize_t (*receive)(void *owner, int fd, uint8_t *bytes, size_t length);
    void (*ended)(void *owner, int error); // of input; `error` is 0 at its end, or errno; NULL: it is closed
    void (*gone)(void *owner);             // nobody reads output any more; or NULL
    void *owner;
} Stream;

// A chardev that is a stream and no more; it has a peer.
Stream *stream_new(Chardev *chardev);
// The stream has no descriptors yet. What it is told of goes to `chardev`.
void stream_init(Stream *stream, Chardev *chardev, void *owner);
// Output to `out` by a thread of its own. False and `error`.
bool stream_write_by_thread(Stream *stream, int out, const char *name, GError **error);
// Output to what does not wait, once stream_set() has it. `gone`: nobody reads any more; or NULL.
void stream_write_by_loop(Stream *stream, void (*gone)(void *owner));
// From now on it is these, which the caller closes.
void stream_set(Stream *stream, int in, int out);
// Watches for input, or not: as the user wants it.
void stream_watch(Stream *stream);
// Backend's functions, for a struct whose first member is its stream.
bool stream_put(void *self, const uint8_t *bytes, size_t length);
void stream_start(void *self, const ChardevHost *host);
void stream_want(void *self);
void stream_stop(void *self);
void stream_drain(void *self, gint64 end);
void stream_drop(void *self);
// Frees what stream_init() and the rest have made, and closes its descriptors.
void stream_close(Stream *stream);
