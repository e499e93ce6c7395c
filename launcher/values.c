// Option values, by tables of keys.
#include "values.h"
#include "json_module.h"
#include "lparun/error.h"
#include <errno.h>
#include <string.h>

typedef struct Value {
    char *key, *text;
    bool taken;
} Value;

struct Values {
    char *option;
    GArray *list; // of Value, as given
    bool help;
};

static void value_clear(gpointer data)
{
    Value *value = data;
    g_free(value->key);
    g_free(value->text);
}

void values_free(Values *values)
{
    if (!values)
        return;
    g_array_unref(values->list);
    g_free(values->option);
    g_free(values);
}

// --- What was written.

static void add(void *data, const char *key, const char *text)
{
    Values *values = data;
    const Value value = { .key = g_strdup(key), .text = g_strdup(text) };
    g_array_append_val(values->list, value);
}

// The text up to the next single comma, with ",," made one; `*text` moves behind it.
static char *next_word(const char **text)
{
    GString *word = g_string_new(NULL);
    const char *at = *text;
    for (; *at; at++) {
        if (*at == ',' && *++at != ',')
            break;
        g_string_append_c(word, *at);
    }
    *text = at;
    return g_string_free(word, FALSE);
}

static bool is_help(const char *word)
{
    return strcmp(word, "help") == 0 || strcmp(word, "?") == 0;
}

static bool add_word(Values *values, const char *word, const char *first_key, GError **error)
{
    const char *equals = strchr(word, '=');
    g_autofree char *key = equals ? g_strndup(word, (size_t)(equals - word)) : NULL;
    if (!equals && is_help(word)) {
        values->help = true;
        return true;
    }
    const char *text = equals ? equals + 1 : first_key ? word : "on";
    const char *name = equals ? key : first_key ? first_key : word;
    if (*name == '\0')
        return error_user(error, "%s: '%s' has no key; give key=value", values->option, text);
    add(values, name, text);
    return true;
}

static bool add_words(Values *values, const char *text, const char *first_key, GError **error)
{
    do {
        g_autofree char *word = next_word(&text);
        if (!add_word(values, word, first_key, error))
            return false;
        first_key = NULL;
    } while (*text);
    return true;
}

static bool add_json(Values *values, const char *text, GError **error)
{
    g_autoptr(GError) why = NULL;
    return json_module_read(text, add, values, &why) ||
           error_user(error, "%s %s: %s", values->option, text, why->message);
}

Values *values_parse(const char *option, const char *text, const char *first_key, GError **error)
{
    g_autoptr(Values) values = g_new0(Values, 1);
    values->option = g_strdup(option);
    values->list = g_array_new(FALSE, FALSE, sizeof(Value));
    g_array_set_clear_func(values->list, value_clear);
    bool done = *text == '{' ? add_json(values, text, error) : add_words(values, text, first_key, error);
    return done ? g_steal_pointer(&values) : NULL;
}

bool values_ask_help(const Values *values)
{
    return values->help;
}

static Value *at(const Values *values, unsigned index)
{
    return &g_array_index(values->list, Value, index);
}

const char *values_take(Values *values, const char *key)
{
    for (unsigned i = 0; i < values->list->len; i++)
        if (!at(values, i)->taken && strcmp(at(values, i)->key, key) == 0) {
            at(values, i)->taken = true;
            return at(values, i)->text;
        }
    return NULL;
}

char *values_take_group(Values *values, const char *prefix)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < values->list->len; i++) {
        Value *value = at(values, i);
        if (value->taken || !g_str_has_prefix(value->key, prefix))
            continue;
        value->taken = true;
        g_auto(GStrv) parts = g_strsplit(value->text, ",", 0);
        g_autofree char *whole = g_strjoinv(",,", parts);
        g_string_append_printf(text, "%s%s=%s", text->len ? "," : "", value->key + strlen(prefix), whole);
    }
    return g_string_free(text, text->len == 0);
}

