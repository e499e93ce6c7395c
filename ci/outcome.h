// What is left of one run of a boot, and of a boot's runs together: all that reports are made of.
#pragma once
#include "verdict.h"
#include <glib.h>
#include <stdbool.h>

// When the guest came to something: seconds from lparun's start.
typedef struct Mark {
    char *name;
    double seconds;
} Mark;

// How often something was counted by the statistics of lparun: "exits.mmio".
typedef struct Count {
    char *name;
    gint64 value;
} Count;

typedef enum {
    CASE_PASS,
    CASE_FAIL,
    CASE_SKIP,
    CASE_EXPECTED_FAIL, // TODO, XFAIL
    CASE_TIMEOUT,
    CASE_ERROR, // it has no result: it crashed, or its plan was not kept
} CaseResult;

// A test that the guest ran and told of by KTAP.
typedef struct Case {
    char *name; // with those above it: "selftests: mm: madv_populate/populate_read"
    CaseResult result;
    char *text;   // why, in a line; or NULL
    char *output; // its diagnostics, lines; or NULL
} Case;

typedef struct Outcome {
    Verdict verdict;
    char *reason;       // one line
    char *signature;    // "oops: do_fault", the same for the same fault in any build; or NULL
    char *stage;        // that it came to
    char *hang;         // the kind of hang where it is one: "spinning at do_fault", or NULL
    double seconds;     // from the start of lparun to the verdict
    GArray *timeline;   // of Mark: what lparun saw
    GArray *stages;     // of Mark: when the console told of each
    GArray *counts;     // of Count
    GPtrArray *cases;   // of Case
    GPtrArray *block;   // of char *: the lines of the first failure, seconds before each
    GPtrArray *last;    // of char *: the last lines, seconds before each
    int exit_status;    // of the command that `exec` ran; -1: none came
    bool flooded;       // the console had more than is kept
    bool incomplete;    // the guest itself said that it lost lines
    char *folder;       // with console.txt and console.raw, as seen from results.json; or NULL
    GPtrArray *console; // of char *: all lines, seconds before each; NULL where it was read from a file
    GByteArray *output; // of the command that exec ran; or NULL
    GByteArray *raw;    // as it came, as far as CONSOLE_BYTES; NULL likewise
} Outcome;

#define CONSOLE_BYTES (16u << 20)
#define CONSOLE_LINES 100000u
#define LAST_LINES 40u

// A file that a boot started from.
typedef struct Input {
    char *what; // "kernel"
    char *path;
    char *sha256;  // or NULL: it could not be read
    char *version; // "Linux version 6.12", or NULL
    gint64 size;
} Input;

// A value of an axis: "mmu", "hash".
typedef struct Axis {
    char *name, *value;
} Axis;
Axis *axis_new(const char *name, const char *value);
void axis_free(gpointer axis);

// A boot and all of its runs.
typedef struct Result {
    char *name;
    GPtrArray *axes;     // of Axis
    GStrv tags;          // or NULL
    char *known;         // why it is expected to fail; or NULL
    Verdict verdict;     // of all outcomes together
    char *reason;        // likewise
    GPtrArray *outcomes; // of Outcome, at least one; the last is the one that counts
    GStrv command;       // the command line of lparun
    char *again;         // one line for a shell that runs this boot; or NULL
    GPtrArray *inputs;   // of Input
} Result;

// All of a run.
typedef struct Results {
    char *suite;            // the boot file; or NULL
    char *started;          // UTC, ISO 8601
    double seconds;         // all of it
    char *version;          // of lparun-ci
    char *host;             // "Linux 6.12.1 ppc64le, nested"
    unsigned shard, shards; // 1 to shards; 0: it is all
    GStrv all;              // names of the whole suite's boots: what a shard may miss
    GPtrArray *results;     // of Result, in the order of the suite
} Results;

// An empty array of Mark.
GArray *outcome_marks_new(void);
Outcome *outcome_new(void);
void outcome_free(Outcome *outcome);
// Both texts are copied.
void outcome_add_mark(GArray *marks, const char *name, double seconds);
void outcome_add_count(Outcome *outcome, const char *name, gint64 value);
// All of it is copied; `text` and `output` may be NULL.
void outcome_add_case(
    Outcome *outcome, const char *name, CaseResult result, const char *text, const char *output);
// Words for CaseResult: "pass", "fail", ...
extern const Word case_words[];
// It failed, and was not expected to.
bool case_is_bad(const Case *one);

Result *result_new(const char *name);
void result_free(Result *result);
// Both texts are copied.
void result_add_axis(Result *result, const char *name, const char *value);
// The one that counts: the last.
const Outcome *result_outcome(const Result *result);
// Of all of its runs together; a file may say anything, infinity too.
double result_seconds(const Result *result);

Results *results_new(void);
void results_free(Results *results);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Results, results_free)

// How many have each verdict, by Verdict.
void results_count(const Results *results, unsigned counts[VERDICTS]);
// Of `all`, those that no result which `counts` has (NULL: any does): of char *, the results'
// (g_ptr_array_unref).
GPtrArray *results_missing(const Results *results, bool (*counts)(const Result *result));
// The exit status of lparun-ci: the worst of its boots; 0 where all are well.
int results_status(const Results *results);
