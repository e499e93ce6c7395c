// Descriptors that a client of the monitor gave by a name (getfd); lparun/fd_set.h has those in sets
// (add-fd).
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Fds Fds;

// On the main thread, as all of this. All that is kept is closed at the end.
Fds *fds_new(void);
void fds_free(Fds *fds);
// Takes `fd`; one that had the name is closed. False: there are too many.
bool fds_name(Fds *fds, const char *name, int fd);
// The named one, which is the caller's then; -1: there is none.
int fds_take(Fds *fds, const char *name);
