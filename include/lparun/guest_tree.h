// What lparun needs of a flattened device tree that a guest wrote.
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

// What the tree tells.
typedef struct GuestTree {
    uint64_t rtas_base; // /rtas, linux,rtas-base; 0: it has none
} GuestTree;

// Names of properties may be so long. The Devicetree Specification has 31 bytes (v0.4, 2.2.4.1), but
// PAPR's own ibm,associativity-reference-points has 34.
#define GUEST_TREE_NAME 63

// Reads the `size` bytes at `bytes`, which nobody else may change meanwhile: a tree of version 17 (Devicetree
// Specification v0.4, 5) and of just this size. False, and nothing in `found`, for all else. Takes time in
// proportion to `size`, whatever the tree is like. Any thread.
bool guest_tree_read(const void *bytes, size_t size, GuestTree *found);
