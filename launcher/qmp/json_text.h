// A message as it was sent: what json-glib would change of it, or take for JSON though it is none.
#pragma once
#include <glib.h>
#include <stdbool.h>

// True when all of `text` is one JSON value (RFC 8259) in UTF-8, at most FRAME_DEPTH deep. `id` becomes the
// text of the member "id" of the outermost object, the last of several, in one line (g_free); NULL: there is
// none. In `text` a 0 takes the place of each of them, and U+FFFD that of each \u0000 and each half of a
// surrogate pair elsewhere: json-glib has C strings of UTF-8, and numbers of 64 bits. False and `error` for
// anything else.
bool json_text_take(GString *text, char **id, GError **error);
