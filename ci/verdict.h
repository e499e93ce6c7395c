// What came of a boot, in words that reports, exit statuses and tests share.
#pragma once
#include "lparun/words.h"
#include <stdbool.h>

typedef enum {
    VERDICT_NO_RESULT, // nothing was seen that says anything: what every boot starts as
    VERDICT_PASS,
    VERDICT_FAIL, // it ended without what was expected, or warned, or a test of its failed
    VERDICT_PANICKED,
    VERDICT_OOPSED,
    VERDICT_LOCKED_UP,
    VERDICT_FIRMWARE_ERROR,
    VERDICT_STUCK_AT_PROMPT,
    VERDICT_REBOOTED,
    VERDICT_TIMED_OUT,
    VERDICT_FLAKY,           // it passed when it was tried again
    VERDICT_KNOWN_FAILURE,   // it was expected to fail, and did
    VERDICT_UNEXPECTED_PASS, // it was expected to fail, and did not
    VERDICT_COULD_NOT_TEST,  // the host's fault
    VERDICT_WRONG,           // the boot's own description is
    VERDICTS
} Verdict;

extern const Word verdict_words[];
// lparun-ci's exit status: 0 all is well (pass, flaky, known failure), 1 a failure of the guest's, 2 wrong
// options or boot file, 3 could not test.
int verdict_status(Verdict verdict);
// pass, flaky, known failure
bool verdict_is_good(Verdict verdict);
