// A request's arguments, checked against the command's row.
#pragma once
#include "../command.h"
#include <json-glib/json-glib.h>

// a{sv} for Command.run(). `arguments` may be NULL. NULL and `error`, in QEMU's words: one is missing, of
// another type, or not the command's. The row's order decides which is named first.
GVariant *arguments_take(
    const CommandSchema *schema, const Command *command, JsonObject *arguments, GError **error);
