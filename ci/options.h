// What the command line of lparun-ci says of a run.
#pragma once
#include "pool.h"
#include "report.h"

typedef struct Options {
    char *file; // a boot file; or NULL: all is on the command line
    char *name; // of the one boot without a file
    GPtrArray *settings;
    GHashTable *names; // of ${NAME}
    GStrv boots, tags; // patterns and tags of the boots that are meant; or NULL
    PoolLimits limits;
    ReportOptions report;
    char *shard;     // "3/8"; or NULL: what a farm's engine says
    unsigned shards; // how many there are; 0: not said
    char *times;     // results.json of an earlier run; or NULL
    bool quiet, bisect, fail_flaky, status;
    const char *command; // "run", "list", ...
    GStrv words;         // the command line behind it
} Options;

// Of the words after `command`, up to a NULL. NULL and `error`.
Options *options_parse(const char *command, char **words, GError **error);
void options_free(Options *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Options, options_free)
// The boots that are meant. NULL and `error`: the file is wrong, or none is left.
Suite *options_suite(const Options *options, GError **error);
// The options of reports; `group` gets them.
void options_add_report(GOptionGroup *group, ReportOptions *report);
// "lparun-ci COMMAND" and the words after it, as an option context wants them (g_strfreev).
GStrv options_words(const char *command, char **words);
