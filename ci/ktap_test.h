// Tests that a guest told of by KTAP, as the tree that they are.
#pragma once
#include "outcome.h"

typedef struct KtapTest {
    char *name;
    CaseResult result;
    char *text;       // why, in a line; or NULL
    char *output;     // or NULL
    GPtrArray *below; // of KtapTest: its own tests; or NULL
} KtapTest;

// Takes `below`; copies the texts, which may be NULL but for `name`.
KtapTest *ktap_test_new(
    const char *name, CaseResult result, const char *text, const char *output, GPtrArray *below);
// For GDestroyNotify.
void ktap_test_free(gpointer test);
// Is there any in `tests` and below that says that something is wrong?
bool ktap_tests_are_bad(const GPtrArray *tests);
bool ktap_result_is_bad(CaseResult result);
// Appends the cases: tests without others below; one with others only where it is wrong and they do not say
// why. A name that is there already gets a number: "name (2)".
void ktap_tests_report(const GPtrArray *tests, Outcome *outcome);
