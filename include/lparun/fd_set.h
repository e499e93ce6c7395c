// Descriptors that whoever started lparun, or a monitor's client, handed over in numbered sets: -add-fd and
// QMP's add-fd. A path "/dev/fdset/N" is a file of set N, wherever lparun opens one by these functions.
//
// They are the process's, as descriptors are; so there is one table. The main thread, as all of this.
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

typedef struct FdInSet {
    int fd;
    char *opaque; // what was said of it, or NULL
} FdInSet;

typedef struct FdSet {
    int64_t id;
    GArray *fds; // of FdInSet
} FdSet;

// Adds to a set, which is made; `id` -1: a new one, the lowest that is free. Takes `fd`. The set; NULL: there
// are too many, and `fd` is closed.
const FdSet *fd_set_add(int64_t id, int fd, const char *opaque);
// Closes one of a set, or (`fd` -1) all of it. False: there is no such.
bool fd_set_remove(int64_t id, int fd);
// By number; NULL behind the last.
const FdSet *fd_set_at(unsigned index);
// Closes all.
void fd_set_clear(void);

// open(2): -1 and errno. A path of a set gives a new descriptor of the file that is open for what `flags`
// want to do; EACCES: none of the set is, ENOENT: there is no such set.
int fd_set_open(const char *path, int flags, mode_t mode);
// stat(2) likewise, of the first of a set.
int fd_set_stat(const char *path, struct stat *status);
