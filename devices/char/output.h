// The way of output to a descriptor: a bounded buffer, from which a thread that may wait for the reader
// writes, or, where a descriptor never makes anybody wait, whoever puts something and the main loop.
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Output Output;

typedef struct OutputOwner {
    void (*room)(void *owner); // there is room again after a put that was refused; any thread; or NULL
    void (*gone)(
        void *owner); // nobody reads any more; of output_new_ready() alone, on the main thread; or NULL
    void *owner;
} OutputOwner;

// Writes to `fd` in a thread called `name`: what others may have made blocking or not. It stays the caller's,
// and its flags as they are: they belong to a shell as well. NULL and `error` (the host's) when there is no
// thread.
Output *output_new_waiting(int fd, const char *name, const OutputOwner *owner, GError **error);
// Writes to what output_set() gives it, which does not block. `priority` is that of its source in the main
// loop.
Output *output_new_ready(const OutputOwner *owner, int priority);
// From now on to `fd`; -1: nowhere. What waited is lost. The main thread.
void output_set(Output *output, int fd);
// Takes all of `bytes` and returns true, or none of them: come again. Once nobody can read any more, all is
// taken and goes nowhere. Does not wait. Any thread.
bool output_put(Output *output, const uint8_t *bytes, size_t length);
// Would take so many. Who asks must be the only one that puts.
bool output_has_room(Output *output, size_t length);
// Throws away what waits.
void output_clear(Output *output);
// Waits until all is written: as long as a reader takes some every second, and until `end` (microseconds of
// the monotonic clock) at most. The main thread.
void output_drain(Output *output, gint64 end);
// Nobody may be in another function of it. What is not written yet is lost; a thread that waits for a reader
// is left to the process's end, with its buffer and its descriptor, and then it is false. NULL is none.
bool output_free(Output *output);
