// The text of boot files: groups of settings, those of included files first.
#pragma once
#include "settings.h"

typedef struct Group {
    char *title; // "boot linux"
    GPtrArray *settings;
} Group;

// Of Group, in their order; a title that comes again goes on where it was. NULL and `error`: a file cannot be
// read, or includes itself.
GPtrArray *boot_file_read(const char *path, GError **error);
// NULL: there is none.
const Group *boot_file_group(const GPtrArray *groups, const char *title);
// The value of a key of a group; NULL: it is not there.
const char *boot_file_value(const GPtrArray *groups, const char *title, const char *key);