char **values_names(const Values *values)
{
    GPtrArray *names = g_ptr_array_new();
    for (unsigned i = 0; i < values->list->len; i++)
        if (!at(values, i)->taken)
            g_ptr_array_add(names, g_strdup(at(values, i)->key));
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

void values_rename(Values *values, const char *option)
{
    g_free(values->option);
    values->option = g_strdup(option);
}

const char *values_option(const Values *values)
{
    return values->option;
}

// --- One value.

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

static bool read_number(const Key *key, const char *text, void *to)
{
    guint64 number;
    if (!g_ascii_string_to_unsigned(text, 10, key->least, key->most, &number, NULL))
        return false;
    *(unsigned *)to = (unsigned)number;
    return true;
}

static bool read_switch(const char *text, void *to)
{
    int value;
    if (!words_find(words_switch, text, &value))
        return false;
    *(bool *)to = value;
    return true;
}

// With what is there already, where the key may be there again.
static bool read_text(const Key *key, const char *text, void *to, bool again)
{
    char **held = to, *before = *held;
    *held = again ? g_strconcat(before, ",", text, NULL) : g_strdup(text);
    g_free(before);
    return true;
}

static bool read_value(const Key *key, const char *text, void *to, bool again)
{
    switch (key->type) {
    case KEY_TEXT:
        return read_text(key, text, to, again);
    case KEY_SWITCH:
        return read_switch(text, to);
    case KEY_NUMBER:
        return read_number(key, text, to);
    case KEY_SIZE:
        return size_parse(text, key->unit, to);
    case KEY_WORD:
        return words_find(key->words, text, to);
    case KEY_READ:
        return key->read(text, to);
    case KEY_ONLY:
        return !key->words || words_find(key->words, text, &(int){ 0 });
    case KEY_REFUSED:
        return false;
    }
    g_assert_not_reached();
}

// What it takes, where that can be listed; or NULL.
static const Word *words_of(const Key *key)
{
    return key->type == KEY_SWITCH ? words_switch : key->words;
}

// What to say of a value that is none (g_free).
static char *mend(const Key *key)
{
    if (key->mend)
        return g_strdup(key->mend);
    if (key->type == KEY_NUMBER)
        return g_strdup_printf(
            "not a number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, key->least, key->most);
    if (key->type == KEY_SIZE)
        return g_strdup_printf(
            "not a size; give %s a number with K, M, G or T", key->unit > 1 ? "MiB, or" : "bytes, or");
    g_autofree char *list = words_list(words_of(key), ", ", " or ");
    return g_strconcat("it takes ", list, NULL);
}

// --- All of them.

static const Key *find(const Key *keys, const char *name)
{
    for (; keys->name; keys++)
        if (strcmp(keys->name, name) == 0)
            return keys;
    return NULL;
}

static bool is_there_before(const Values *values, unsigned index)
{
    for (unsigned i = 0; i < index; i++)
        if (strcmp(at(values, i)->key, at(values, index)->key) == 0)
            return true;
    return false;
}

// "'a'" for each key that `keys` do not have.
static GPtrArray *unknown(const Values *values, const Key *keys)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < values->list->len; i++)
        if (!at(values, i)->taken && !find(keys, at(values, i)->key) && !is_there_before(values, i))
            g_ptr_array_add(names, g_strdup_printf("'%s'", at(values, i)->key));
    return names;
}

// "a=, b= and c=" (g_free): those that change something.
static char *known(const Key *keys)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (; keys->name; keys++)
        if (keys->type != KEY_ONLY && keys->type != KEY_REFUSED && !keys->unlisted)
            g_ptr_array_add(names, g_strconcat(keys->name, "=", NULL));
    return names->len ? words_join(names, ", ", " and ") : g_strdup("no more");
}

