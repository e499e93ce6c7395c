// Judges a boot by what its console says, what lparun tells of it, and how it ended.
//
// The first of these that holds is the reason, whatever comes later: the host's trouble, a crash (a form that
// decides at once, a panic or a watchdog that lparun tells of, a line that the boot calls a failure), a
// reboot that nobody announced, a limit of time, an end without what was expected, a test that failed, a
// warning. A pass needs all that the boot passes by; without anything of that, an orderly power-off.
#pragma once
#include "boot.h"
#include "outcome.h"
#include "script.h"

typedef struct Judge Judge;

typedef enum {
    LIMIT_WHOLE,
    LIMIT_STAGE,
    LIMIT_SILENCE,
    LIMIT_RUN_TIME, // of the vCPUs
} Limit;

// Both stay the caller's.
Judge *judge_new(const Boot *boot, const Script *script);
void judge_free(Judge *judge);

// A whole line, and what there is of the next one; seconds from the start.
void judge_line(Judge *judge, const char *line, double seconds);
void judge_partial(Judge *judge, const char *text, double seconds);
// QMP's SHUTDOWN, RESET, GUEST_PANICKED and WATCHDOG, with "reason" of their data or NULL.
void judge_event(Judge *judge, const char *event, const char *reason, double seconds);
// The console has kept silent for a while.
void judge_quiet(Judge *judge);
// It has said more than the boot bears.
void judge_flood(Judge *judge);
// The time is up: so many seconds.
void judge_limit(Judge *judge, Limit limit, double seconds);
// What kind of hang it is. `starved`: the host gave the vCPUs no time, so that a limit says nothing of the
// guest.
void judge_hang(Judge *judge, const char *kind, bool starved);
// A line that the command of `exec` wrote.
void judge_output(Judge *judge, const char *line);
// What came of the command, once lparun has ended: -1 and why not, or its status; `why`: it is not well, or
// NULL.
void judge_exec(Judge *judge, int status, const char *why);
// Somebody else ends lparun before there is a verdict: why.
void judge_outside(Judge *judge, const char *why);
// A step cannot be done: why.
void judge_step_failed(Judge *judge, const char *why);
// lparun has ended: its exit status, or a signal's number and -1. `said` is what it said to standard error.
void judge_end(Judge *judge, int status, const char *said);

// Nothing that comes changes the verdict.
bool judge_is_decided(const Judge *judge);
// Is it a pass, as far as it is known?
bool judge_passes(const Judge *judge);
// Has it powered off, so that nothing more comes?
bool judge_is_off(const Judge *judge);
// Is a limit the reason? It may be one whose kind is not known yet.
bool judge_is_limit(const Judge *judge);
// The stage that the guest is in: an index into the boot's, or -1.
int judge_stage(const Judge *judge);
// When it came to that: seconds from the start.
double judge_stage_began(const Judge *judge);

// Verdict, reason, signature, stage, hang, stages, cases and block of the outcome; once it is decided, or
// lparun has ended.
void judge_fill(const Judge *judge, Outcome *outcome);
