// What -drive and -blockdev say of an image: files and formats that there are, and those that QEMU has.
#pragma once
#include "lparun/block.h"
#include "lparun/keys.h"

// A node of QEMU's graph as its keys say. What is -1 was not said.
typedef struct NodeOptions {
    char *driver, *name, *filename, *file; // texts may be NULL
    int readonly, auto_readonly, force_share, force_raw, direct, no_flush, locking, aio;
    uint64_t bytes;
} NodeOptions;

#define NODE_UNSAID                                                                                          \
    {                                                                                                        \
        .readonly = -1, .auto_readonly = -1, .force_share = -1, .force_raw = -1, .direct = -1,               \
        .no_flush = -1, .locking = -1, .aio = BLOCK_AIO_DEFAULT                                              \
    }

// Keys of a node, for a NodeOptions.
extern const Key node_keys[];

// Why lparun has no driver or protocol of this name, and what to do; NULL: it has, or nobody has.
const char *image_absent_driver(const char *name);
// The file of the node `file`, whose driver is "file" where nothing is said; `image` has its defaults before.
// False and `error`, which begins with `option`.
bool image_take_file(const char *option, const NodeOptions *file, BlockOptions *image, GError **error);
// What the raw node `top` makes of it. The same.
bool image_take_raw(const char *option, const NodeOptions *top, BlockOptions *image, GError **error);
// A file's name as -drive file= has it: without "file:", and of no protocol. NULL and `error`.
const char *image_take_name(const char *option, const char *name, GError **error);
