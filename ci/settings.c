// Settings, and boots made of them.
#include "settings.h"
#include "refuse.h"
#include "outcome.h"
#include <string.h>

static void setting_free(gpointer data)
{
    Setting *setting = data;
    g_free(setting->key);
    g_free(setting->value);
    g_free(setting->base);
    g_free(setting);
}

GPtrArray *settings_new(void)
{
    return g_ptr_array_new_with_free_func(setting_free);
}

void settings_add(GPtrArray *settings, const char *key, const char *value, const char *base)
{
    Setting *setting = g_new0(Setting, 1);
    *setting = (Setting){ g_strdup(key), g_strdup(value), g_strdup(base) };
    g_ptr_array_add(settings, setting);
}

void settings_extend(GPtrArray *settings, const GPtrArray *more)
{
    for (unsigned i = 0; i < more->len; i++) {
        const Setting *setting = more->pdata[i];
        settings_add(settings, setting->key, setting->value, setting->base);
    }
}

const char *settings_value(const GPtrArray *settings, const char *key)
{
    for (unsigned i = settings->len; i-- > 0;) {
        const Setting *setting = settings->pdata[i];
        if (strcmp(setting->key, key) == 0)
            return setting->value;
    }
    return NULL;
}

static const char *look_up(GHashTable *names, const char *name)
{
    const char *value = names ? g_hash_table_lookup(names, name) : NULL;
    return value ? value : g_getenv(name);
}

char *settings_fill(const char *text, GHashTable *names, GError **error)
{
    g_autoptr(GString) filled = g_string_new(NULL);
    for (const char *at = text, *end; *at; at = end) {
        const char *open = strstr(at, "${");
        const char *close = open ? strchr(open, '}') : NULL;
        if (!close) {
            g_string_append(filled, at);
            break;
        }
        g_autofree char *name = g_strndup(open + 2, (gsize)(close - open - 2));
        const char *value = look_up(names, name);
        if (!value) {
            refuse(error, "${%s}: no axis, --define or environment variable has this name", name);
            return NULL;
        }
        g_string_append_len(filled, at, open - at);
        g_string_append(filled, value);
        end = close + 1;
    }
    return g_string_free(g_steal_pointer(&filled), FALSE);
}

GStrv settings_list(const char *text)
{
    GPtrArray *words = g_ptr_array_new();
    g_autoptr(GString) word = g_string_new(NULL);
    for (const char *at = text;; at++) {
        bool escaped = at[0] == '\\' && at[1] == ';';
        if (*at && (escaped || *at != ';')) {
            at += escaped;
            g_string_append_c(word, *at);
            continue;
        }
        g_strstrip(word->str);
        if (*word->str)
            g_ptr_array_add(words, g_strdup(word->str));
        g_string_truncate(word, 0);
        if (!*at)
            break;
    }
    g_ptr_array_add(words, NULL);
    return (GStrv)g_ptr_array_free(words, FALSE);
}

const BootKey *boot_key_find(const char *text)
{
    const char *dot = strchr(text, '.');
    gsize length = dot ? (gsize)(dot - text) + 1 : strlen(text);
    for (const BootKey *key = boot_keys; key->name; key++)
        if (strlen(key->name) == length && strncmp(key->name, text, length) == 0 && (!dot || dot[1]))
            return key;
    return NULL;
}

static bool set(Boot *boot, const Setting *setting, GHashTable *names, GError **error)
{
    const BootKey *key = boot_key_find(setting->key);
    const char *dot = strchr(setting->key, '.');
    if (!key)
        return refuse(error, "no such key");
    g_autofree char *value = settings_fill(setting->value, names, error);
    const Setting filled = { setting->key, value, setting->base };
    return value && key->set(boot, key, dot ? dot + 1 : NULL, &filled, error);
}

static bool is_overridden(const GPtrArray *settings, unsigned index)
{
    const Setting *setting = settings->pdata[index];
    for (unsigned i = index + 1; i < settings->len; i++)
        if (strcmp(((const Setting *)settings->pdata[i])->key, setting->key) == 0)
            return true;
    return false;
}

// What needs all of it to be known.
static bool check(const Boot *boot, GError **error)
{
    for (unsigned i = 0; i < boot->allow->len; i++) {
        const Allow *allow = boot->allow->pdata[i];
        if (!allow->regex || (allow->stage && !boot_stage(boot, allow->stage))) {
            refuse(error,
                allow->regex ? "%s: allow.%s: there is no such stage" : "%s: allow.%s: give what is allowed",
                boot->name, allow->name);
            return false;
        }
    }
    if (boot->exec && !boot->exec->command) {
        g_set_error(
            error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE, "%s: exec: give a command", boot->name);
        return false;
    }
    if (boot->pass_stage && !boot_stage(boot, boot->pass_stage))
        return refuse(error, "%s: pass: there is no stage %s", boot->name, boot->pass_stage);
    return true;
}

// Stages are there before their limits.
static bool set_all(Boot *boot, const GPtrArray *settings, GHashTable *names, bool limits, GError **error)
{
    for (unsigned i = 0; i < settings->len; i++) {
        const Setting *setting = settings->pdata[i];
        if (g_str_has_prefix(setting->key, "timeout.") != limits || is_overridden(settings, i) ||
            set(boot, setting, names, error))
            continue;
        g_prefix_error(error, "%s: %s: ", boot->name, setting->key);
        return false;
    }
    return true;
}

Boot *settings_boot(const char *name, const GPtrArray *settings, GHashTable *names, GError **error)
{
    g_autoptr(Boot) boot = boot_new(name);
    bool good = set_all(boot, settings, names, false, error) && set_all(boot, settings, names, true, error) &&
                check(boot, error);
    return good ? g_steal_pointer(&boot) : NULL;
}
