// What a person at a chardev types after the escape character, and lines with the time.
#pragma once
#include "lparun/chardev.h"

typedef struct Mux {
    uint8_t escape;
    bool escaped; // the escape was the last byte
    bool stamps;  // lines of output begin with the time since `start`
    bool in_line; // of output
    gint64 start;
} Mux;

// Takes the escapes out of what was typed, and obeys them. Returns the bytes left for who has the input.
size_t mux_take_escapes(Chardev *chardev, uint8_t *bytes, size_t length);
// Output with the time before each line (g_free). `*length` becomes the text's; the state of the line is the
// caller's to set to `*in_line` if the text goes.
uint8_t *mux_stamp(const Mux *mux, const uint8_t *bytes, size_t *length, bool *in_line);
