// Words of enumerations.
#include "lparun/words.h"
#include <glib.h>
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

char *words_list(const Word *words, const char *between, const char *last)
{
    unsigned count = 0, done = 0;
    GString *list = g_string_new(NULL);
    for (const Word *word = words; word->word; word++)
        count += !word->unlisted;
    for (; words->word; words++)
        if (!words->unlisted) {
            g_string_append(list, done == 0 ? "" : done + 1 < count ? between : last);
            g_string_append(list, words->word);
            done++;
        }
    return g_string_free(list, FALSE);
}
