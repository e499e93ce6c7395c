// Writing a flattened device tree: libfdt's sequential writer with a sticky error.
//
// Nodes and properties are written in order, each between tree_begin() and tree_end(); after the first error
// every call does nothing and tree_finish() says no. All cells are given in host order and stored big-endian.
// One thread at a time.
#pragma once
#include <glib.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Tree Tree;

// A tree in a new buffer of at most `capacity` bytes.
Tree *tree_new(size_t capacity);
void tree_free(Tree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tree, tree_free)

// An entry of the memory reserve map; before the first tree_begin().
void tree_reserve(Tree *tree, uint64_t address, uint64_t size);
// The root has the name "".
void tree_begin(Tree *tree, const char *format, ...) G_GNUC_PRINTF(2, 3);
void tree_end(Tree *tree);
void tree_empty(Tree *tree, const char *property);
void tree_u32(Tree *tree, const char *property, uint32_t cell);
void tree_u64(Tree *tree, const char *property, uint64_t two_cells);
void tree_string(Tree *tree, const char *property, const char *string);
// A NULL-terminated list of strings.
void tree_strings(Tree *tree, const char *property, const char *const *strings);
void tree_bytes(Tree *tree, const char *property, const void *bytes, size_t length);
void tree_cells_array(Tree *tree, const char *property, const uint32_t *cells, size_t count);
#define tree_cells(tree, property, ...)                                                                      \
    tree_cells_array(tree, property, (const uint32_t[]){ __VA_ARGS__ },                                      \
        sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

// Ends the tree with `boot_cpu` in its header. Returns the blob (the tree owns it) and its length in bytes,
// or NULL when the buffer was too small or nodes were not closed.
const void *tree_finish(Tree *tree, uint32_t boot_cpu, size_t *length);

// The phandle of the interrupt controller's node, which other nodes name.
#define TREE_PHANDLE_INTERRUPTS 0x1111
