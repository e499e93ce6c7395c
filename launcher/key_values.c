// Option values of the form "first,key=value,key=value".
#include "key_values.h"
#include "lparun/error.h"
#include <errno.h>
#include <string.h>

struct KeyValues {
    char *option;
    const char *list_key; // may be given again; or NULL
    GHashTable *values;   // what is not taken yet
    GPtrArray *strings;   // owns all keys and values
};

void key_values_free(KeyValues *values)
{
    if (!values)
        return;
    g_hash_table_unref(values->values);
    g_ptr_array_unref(values->strings);
    g_free(values->option);
    g_free(values);
}

// The text up to the next single comma, with ",," made one; `*text` moves behind it.
static char *next_word(const char **text)
{
    g_autoptr(GString) word = g_string_new(NULL);
    const char *at = *text;
    for (; *at; at++) {
        if (*at == ',' && *++at != ',')
            break;
        g_string_append_c(word, *at);
    }
    *text = at;
    return g_strdup(word->str);
}

static bool add(KeyValues *values, char *word, const char *first_key, GError **error)
{
    g_ptr_array_add(values->strings, word);
    char *equals = strchr(word, '=');
    const char *key = word, *value = "on";
    if (equals) {
        *equals = '\0';
        value = equals + 1;
    } else if (first_key) {
        key = first_key;
        value = word;
    }
    if (*key == '\0' || *value == '\0')
        return error_user(error, "%s: '%s' has no %s; give key=value", values->option, *key ? key : value,
            *key ? "value" : "key");
    const char *before = g_hash_table_lookup(values->values, key);
    if (before && g_strcmp0(key, values->list_key) == 0) {
        char *list = g_strdup_printf("%s,%s", before, value);
        g_ptr_array_add(values->strings, list);
        value = list;
    } else if (before) {
        return error_user(error, "%s: '%s' is given twice; give it once", values->option, key);
    }
    g_hash_table_insert(values->values, (gpointer)key, (gpointer)value);
    return true;
}

KeyValues *key_values_parse_list(
    const char *option, const char *text, const char *first_key, const char *list_key, GError **error)
{
    g_autoptr(KeyValues) values = g_new0(KeyValues, 1);
    values->option = g_strdup(option);
    values->list_key = list_key;
    values->values = g_hash_table_new(g_str_hash, g_str_equal);
    values->strings = g_ptr_array_new_with_free_func(g_free);
    do {
        if (!add(values, next_word(&text), first_key, error))
            return NULL;
        first_key = NULL;
    } while (*text);
    return g_steal_pointer(&values);
}

KeyValues *key_values_parse(const char *option, const char *text, const char *first_key, GError **error)
{
    return key_values_parse_list(option, text, first_key, NULL, error);
}

const char *key_values_take(KeyValues *values, const char *key)
{
    const char *value = g_hash_table_lookup(values->values, key);
    g_hash_table_remove(values->values, key);
    return value;
}

bool key_values_take_bool(KeyValues *values, const char *key, bool otherwise, bool *result, GError **error)
{
    static const char *const words[] = { "off", "on", "no", "yes", "false", "true" };
    const char *value = key_values_take(values, key);
    if (!value) {
        *result = otherwise;
        return true;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
        if (strcmp(value, words[i]) == 0) {
            *result = i % 2;
            return true;
        }
    return error_user(error, "%s: %s=%s is neither on nor off; give one of them", values->option, key, value);
}

bool key_values_finish(const KeyValues *values, const char *known, GError **error)
{
    GHashTableIter left;
    gpointer key;
    g_hash_table_iter_init(&left, values->values);
    if (!g_hash_table_iter_next(&left, &key, NULL))
        return true;
    return error_user(error, "%s: '%s' is not known; it takes %s", values->option, (const char *)key, known);
}

bool size_parse(const char *text, uint64_t unit, uint64_t *bytes)
{
    char *end;
    errno = 0;
    uint64_t number = g_ascii_strtoull(text, &end, 10);
    if (errno || end == text || !g_ascii_isdigit(*text))
        return false;
    static const char suffixes[] = "bkmgt";
    if (*end) {
        const char *suffix = strchr(suffixes, g_ascii_tolower(*end));
        if (!suffix || end[1])
            return false;
        unit = 1ULL << (10 * (suffix - suffixes));
    }
    return !__builtin_mul_overflow(number, unit, bytes);
}
