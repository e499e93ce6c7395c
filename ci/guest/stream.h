// The frames that go to the disk of results (frame.h).
#pragma once
#include "frame.h"
#include <stdbool.h>
#include <stddef.h>

// `disk` is open, and written past the page cache if that goes; `size` is its.
void stream_open(int disk, unsigned long size);
// Where the bytes of the next frame are put: FRAME_MOST - FRAME_HEAD of them.
char *stream_bytes(void);
// Writes it. False: there is no room. A disk that cannot be written ends the guest.
bool stream_send(FrameKind kind, size_t length);
// Why there is no result, if the disk is there.
void stream_fault(const char *a, const char *b, const char *c);
