// TAP 14 under the name of version 13: readers of 14 take that for theirs, and prove knows no other.
#pragma once
#include "outcome.h"

// A line a boot, behind a subtest with the cases that the guest told by KTAP; what is no pass has a YAML
// block.
// - A known failure is TODO. An unexpected pass is a plain "not ok": "ok # TODO" counts as well everywhere.
// - What could not be tested is a plain "not ok" too. It is no fault of the guest's, and SKIP would say so,
//   but readers count each SKIP as passed: a host without KVM would make a run with nothing tested green.
//   The block's verdict tells it from a failure.
// - No boot at all is "Bail out!", not "1..0", which is well for readers; but for a shard, which may have
//   none.
// Never fails (g_free).
char *tap_text(const Results *results);
