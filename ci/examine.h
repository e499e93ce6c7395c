// Looks at a guest that came to a limit: some samples, and what kind of hang they show.
#pragma once
#include "boot.h"
#include "hang.h"
#include "steer.h"

typedef struct Examination Examination;

// `done` comes once, from the main loop: the kind in one line, or NULL where lparun said nothing; and whether
// the host is to blame. The steer, the watch and the boot stay the caller's.
Examination *examine_start(Steer *steer, HangWatch *watch, const Boot *boot,
    void (*done)(void *owner, const char *kind, bool starved), void *owner);
// What the last look found of each vCPU, a line each: registers with names of functions. Of char *, which
// stay the examination's; once it is done.
const GPtrArray *examine_registers(const Examination *examination);
// At any time; `done` does not come any more.
void examine_free(Examination *examination);
