// Where a JSON text in a stream of bytes ends.
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

// What a client may send as one message: bytes, and lists and objects inside each other.
#define FRAME_BYTES 65536
#define FRAME_DEPTH 1024

typedef struct Frame {
    GString *text; // the message so far
    unsigned depth;
    bool in_string, escaped;
    bool skipping; // the rest of a line that was too long
} Frame;

typedef enum {
    FRAME_MORE,    // not at an end
    FRAME_MESSAGE, // `text` is one; it may still be no JSON
    FRAME_WRONG,   // what came is dropped, and the next byte begins anew
} FrameResult;

Frame *frame_new(void);
void frame_free(Frame *frame);
// Takes one byte. Before the next one, frame_clear() after a MESSAGE. `why` says what is WRONG, in words
// without a value of the client's.
FrameResult frame_take(Frame *frame, uint8_t byte, const char **why);
void frame_clear(Frame *frame);
