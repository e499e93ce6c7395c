// Enumerations that a person writes: each word stands once, in a table that parses, prints and lists it.
#pragma once
#include <glib.h>
#include <stdbool.h>

typedef struct Word {
    const char *word;
    int value;
    bool unlisted;    // taken, but not told: an older name, say
    const char *help; // one line, or NULL
} Word;               // a table ends with a word of NULL

// Any thread, as all of this. False, and `value` stays, for another word.
bool words_find(const Word *words, const char *text, int *value);
// The first word with this value; NULL: there is none.
const char *words_name(const Word *words, int value);
// "a, b or c" for `between` ", " and `last` " or " (g_free); "" for none.
char *words_join(const GPtrArray *texts, const char *between, const char *last);
// The same, of the words of a table that are told.
char *words_list(const Word *words, const char *between, const char *last);

// "on" and "off", and QEMU's other words for them; values 1 and 0.
extern const Word words_switch[];
// The same, for what is always so: one of the two, and "auto".
extern const Word words_on[], words_off[];
