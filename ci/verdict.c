// Verdicts.
#include "verdict.h"

const Word verdict_words[] = {
    { "no result", VERDICT_NO_RESULT },
    { "pass", VERDICT_PASS },
    { "fail", VERDICT_FAIL },
    { "panicked", VERDICT_PANICKED },
    { "oopsed", VERDICT_OOPSED },
    { "locked up", VERDICT_LOCKED_UP },
    { "firmware error", VERDICT_FIRMWARE_ERROR },
    { "stuck at a prompt", VERDICT_STUCK_AT_PROMPT },
    { "rebooted", VERDICT_REBOOTED },
    { "timed out", VERDICT_TIMED_OUT },
    { "flaky", VERDICT_FLAKY },
    { "known failure", VERDICT_KNOWN_FAILURE },
    { "unexpected pass", VERDICT_UNEXPECTED_PASS },
    { "could not test", VERDICT_COULD_NOT_TEST },
    { "wrong", VERDICT_WRONG },
    { 0 },
};

int verdict_status(Verdict verdict)
{
    switch (verdict) {
    case VERDICT_PASS:
    case VERDICT_FLAKY:
    case VERDICT_KNOWN_FAILURE:
        return 0;
    case VERDICT_WRONG:
        return 2;
    case VERDICT_COULD_NOT_TEST:
        return 3;
    default:
        return 1;
    }
}

bool verdict_is_good(Verdict verdict)
{
    return verdict_status(verdict) == 0;
}
