// A file that NVRAM is kept in. Private to devices/.
#pragma once
#include "lparun/block.h"
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct NvramFile NvramFile;

// Opens `path`; its bytes come back in `bytes` (g_free) and `length`. With `readonly` nothing is ever
// written. NULL and `error`: no such file, no regular one, a size that cannot be, another format,
// in use, or no new one can
// be made beside it.
NvramFile *nvram_file_open(
    const char *path, bool readonly, BlockContent content, uint8_t **bytes, uint32_t *length, GError **error);
// Replaces the file by one with these bytes: a reader finds the old contents or the new, also after a loss of
// power. Returns 0 or -errno.
int nvram_file_save(NvramFile *file, const uint8_t *bytes, uint32_t length);
const char *nvram_file_path(const NvramFile *file);
void nvram_file_close(NvramFile *file);
