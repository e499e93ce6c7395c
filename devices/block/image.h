// The open image behind a Block.
#pragma once
#include "lparun/block.h"

typedef struct BlockImage {
    char *path;
    int fd;
    bool readonly, is_zeros;
    BlockCache cache;
    uint64_t bytes;            // when it was opened, or made longer
    uint64_t size;             // for the guest: bytes, whole sectors
    bool direct;               // past the page cache
    unsigned memory_alignment; // that direct I/O asks of buffers
} BlockImage;

// As block_open(). False and `error`; then nothing is left open.
bool block_image_open(BlockImage *image, const BlockOptions *options, GError **error);
void block_image_close(BlockImage *image);
// The host's part of block_grow().
bool block_image_grow(const BlockImage *image, uint64_t bytes, GError **error);
