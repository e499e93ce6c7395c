// -machine: QEMU's keys for a pseries, and a few of lparun's own.
#pragma once
#include "options.h"

// The machines that there are; the first is the default.
extern const Word machine_words[];
extern const Key machine_keys[];
// What QEMU calls memory that no object was given for.
#define MACHINE_RAM_ID "ppc_spapr.ram"

bool options_parse_machine(Options *options, const char *option, const char *value, GError **error);
