// Errors of whoever gave an option or a file, and of the host.
#pragma once
#include <glib.h>
#include <stdbool.h>

// False, with a text in `error`.
bool refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
// Likewise, of what the system refuses: `what`, and why by errno. G_FILE_ERROR.
bool refuse_system(GError **error, const char *what);
