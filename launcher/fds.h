// Descriptors that a client of the monitor gave: by a name (getfd), and in numbered sets (add-fd).
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Fds Fds;

typedef struct FdInSet {
    int fd;
    char *opaque; // or NULL
} FdInSet;

typedef struct FdSet {
    int64_t id;
    GArray *fds; // of FdInSet
} FdSet;

// On the main thread, as all of this. All that is kept is closed at the end.
Fds *fds_new(void);
void fds_free(Fds *fds);
// Takes `fd`; one that had the name is closed. False: there are too many.
bool fds_name(Fds *fds, const char *name, int fd);
// The named one, which is the caller's then; -1: there is none.
int fds_take(Fds *fds, const char *name);
// Adds to a set, which is made; `id` -1: a new one, the lowest that is free. Takes `fd`. The set; NULL: there
// are too many.
const FdSet *fds_add(Fds *fds, int64_t id, int fd, const char *opaque);
// Closes one of a set, or (`fd` -1) all of it. False: there is no such.
bool fds_remove(Fds *fds, int64_t id, int fd);
// By number; NULL behind the last.
const FdSet *fds_at(const Fds *fds, unsigned index);
