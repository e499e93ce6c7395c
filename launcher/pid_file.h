// The file of -pidfile.
#pragma once
#include <glib.h>
#include <stdbool.h>

typedef struct PidFile PidFile;

// Writes this process's number to `path` and locks the file: another lparun or QEMU that has it is an error.
// NULL and `error` (the user's).
PidFile *pid_file_new(const char *path, GError **error);
// Removes it, if it is still the same. NULL is none.
void pid_file_free(PidFile *file);
