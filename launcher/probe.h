// lparun -probe: what this host's KVM is, and whether H_LOGICAL_CI_STORE rings a doorbell in its kernel.
#pragma once
#include <stdbool.h>

// Prints to stdout, as text or as JSON. Returns the exit status: 0 it works, 3 it does not, 1 there is no
// usable KVM (one line on stderr).
int probe_run(bool json);
