// A request's buffers: the piece that is tried next, and copies for direct I/O.
#include "buffers.h"
#include <string.h>

void block_buffers_cut(BlockRequest *request, size_t most, size_t alignment)
{
    size_t room = most;
    unsigned count = 0;
    request->rest = 0;
    while (count < request->iov_count && room >= alignment && !request->rest) {
        struct iovec *iov = &request->iov[count++];
        if (iov->iov_len > room) {
            size_t step = room & ~(alignment - 1);
            request->rest = iov->iov_len - step;
            iov->iov_len = step;
        }
        room -= iov->iov_len;
    }
    request->piece_count = count;
    request->piece = most - room;
}

void block_buffers_join(BlockRequest *request)
{
    if (request->rest)
        request->iov[request->piece_count - 1].iov_len += request->rest;
    request->rest = 0;
}

// The request's own buffers stay where they are: a write may have to be tried again.
void block_buffers_bounce(BlockRequest *request, uint8_t *copy)
{
    size_t left = MIN(request->left, BLOCK_PIECE);
    request->bounce = (struct iovec){ copy, left };
    request->piece = left;
    request->piece_count = 1;
    for (const struct iovec *iov = request->iov; request->kind == BLOCK_WRITE && left; iov++) {
        size_t step = MIN(left, iov->iov_len);
        memcpy(copy, iov->iov_base, step);
        copy += step;
        left -= step;
    }
}

void block_buffers_advance(BlockRequest *request, uint64_t bytes, const uint8_t *copy)
{
    while (bytes) {
        struct iovec *iov = request->iov;
        size_t step = MIN(bytes, iov->iov_len);
        if (copy && step) {
            memcpy(iov->iov_base, copy, step);
            copy += step;
        }
        iov->iov_base = (uint8_t *)iov->iov_base + step;
        iov->iov_len -= step;
        bytes -= step;
        if (!iov->iov_len) {
            request->iov++;
            request->iov_count--;
        }
    }
}

void block_buffers_clear(BlockRequest *request)
{
    for (unsigned i = 0; i < request->iov_count; i++)
        memset(request->iov[i].iov_base, 0, request->iov[i].iov_len);
}

bool block_buffers_aligned(const BlockRequest *request, unsigned alignment)
{
    for (unsigned i = 0; i < request->iov_count; i++)
        if ((uintptr_t)request->iov[i].iov_base % alignment || request->iov[i].iov_len % BLOCK_SECTOR)
            return false;
    return true;
}
