// Breakpoints in a guest's memory: an instruction in place of its own. The guest's own bytes are what readers
// and writers see and mean. Any thread.
#pragma once
#include "lparun/memory.h"

typedef struct GdbBreakpoints GdbBreakpoints;

// `instruction` is the one that KVM stops at.
GdbBreakpoints *gdb_breakpoints_new(const GuestMemory *memory, uint32_t instruction);
void gdb_breakpoints_free(GdbBreakpoints *breakpoints);

// At `address`, by which it is known, which is `gpa` now. One that is there already stays. False: there is no
// RAM, or it is not an instruction's address, or there are too many.
bool gdb_breakpoints_insert(GdbBreakpoints *breakpoints, uint64_t address, uint64_t gpa);
// False: there is none of this address.
bool gdb_breakpoints_remove(GdbBreakpoints *breakpoints, uint64_t address);
void gdb_breakpoints_clear(GdbBreakpoints *breakpoints);
// The guest's memory was cleared: there are none any more.
void gdb_breakpoints_forget(GdbBreakpoints *breakpoints);
bool gdb_breakpoints_has(GdbBreakpoints *breakpoints, uint64_t gpa);

// For a step: one at `next`, and none at `now`, until the step is ended. False, and all is as before: `next`
// is not RAM, or not an instruction's address.
bool gdb_breakpoints_begin_step(GdbBreakpoints *breakpoints, uint64_t now, uint64_t next);
void gdb_breakpoints_end_step(GdbBreakpoints *breakpoints);

// Reads and writes the guest's own bytes, which are RAM.
void gdb_breakpoints_read(GdbBreakpoints *breakpoints, uint64_t gpa, uint8_t *bytes, size_t length);
void gdb_breakpoints_write(GdbBreakpoints *breakpoints, uint64_t gpa, const uint8_t *bytes, size_t length);