// Help that nobody has answered.
static bool check_help(const Values *values, const Key *keys, GError **error)
{
    if (!values->help)
        return true;
    g_autofree char *list = known(keys);
    return error_user(error, "%s help: it takes %s", values->option, list);
}

// One line for all of them, where the first one stands.
static bool refuse_unknown(const Values *values, unsigned index, const Key *keys, GError **error)
{
    g_autoptr(GPtrArray) names = unknown(values, keys);
    g_autofree char *first = g_strdup_printf("'%s'", at(values, index)->key);
    if (strcmp(names->pdata[0], first) != 0 || is_there_before(values, index))
        return false;
    g_autofree char *list = known(keys), *wrong = words_join(names, ", ", " and ");
    return error_user(error, "%s: %s %s not known; it takes %s", values->option, wrong,
        names->len == 1 ? "is" : "are", list);
}

static bool is_given(const Values *values, const char *name)
{
    for (unsigned i = 0; i < values->list->len; i++)
        if (strcmp(at(values, i)->key, name) == 0)
            return true;
    return false;
}

static bool fill_one(const Values *values, unsigned index, const Key *keys, void *to, GError **error)
{
    const Value *value = at(values, index);
    const Key *key = find(keys, value->key);
    bool again = is_there_before(values, index);
    if (!key)
        return refuse_unknown(values, index, keys, error);
    if (again && !key->list)
        return error_user(error, "%s: '%s' is given twice; give it once", values->option, value->key);
    if (*value->text == '\0' && !key->empty)
        return error_user(error, "%s: '%s' has no value; give key=value", values->option, value->key);
    if (read_value(key, value->text, (char *)to + key->at, again))
        return true;
    g_autofree char *why = mend(key);
    return error_user(error, "%s %s=%s: %s", values->option, value->key, value->text, why);
}

// Whether what may not be left out is there.
static bool check_needed(const Values *values, const Key *keys, GError **error)
{
    bool right = true;
    for (; keys->name; keys++) {
        g_autoptr(GError) why = NULL;
        if (!keys->needed || is_given(values, keys->name))
            continue;
        error_user(&why, "%s: no %s; give %s=%s", values->option, keys->name, keys->name,
            keys->value ? keys->value : "VALUE");
        right = error_more(error, g_steal_pointer(&why));
    }
    return right;
}

bool values_fill(Values *values, const Key *keys, void *to, GError **error)
{
    if (!check_help(values, keys, error))
        return false;
    bool right = true;
    for (unsigned i = 0; i < values->list->len; i++) {
        g_autoptr(GError) why = NULL;
        if (at(values, i)->taken)
            continue;
        right &= fill_one(values, i, keys, to, &why);
        if (why)
            error_more(error, g_steal_pointer(&why));
    }
    for (unsigned i = 0; i < values->list->len; i++)
        at(values, i)->taken = true;
    return check_needed(values, keys, error) && right;
}

void keys_clear(const Key *keys, void *of)
{
    for (; keys && keys->name; keys++)
        if (keys->type == KEY_TEXT)
            g_clear_pointer((char **)((char *)of + keys->at), g_free);
}

char *keys_value(const Key *key)
{
    static const char *const types[] = {
        [KEY_TEXT] = "TEXT",
        [KEY_NUMBER] = "NUMBER",
        [KEY_SIZE] = "SIZE",
        [KEY_READ] = "VALUE",
        [KEY_ONLY] = "VALUE",
    };
    if (words_of(key))
        return words_list(words_of(key), "|", "|");
    return g_strdup(key->value ? key->value : types[key->type]);
}

void keys_help(const Key *keys, GString *text)
{
    for (; keys && keys->name; keys++) {
        if (keys->type == KEY_REFUSED || keys->unlisted)
            continue;
        g_autofree char *value = keys_value(keys), *head = g_strdup_printf("%s=%s", keys->name, value);
        g_string_append_printf(text, "  %-24s %s%s\n", head, keys->help, keys->needed ? " (needed)" : "");
    }
}
