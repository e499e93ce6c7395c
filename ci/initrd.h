// An initial ramdisk: an archive of the newc form, which Linux unpacks.
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct Initrd Initrd;

// Makes the file. NULL and `error`: it cannot be made.
Initrd *initrd_new(const char *path, GError **error);
// Ends the archive and frees it. False and `error`: what was wrong first of all that was added since
// initrd_new().
bool initrd_finish(Initrd *initrd, GError **error);
// Frees it; the file stays as it is.
void initrd_free(Initrd *initrd);

// Another one, packed or not, that comes before; before anything else is added.
void initrd_prepend(Initrd *initrd, const char *path);
// Names start without a slash. What has been added under a name already stays; folders on the way are added.
void initrd_folder(Initrd *initrd, const char *name);
void initrd_link(Initrd *initrd, const char *name, const char *target);
void initrd_character(Initrd *initrd, const char *name, unsigned major, unsigned minor);
void initrd_bytes(Initrd *initrd, const char *name, unsigned mode, const void *bytes, size_t length);
// A file of this machine, with its permissions.
void initrd_file(Initrd *initrd, const char *name, const char *path);
// Whether something has that name.
bool initrd_has(const Initrd *initrd, const char *name);
