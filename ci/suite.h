// A boot file: the boots of a suite, multiplied by their axes. docs/ci.md has its form.
#pragma once
#include "settings.h"

typedef struct Suite {
    char *name;       // the boot file's, or NULL
    GPtrArray *boots; // of Boot, in their order, each name once
} Suite;

// Which of a file's boots are wanted: those that a pattern fits (wildcards * and ?; NULL: any), and that have
// one of the tags (NULL: any).
typedef struct Selection {
    GStrv patterns, tags;
} Selection;

// Boots of the file at `path`, or without one (NULL) the one boot that `more` describes, called `name`.
// `more` counts after all that a file says. `names`: for ${NAME}. NULL and `error`: all that is wrong with
// those that are wanted, a line each.
Suite *suite_read(const char *path, const char *name, const GPtrArray *more, GHashTable *names,
    const Selection *wanted, GError **error);
void suite_free(Suite *suite);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Suite, suite_free)
