// A request's buffers: the piece that is tried next, and copies for direct I/O.
#pragma once
#include "lparun/block.h"

// What the host is asked for at once, however much a request names: what it has begun cannot be taken back.
#define BLOCK_PIECE (1024 * 1024)

// Sets the next piece, of `most` bytes at most: whole buffers, of which the last may be cut short, to a
// multiple of `alignment`, until block_buffers_join(). `most` is no less than that.
void block_buffers_cut(BlockRequest *request, size_t most, size_t alignment);
void block_buffers_join(BlockRequest *request);
// Sets the next piece to be `copy`, of BLOCK_PIECE bytes, which gets the bytes that are to be written.
void block_buffers_bounce(BlockRequest *request, uint8_t *copy);
// Goes `bytes` further; fills the buffers from `copy` on the way unless it is NULL.
void block_buffers_advance(BlockRequest *request, uint64_t bytes, const uint8_t *copy);
void block_buffers_clear(BlockRequest *request);
// Are all addresses multiples of `alignment`, and the lengths of sectors?
bool block_buffers_aligned(const BlockRequest *request, unsigned alignment);
