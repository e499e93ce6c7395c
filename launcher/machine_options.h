// -machine: QEMU's keys for a pseries, and a few of lparun's own.
#pragma once
#include "options.h"

bool options_parse_machine(Options *options, const char *option, const char *value, GError **error);
