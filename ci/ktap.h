// A reader of KTAP 1, TAP 13 and TAP 14 on a guest's console: what tests ran there, and what came of them.
#pragma once
#include "outcome.h"

// A run of tests is a block: a version line or a plan, and results. Blocks below stand for one test of the
// block above them: by their margin, or by "# " as kselftest has it. Several blocks may follow each other.
typedef struct Ktap Ktap;

#define KTAP_CASES 100000u // what comes beyond is only counted, and is a failure
#define KTAP_LEVELS 16u    // likewise

Ktap *ktap_new(void);
void ktap_free(Ktap *ktap);
// A console line as it came, escape sequences taken off: a kernel's prefix may be before it, and a kernel's
// message in it, with what the line lacks on a later one.
void ktap_line(Ktap *ktap, const char *line);
// No more lines will come. Tests that were promised and did not come are now cases without result.
void ktap_end(Ktap *ktap);

// Has the console tests? A version line says so, or a plan and a result, or a plan that skips all: a line
// such as "ok", or "ok 1" without a plan, does not.
bool ktap_is_there(const Ktap *ktap);
// Nothing more is expected of what has begun: all blocks at top level have a plan and as many results, or
// bailed out. A run of several blocks is complete after each, until the next begins; one whose plan comes
// never, or was not kept by an earlier block, is never complete.
bool ktap_is_complete(const Ktap *ktap);

// Appends the cases in the order in which they ended, each with a name that the outcome does not have yet.
// Nothing where no tests are there. Behind ktap_end().
void ktap_report(const Ktap *ktap, Outcome *outcome);
// NULL: tests ran, plans were kept, and none failed; all may be skipped or expected to fail. A failure counts
// whatever the test above it says. Else why not, in one line (g_free): "2 of 12 tests failed: a, b", "the
// plan was 5, and 3 came; 2 of 5 tests in error: test 4, test 5", "no test ran". Behind ktap_end().
char *ktap_why(const Ktap *ktap);
