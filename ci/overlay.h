// A throw-away copy of a disk's image, so that no run changes the image.
#pragma once
#include <glib.h>
#include <stdbool.h>

// A clone where the file system has that, else a copy of what is not a hole. Any thread. False and `error`.
bool overlay_copy(const char *image, const char *to, GError **error);
