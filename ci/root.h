// The folder in which a guest's programs and libraries are looked for: links in it lead to what is in it.
#pragma once
#include "initrd.h"

typedef struct Root Root;

Root *root_new(const char *folder);
void root_free(Root *root);
// As it was given.
const char *root_folder(const Root *root);
// Where the file is that a path leads to, without links, starting with a slash (g_free). NULL: there is none,
// or it is no regular file.
char *root_find(Root *root, const char *path);
// The same, and puts folders and links on the way into the initial ramdisk.
char *root_put(Root *root, Initrd *initrd, const char *path);
// A path without links as one of this machine (g_free).
char *root_here(const Root *root, const char *real);
