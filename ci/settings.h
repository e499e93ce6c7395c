// What a boot file or a command line says of a boot, word by word; later ones count.
#pragma once
#include "boot.h"

typedef struct Setting {
    char *key, *value;
    char *base; // the folder that its paths start from; or NULL: today's
} Setting;

GPtrArray *settings_new(void);
// All are copied.
void settings_add(GPtrArray *settings, const char *key, const char *value, const char *base);
// Adds copies of `more`.
void settings_extend(GPtrArray *settings, const GPtrArray *more);
// The last value of a key; NULL: it is not there.
const char *settings_value(const GPtrArray *settings, const char *key);

// `text` with ${NAME} filled in from `names` (char * to char *) or else from the environment (g_free). NULL
// and `error`: there is no such name.
char *settings_fill(const char *text, GHashTable *names, GError **error);

// A boot of these. NULL and `error`, which names the key.
Boot *settings_boot(const char *name, const GPtrArray *settings, GHashTable *names, GError **error);

// A key of a boot: a row of the table that parses and lists them.
typedef struct BootKey {
    const char *name; // "step." is a family: a name of its own comes behind the dot
    const char *value, *help;
    bool (*set)(
        Boot *boot, const struct BootKey *key, const char *own, const Setting *setting, GError **error);
    gsize offset; // of what it sets, for those that need it
} BootKey;

extern const BootKey boot_keys[]; // up to one without a name
const BootKey *boot_key_find(const char *key);

// A list in one value, by semicolons ("\;" is one of an element's own); empty elements vanish.
GStrv settings_list(const char *text);
