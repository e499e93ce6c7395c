// How far firmware and boot loader are, and whether they have given up: what needs more than a line to tell.
//
// SLOF goes on with its next device after each error, so that none is a failure before its prompt comes; and
// a boot may want that prompt. GRUB's "error: ..." could be any program's once a kernel runs.
#pragma once
#include "forms.h"

typedef struct Firmware Firmware;

// SLOF's prompt, for forms_is_wanted().
#define FIRMWARE_PROMPT "0 > "

Firmware *firmware_new(void);
void firmware_free(Firmware *firmware);
// A whole line. What it shows to be a failure: `Ready!` when no device could be booted (FORM_FIRMWARE, at
// once), a loader's error (FORM_LOADER). NULL: nothing. Each failure is told of once.
Form *firmware_line(Firmware *firmware, const char *line);
// The same for what there is of a line: SLOF's prompt, when no device could be booted.
Form *firmware_partial(Firmware *firmware, const char *text);
