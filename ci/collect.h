// Files that a guest hands over, put into a folder. Whatever the guest says, nothing is written elsewhere.
#pragma once
#include <glib.h>
#include <stdbool.h>

typedef struct Collect Collect;

// Makes the folder when the first file comes.
Collect *collect_new(const char *folder);
// The last file is closed.
void collect_free(Collect *collect);
// A file with that path in the guest, below the folder, starts; one with an impossible path is left out. An
// earlier file of that name in the folder is replaced.
void collect_file(Collect *collect, const char *path, unsigned mode);
void collect_data(Collect *collect, const char *bytes, gsize length);
// The guest had to leave it out, for that errno.
void collect_left(Collect *collect, const char *path, int error);
// Of char *: what is not there, and why, up to some hundred.
const GPtrArray *collect_complaints(const Collect *collect);
unsigned collect_count(const Collect *collect);
