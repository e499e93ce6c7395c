// Every option that lparun knows, a row each.
#pragma once
#include "options.h"

typedef bool OptionParse(Options *options, const char *option, const char *value, GError **error);

// How it stands beside QEMU's option of that name.
typedef enum {
    QEMU_SAME,    // all that makes sense for a pseries guest under KVM
    QEMU_PART,    // `note` says what not
    QEMU_REFUSED, // with `note`, which says why and what to do instead
    QEMU_NONE,    // QEMU has no such option
} QemuPlace;

typedef struct OptionRow {
    const char *name;
    const char *value;           // what stands behind it, for help; NULL: nothing
    const char *help;            // lines; NULL for what is refused
    OptionParse *parse;          // NULL: `text`, or the options after which there is nothing to run
    size_t text;                 // offset of a char * of Options that the value goes to; 0: none
    void (*list)(GString *text); // of help in place of `help`: it has a kind for each line
    QemuPlace qemu;
    const char *note;
} OptionRow;

extern const OptionRow option_table[];
// How many rows there are.
unsigned option_count(void);
// The row of this name, or NULL.
const OptionRow *option_find(const char *name);
// A text of all of them (g_free): -help; and as a table beside QEMU's, -help qemu.
char *options_help(void);
char *options_help_qemu(void);
