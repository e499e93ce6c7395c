// Several runs, one verdict.
#include "conclude.h"

static const Outcome *outcome_at(const Result *result, unsigned index)
{
    return result->outcomes->pdata[index];
}

static unsigned count(const Result *result, Verdict verdict)
{
    unsigned many = 0;
    for (unsigned i = 0; i < result->outcomes->len; i++)
        many += outcome_at(result, i)->verdict == verdict;
    return many;
}

static bool is_failure(Verdict verdict)
{
    return verdict_status(verdict) == 1;
}

static unsigned failures(const Result *result)
{
    unsigned many = 0;
    for (unsigned i = 0; i < result->outcomes->len; i++)
        many += is_failure(outcome_at(result, i)->verdict);
    return many;
}

// Runs after which another may be made that does not count: the host's faults, and where the boot wants it,
// the guest's.
static unsigned excused(const Boot *boot, const Result *result)
{
    bool failures_too = boot->retry_failures && !boot->fails_expected;
    unsigned many = count(result, VERDICT_COULD_NOT_TEST) + (failures_too ? failures(result) : 0);
    return MIN(many, boot->retries);
}

bool conclude_runs_again(const Boot *boot, const Result *result)
{
    return !count(result, VERDICT_WRONG) && result->outcomes->len < boot->repeat + excused(boot, result);
}

static const Outcome *last_failure(const Result *result)
{
    for (unsigned i = result->outcomes->len; i-- > 0;)
        if (is_failure(outcome_at(result, i)->verdict))
            return outcome_at(result, i);
    return NULL;
}

static void set(Result *result, Verdict verdict, char *reason)
{
    g_free(result->reason);
    result->verdict = verdict;
    result->reason = reason;
}

// What was known to fail.
static void conclude_known(const Boot *boot, Result *result)
{
    const char *why = boot->known ? boot->known : "it is expected to fail";
    if (result->verdict == VERDICT_PASS || result->verdict == VERDICT_FLAKY)
        set(result, VERDICT_UNEXPECTED_PASS, g_strdup_printf("it passed, though: %s", why));
    else if (is_failure(result->verdict))
        set(result, VERDICT_KNOWN_FAILURE, g_strdup_printf("%s (%s)", why, result->reason));
}

void conclude(const Boot *boot, Result *result)
{
    const Outcome *last = result_outcome(result);
    unsigned passes = count(result, VERDICT_PASS), failed = failures(result);
    const Outcome *failure = last_failure(result);
    if (passes && failed)
        set(result, VERDICT_FLAKY,
            g_strdup_printf("%u of %u runs passed; %s: %s", passes, passes + failed,
                words_name(verdict_words, (int)failure->verdict), failure->reason));
    else if (failed && last->verdict == VERDICT_COULD_NOT_TEST)
        set(result, failure->verdict, g_strdup(failure->reason)); // the host's fault that followed hides none
    else
        set(result, last->verdict, g_strdup(last->reason));
    if (boot->fails_expected)
        conclude_known(boot, result);
}
