// Files that guest memory is loaded from (firmware/image_file.c).
#pragma once
#include "lparun/memory.h"

// A file that is loaded into guest memory at every reset. It is opened once, so a run goes on with the file
// it started with; nothing of it stays in lparun's own memory.
typedef struct ImageFile {
    char *option; // "-kernel", for messages
    char *path;
    int fd;
    uint64_t size;
} ImageFile;

// NULL and `error` when `path` cannot be read or is no regular file.
ImageFile *image_file_open(const char *option, const char *path, GError **error);
void image_file_close(ImageFile *file);
// Reads [offset, offset + length) of the file to `gpa`. False and `error` when it does not fit or the read
// fails.
bool image_file_load(const ImageFile *file, uint64_t offset, uint64_t length, GuestMemory *memory,
    uint64_t gpa, GError **error);
