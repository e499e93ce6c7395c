// Results as tests make them up.
#pragma once
#include "outcome.h"

static inline Outcome *add_run(Result *result, Verdict verdict, double seconds)
{
    Outcome *outcome = outcome_new();
    outcome->verdict = verdict;
    outcome->seconds = seconds;
    outcome->stage = g_strdup("kernel");
    outcome->reason = g_strdup("so it was");
    g_ptr_array_add(result->outcomes, outcome);
    return outcome;
}

static inline Result *add_boot(Results *results, const char *name, Verdict verdict, double seconds)
{
    Result *result = result_new(name);
    result->verdict = verdict;
    result->reason = g_strdup("so it was");
    add_run(result, verdict, seconds);
    g_ptr_array_add(results->results, result);
    return result;
}

static inline Outcome *run_of(const Result *result, unsigned run)
{
    return result->outcomes->pdata[run];
}

static inline const Result *boot_at(const Results *results, unsigned place)
{
    return results->results->pdata[place];
}
