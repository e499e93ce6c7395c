// KCIDB 5.3: what KernelCI's database takes from other CI systems.
#pragma once
#include "outcome.h"

// One build a kernel (without a kernel: a set of inputs), with a checkout that says what is known of its
// source, its version; a test a boot, `boot.NAME`, and a test a case, `boot.NAME.PART.PART`; for a known
// failure an issue, and an incident that says whether it is there. Ids are made from what they stand for: the
// same results make the same ids. Statuses, by what KCIDB means by them:
// - PASS: pass, flaky; unexpected pass, with an incident that is not present;
// - FAIL: what the guest is to blame for, known failures too, with an incident that is present;
// - ERROR: wrong, no result; a case without a result;
// - MISS: could not test; and what failed in such a boot;
// - SKIP: a case that was skipped, or is expected to fail by its own word.
// NULL: `origin`, the CI system's name, is not of [a-z0-9_]+. Else JSON (g_free).
char *kcidb_text(const Results *results, const char *origin);
