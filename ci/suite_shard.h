// The part of a suite that this run is to run.
#pragma once
#include "options.h"

// Leaves the boots of the shard that the options or a farm's engine name, and says in `results` which it is,
// whose `all` has all boots; nothing where none is named. False and `error`: what was said of it does not
// hold together.
bool suite_shard(const Options *options, Suite *suite, Results *results, GError **error);
