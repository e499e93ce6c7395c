// Option values of the form "first,key=value,key=value" (QEMU's; ",," stands for a comma).
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct KeyValues KeyValues;

// `option` ("-drive") is for messages. `first_key` names a first value without a key (NULL: it needs one). A
// word without "=" after the first means "on". NULL and `error`: a key twice, or an empty value.
KeyValues *key_values_parse(const char *option, const char *text, const char *first_key, GError **error);
// The same, and `list_key` may be there more than once: its values are one then, with commas between.
KeyValues *key_values_parse_list(
    const char *option, const char *text, const char *first_key, const char *list_key, GError **error);
void key_values_free(KeyValues *values);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeyValues, key_values_free)

// Takes a value out (NULL when it is not there); it lives as long as `values`.
const char *key_values_take(KeyValues *values, const char *key);
// "on", "off", "yes", "no", "true", "false"; `otherwise` when it is not there. False and `error` for another
// word.
bool key_values_take_bool(KeyValues *values, const char *key, bool otherwise, bool *result, GError **error);
// False and `error` when something was not taken: it is not known to lparun. `known` lists what is.
bool key_values_finish(const KeyValues *values, const char *known, GError **error);

// A size in bytes with a suffix K, M, G or T; without one it counts in `unit` bytes. False for anything else.
bool size_parse(const char *text, uint64_t unit, uint64_t *bytes);
