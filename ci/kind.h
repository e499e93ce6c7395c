// What results and cases come to in reports that know fewer words than we have verdicts.
#pragma once
#include "outcome.h"

typedef enum {
    KIND_PASS,
    KIND_FAIL,     // the guest's fault, or that it did not fail as it was expected to
    KIND_ERROR,    // nothing was learnt of the guest: the host, or the boot's description, is at fault
    KIND_EXPECTED, // it failed and counts as no failure: it was expected to, or the boot is well all the same
    KIND_SKIP,
} Kind;

Kind kind_of_verdict(Verdict verdict);
// A case that failed in a boot that could not be tested is skipped: what it says may be the host's doing.
Kind kind_of_case(const Result *result, const Case *one);
// Why, in a plain line: the reason and the signature. At most some 800 bytes (g_free).
char *kind_why(const Result *result);
// Why of one run of a boot: the reason and the signature.
char *kind_why_outcome(const Outcome *outcome);
// Why a case is no pass. Never empty.
char *kind_why_case(const Result *result, const Case *one);
// A name as a plain line of at most 300 bytes, and no empty one.
char *kind_name(const char *name);
