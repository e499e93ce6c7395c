// JSON on the command line. Its reader is in the module lparun-qmp.so, which is loaded for it: monitor.h says
// why.
#pragma once
#include <glib.h>
#include <stdbool.h>

typedef void JsonEach(void *data, const char *key, const char *text);

// Calls `each` for each member of the object `text` that is a value, with a text of it ("on" for true), and
// for those of members that are objects or arrays with "outer.inner" or "outer.0". False and `error`: no JSON
// object, or no module.
bool json_module_read(const char *text, JsonEach *each, void *data, GError **error);
