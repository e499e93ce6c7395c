// A file that is written once, from its beginning to its end, with holes where there are only zeros.
//
// It is for one thread at a time but for sparse_file_cancel(). Functions return 0 or -errno.
#pragma once
#include <glib.h>
#include <stdint.h>

typedef struct SparseFile SparseFile;

// Makes the file `path`, or empties the one that is there; only its owner may read a new one. A FIFO has a
// reader already. NULL and `error`: "Could not create 'PATH': ...".
SparseFile *sparse_file_create(const char *path, GError **error);
// Takes `fd`, and writes from where it stands on. What is there already is not cut off, nor removed.
SparseFile *sparse_file_of(int fd);

// Appends `size` bytes. -ECANCELED after sparse_file_cancel(); what a write(2) refuses, -ENOSPC say. Memory
// that changes meanwhile is written as it is at some moment. It may wait for whoever reads a pipe or socket.
int sparse_file_write(SparseFile *file, const void *bytes, uint64_t size);
// Appends `size` zeros.
int sparse_file_zeros(SparseFile *file, uint64_t size);
// Writes fail from now on, and one that waits does soon. Any thread.
void sparse_file_cancel(SparseFile *file);
// Ends it with `result`, what the writes came to: with an error, or one of its own, a file that was made here
// is removed. Frees it in any case.
int sparse_file_end(SparseFile *file, int result);
