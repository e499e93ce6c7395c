// What a guest writes to a disk whose image stays as it is, for the time of the run.
#pragma once
#include "lparun/block.h"

typedef struct BlockOverlay BlockOverlay;

// Of a disk of `bytes`, with nothing in it. In $TMPDIR, or /var/tmp. NULL and `error` (the host's).
BlockOverlay *block_overlay_new(uint64_t bytes, GError **error);
void block_overlay_free(BlockOverlay *overlay);
// The file that has it, at the disk's own offsets. Any thread.
int block_overlay_fd(const BlockOverlay *overlay);

// On the iothread, as the next. Whether the overlay has the sector at `offset`; `bytes`, at least one at
// first, gets less where that changes on the way.
bool block_overlay_find(const BlockOverlay *overlay, uint64_t offset, uint64_t *bytes);
// These bytes are in the file now.
void block_overlay_add(BlockOverlay *overlay, uint64_t offset, uint64_t bytes);
