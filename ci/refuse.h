// Errors of whoever gave an option or a file.
#pragma once
#include <glib.h>
#include <stdbool.h>

// False, with a text in `error`.
bool refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
