// One line of KTAP 1, TAP 13 or TAP 14, read by itself.
#pragma once
#include <glib.h>
#include <stdbool.h>

typedef enum {
    KTAP_OTHER,   // diagnostics, and any other text
    KTAP_VERSION, // "KTAP version 1", "TAP version 13"
    KTAP_PLAN,    // "1..5", "1..0 # SKIP reason"
    KTAP_RESULT,  // "ok 1 name", "not ok 2 - name # TODO reason"
    KTAP_BAIL,    // "Bail out! reason"
    KTAP_SUBTEST, // "# Subtest: name"
    KTAP_HEADER,  // kselftest's "# selftests: folder: name"
} KtapKind;

typedef enum {
    KTAP_PLAIN, // none, or one that is not known
    KTAP_SKIP,
    KTAP_TODO,
    KTAP_XFAIL,
    KTAP_TIMEOUT,
    KTAP_ERROR,
} KtapDirective;

typedef struct KtapLine {
    KtapKind kind;
    unsigned width;  // columns before it
    unsigned hashes; // in them: kselftest puts "# " before what a test of it prints
    unsigned mark;   // the column of the last of them
    bool ok;
    gint64 number; // of a result, or how many a plan has; -1: the result has none; KTAP_HIGHEST at most
    KtapDirective directive;
    char *name; // of a result, subtest or header; NULL for the other kinds
    char *text; // behind the "#" of a result or a plan, the directive's word taken off if it is known; why it
                // bailed out; or NULL
} KtapLine;

#define KTAP_HIGHEST 1000000000

// Reads any text without a line's end. To be cleared by ktap_line_clear().
KtapLine ktap_line_read(const char *text);
void ktap_line_clear(KtapLine *line);
// `text` behind its first `width` columns of spaces and hashes; all of it where it has fewer.
const char *ktap_line_behind(const char *text, unsigned width);
