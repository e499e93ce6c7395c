// Words of enumerations.
#include "lparun/words.h"
#include <string.h>

const Word words_switch[] = {
    { "on", true },
    { "off", false },
    { "yes", true, .unlisted = true },
    { "no", false, .unlisted = true },
    { "true", true, .unlisted = true },
    { "false", false, .unlisted = true },
    { 0 },
};

const Word words_on[] = { { "on" }, { "yes", .unlisted = true }, { "true", .unlisted = true },
    { "y", .unlisted = true }, { "auto", .unlisted = true }, { 0 } };
const Word words_off[] = { { "off" }, { "no", .unlisted = true }, { "false", .unlisted = true },
    { "n", .unlisted = true }, { "auto", .unlisted = true }, { 0 } };

bool words_find(const Word *words, const char *text, int *value)
{
    for (; words->word; words++)
        if (strcmp(words->word, text) == 0) {
            *value = words->value;
            return true;
        }
    return false;
}

const char *words_name(const Word *words, int value)
{
    for (; words->word; words++)
        if (words->value == value)
            return words->word;
    return NULL;
}

char *words_join(const GPtrArray *texts, const char *between, const char *last)
{
    GString *list = g_string_new(NULL);
    for (unsigned i = 0; i < texts->len; i++) {
        if (i > 0)
            g_string_append(list, i + 1 < texts->len ? between : last);
        g_string_append(list, texts->pdata[i]);
    }
    return g_string_free(list, FALSE);
}

char *words_list(const Word *words, const char *between, const char *last)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new();
    for (; words->word; words++)
        if (!words->unlisted)
            g_ptr_array_add(texts, (char *)words->word);
    return words_join(texts, between, last);
}
