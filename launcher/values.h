// Option values: "first,key=value,..." (QEMU's; ",," stands for a comma) or a JSON object. One parser for
// both, by tables of keys.
#pragma once
#include "lparun/keys.h"
#include <glib.h>

typedef struct Values Values;

// `option` ("-drive") is for messages. `first_key` names a first value without a key (NULL: it needs one). A
// word without "=" after the first means "on". In JSON, a member of a member is "outer.inner". NULL and
// `error`: an empty key or value, no JSON.
Values *values_parse(const char *option, const char *text, const char *first_key, GError **error);
void values_free(Values *values);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Values, values_free)

// Is "help" or "?" among the words without a value, or the first value?
bool values_ask_help(const Values *values);
// Takes one value out before the others; NULL: it is not there. It lives as long as `values`.
const char *values_take(Values *values, const char *key);
// Takes all whose key begins with `prefix` ("smp.") out, as a text for values_parse() without it (g_free);
// NULL: there is none.
char *values_take_group(Values *values, const char *prefix);
// From now on messages name it so: "-device virtio-blk-pci".
void values_rename(Values *values, const char *option);
const char *values_option(const Values *values);
// The keys that were given (g_strfreev), and that are not taken.
char **values_names(const Values *values);
// Puts all that is left where `keys` say, in the struct at `to`, of which the others stay. False and `error`,
// which has a line for each: what is not known (one line for all of it), what is there twice and values that
// are none, in the order in which they were given; then what is missing. What is right is filled all the
// same.
bool values_fill(Values *values, const Key *keys, void *to, GError **error);

// Frees what TEXT keys hold.
void keys_clear(const Key *keys, void *of);
// What its value looks like: "ID", "on|off" (g_free).
char *keys_value(const Key *key);
// "  name=<what>  help" for each key.
void keys_help(const Key *keys, GString *text);

// A size in bytes with a suffix K, M, G or T; without one it counts in `unit` bytes. False for anything else.
bool size_parse(const char *text, uint64_t unit, uint64_t *bytes);
