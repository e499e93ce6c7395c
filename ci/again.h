// The line of a shell that runs a boot again.
#pragma once
#include <glib.h>

// `command` ("run") with `words`, up to a NULL; for `boot` alone if it is one of a file's, or NULL (g_free).
char *again_line(const char *command, char **words, const char *boot);
