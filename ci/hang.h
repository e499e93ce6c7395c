// What a guest does that does not come on: the kind of its hang, of samples of its vCPUs, disks and console.
#pragma once
#include "symbols.h"
#include <json-glib/json-glib.h>
#include <stdbool.h>

typedef struct HangWatch HangWatch;

// `pid`: lparun's, when it was just started: what its vCPUs waited for a CPU counts from then on.
HangWatch *hang_new(int pid);
// NULL is none.
void hang_free(HangWatch *watch);

// The answer to x-lparun-vcpus: some ten, in 300 ms to a second. `threads` (of ThreadTimes) are those of the
// same moment; NULL: they are read here. What is no object, or NULL, is no answer; so below.
void hang_take_vcpus(HangWatch *watch, JsonNode *answer, const GArray *threads);
// The answer to x-lparun-io: with each of those before. It may be asked for from time to time all along,
// and then it is known how long a disk has done nothing.
void hang_take_io(HangWatch *watch, JsonNode *answer);
// Firmware is over (the timeline's quiesce), or there was none: real mode is the kernel's.
void hang_left_firmware(HangWatch *watch);

// One line (g_free), or NULL where there are no samples. The first of these that holds: the host is starved
// (`starved`, or NULL, tells of that), stopped, a disk request is outstanding, waiting for input, spinning or
// busy at, all vCPUs asleep. `symbols`: the kernel's, or NULL.
char *hang_kind(const HangWatch *watch, const Symbols *symbols, bool *starved);
