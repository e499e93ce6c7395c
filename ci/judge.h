// Judges a boot by what its console says, what lparun tells of it, and how it ended.
//
// The first of these that holds is the reason, whatever comes later: the host's trouble, a crash (a form that
// decides at once, or a panic that lparun tells of), a reboot that nobody announced, a limit of time, an end
// without what was expected. A pass needs all expectations; without any, an orderly power-off.
#pragma once
#include "forms.h"
#include "verdict.h"

typedef struct Judge Judge;

// `expect`: of GRegex, to be seen in this order. `allow`: of GRegex, lines that are no failure. Both stay the
// caller's.
Judge *judge_new(const GPtrArray *expect, const GPtrArray *allow);
void judge_free(Judge *judge);

// A whole line, and what there is of the next one.
void judge_line(Judge *judge, const char *line);
void judge_partial(Judge *judge, const char *text);
// QMP's SHUTDOWN, RESET and GUEST_PANICKED, with "reason" of their data or NULL.
void judge_event(Judge *judge, const char *event, const char *reason);
// The time is up.
void judge_limit(Judge *judge, double seconds);
// lparun has ended: its exit status, or a signal's number and -1. `said` is what it said to standard error.
void judge_end(Judge *judge, int status, const char *said);

// How many expectations were seen.
unsigned judge_seen(const Judge *judge);
// Nothing that comes changes the verdict.
bool judge_is_decided(const Judge *judge);
// The stage that the guest has come to: "firmware", "loader", "kernel", "init", "login"; "nothing".
const char *judge_stage(const Judge *judge);

typedef struct Finding {
    Verdict verdict;
    char *reason;    // one line
    char *signature; // "oops: do_fault", the same for the same fault in any build; or NULL
} Finding;
// Once it is decided, or lparun has ended.
Finding judge_finding(const Judge *judge);
void finding_clear(Finding *finding);
