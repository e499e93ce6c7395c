// -machine: QEMU's keys for a pseries, and a few of lparun's own.
#pragma once
#include "options.h"

// The machines that there are; the first is the default.
extern const Word machine_words[];
// The newest by its number, for which the first stands.
#define MACHINE_NEWEST (&machine_words[1])
extern const Key machine_keys[];
// What QEMU calls memory that no object was given for.
#define MACHINE_RAM_ID "ppc_spapr.ram"
// No machine at all, which can answer questions and nothing else.
#define MACHINE_NONE "none"
// What host-model= or host-serial= comes to: `asked` itself, or a property of the host's (g_free); NULL: the
// guest is told nothing.
char *machine_options_host_text(const char *asked, const char *property);
bool options_parse_machine(Options *options, const char *option, const char *value, GError **error);
