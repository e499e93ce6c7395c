// The partition's non-volatile memory, in a file or for one run.
#pragma once
#include "lparun/block.h"
#include "lparun/part.h"
#include "lparun/tree.h"
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Nvram Nvram;

#define NVRAM_SIZE 0x10000 // without a file
#define NVRAM_SIZE_MIN 0x2000
#define NVRAM_SIZE_MAX 0x100000
#define NVRAM_UNIT 0x71000001 // behind one console

// A new one, or one whose bytes are all 0, is formatted: firmware would need thousands of calls to do so.
Nvram *nvram_new(void);
// With the contents of a file, whose size it has. A thread of its own replaces the file by a whole new one
// soon after a store, however many there were, and not more often than once a second: the file always holds
// what NVRAM held at one moment, and after nvram_free() what it held last. With `readonly` it is never
// written: what is stored lasts until the end of the run. `content` is what may be in
// the file. NULL and `error`: the file cannot be that, or the host has no thread.
Nvram *nvram_open(const char *path, bool readonly, BlockContent content, GError **error);
// Puts variables ("NAME=VALUE") for firmware into the first partition of the common kind, in place of those
// of their names. They are saved with what the guest stores, not before. Before the guest runs. False and
// `error`: there is no such partition, or no room in it.
bool nvram_set_variables(Nvram *nvram, const GPtrArray *variables, GError **error);
void nvram_free(Nvram *nvram);
extern const PartOps nvram_part;
void nvram_describe(const Nvram *nvram, Tree *tree);
// Its unit address, which is NVRAM_UNIT at first. While the machine is built.
void nvram_set_unit(Nvram *nvram, uint32_t unit);
uint32_t nvram_size(const Nvram *nvram);
// Copies bytes out and in. -EINVAL, and nothing copied, when the range is not within nvram_size(). A store
// gives -EIO when the last attempt to write the file failed, and begins another one; it has changed the bytes
// all the same. Any thread.
int nvram_fetch(Nvram *nvram, uint32_t offset, void *bytes, uint32_t length);
int nvram_store(Nvram *nvram, uint32_t offset, const void *bytes, uint32_t length);
