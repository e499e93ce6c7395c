// The keys that an option, an object or a device takes ("drive=", "max-bytes="), as a table: name, type,
// where the value goes, default and help. From it come parsing, the messages for what is wrong, and the help.
#pragma once
#include "lparun/words.h"
#include <stddef.h>
#include <stdint.h>

typedef enum {
    KEY_TEXT,   // char *, which is freed with its struct
    KEY_SWITCH, // bool: on or off
    KEY_NUMBER, // unsigned, decimal, from `least` to `most`
    KEY_SIZE,   // uint64_t, bytes: a number with K, M, G or T, or without of `unit` bytes
    KEY_WORD,   // an enumeration of `words`
    KEY_READ,   // what `read` makes of it; `value` says what it looks like
    KEY_ONLY,   // nothing is filled: it is so already, one of `words` or (NULL) whatever it says; else `mend`
                // says why not
    KEY_REFUSED, // QEMU has it, and `mend` says why lparun has not and what to do
} KeyType;

typedef struct Key {
    const char *name;
    KeyType type;
    size_t at;         // offset in the struct that is filled
    const char *value; // of TEXT, NUMBER and READ, for help: "ID"; NULL: a word for the type
    const char *help;  // one line; says the default where it is not obvious
    const Word *words; // of WORD and ONLY; of READ, to be listed: what `read` takes, or NULL
    uint64_t least, most, unit;
    bool (*read)(const char *text, void *to);
    const char *mend; // NUMBER, SIZE, READ: "not a PCI slot; give 0 to 1f"; NULL: one of the type's own
    bool needed;      // it cannot be left out
    bool unlisted;    // taken, but not told
    bool empty;       // TEXT: "key=" says something, too
    bool list;        // TEXT: may be there more than once; its values are one then, with commas between
} Key;                // a table ends with a name of NULL
