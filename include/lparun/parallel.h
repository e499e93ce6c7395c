// Work on a range in slices, each on a thread of its own.
#pragma once
#include <stdint.h>

// Calls `work` for slices that make up 0 to `size` (bytes) and begin at multiples of `unit`: as many as there
// are processors, but none for less than `least` bytes and 16 at most; one is this thread's. Returns when all
// are done: 0, or what one of them returned instead. Any thread.
int parallel_do(int (*work)(void *owner, uint64_t from, uint64_t to), void *owner, uint64_t size,
    uint64_t unit, uint64_t least);
