// A machine for tests of gdb's stub: two vCPUs, some memory, and notes of what is asked of it.
#pragma once
#include "gdb/target.h"
#include <glib.h>

#define FAKE_MEMORY 0x1000 // bytes, from FAKE_VIRTUAL on; physically from 0 on
#define FAKE_VIRTUAL 0xc000000000000000ULL
#define FAKE_REGISTERS 6
#define FAKE_GENERAL 4 // of 8, 8, 8 and 4 bytes; then one of 16, and one that cannot be had

typedef struct FakeGdbTarget {
    GdbTarget target;
    bool runs, refuses; // the latter: it cannot go on
    unsigned holds, quits;
    GdbStop stop;
    GdbRun how; // it went on last, and who
    unsigned cpu;
    uint64_t pc; // as it was set last
    uint8_t memory[FAKE_MEMORY];
    uint8_t registers[2][FAKE_REGISTERS][GDB_REGISTER_BYTES];
    GString *breakpoints;      // "Z0,100 z0,100 ..."; "-" is the removal of all
    void (*held)(void *owner); // called by a hold, or NULL
    void *owner;
} FakeGdbTarget;

void fake_gdb_target_init(FakeGdbTarget *fake);
void fake_gdb_target_clear(FakeGdbTarget *fake);
