// What a debugger can do to a machine, without how: the session knows nothing more of it. All of it is called
// on the main thread.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    GDB_BREAK_SOFTWARE, // an instruction in memory; the values are those of the packets Z0 to Z4
    GDB_BREAK_HARDWARE,
    GDB_WATCH_WRITE,
    GDB_WATCH_READ,
    GDB_WATCH_ACCESS,
    GDB_BREAK_KINDS
} GdbBreak;

typedef enum { GDB_DONE, GDB_FAILED, GDB_UNSUPPORTED } GdbResult;

// Why the machine stands still: numbers that the protocol has for signals, whatever the host's are.
enum {
    GDB_SIGNAL_INT = 2,
    GDB_SIGNAL_QUIT = 3,
    GDB_SIGNAL_TRAP = 5,
    GDB_SIGNAL_ABRT = 6,
    GDB_SIGNAL_ALRM = 14
};
typedef struct GdbStop {
    int signal;
    unsigned cpu;     // whose doing it was
    const char *what; // "watch", "rwatch", "awatch": of `address`; or NULL
    uint64_t address;
} GdbStop;

typedef enum {
    GDB_RUN_ALL,
    GDB_RUN_ALONE, // one vCPU; the others stay where they are
    GDB_RUN_STEP,  // the same, for one instruction
} GdbRun;

#define GDB_REGISTER_BYTES 16 // of the longest

typedef struct GdbTarget {
    unsigned (*cpus)(void *owner);
    // One line (g_free).
    char *(*describe_cpu)(void *owner, unsigned cpu);

    bool (*runs)(void *owner);
    // After it no vCPU is in the guest. gdb_session_stopped() follows, at once or later, where it ran.
    void (*hold)(void *owner);
    GdbStop (*why)(void *owner);
    // False, and it still stands: it cannot go on.
    bool (*go_on)(void *owner, GdbRun how, unsigned cpu);
    void (*quit)(void *owner);

    // The registers are numbered as target.xml has them; those below `general` are the reply to the packet g.
    const char *description; // target.xml
    unsigned registers, general;
    // Bytes of a register; and its value in the guest's byte order. False: it cannot be had.
    unsigned (*register_size)(void *owner, unsigned number);
    bool (*register_get)(void *owner, unsigned cpu, unsigned number, uint8_t bytes[GDB_REGISTER_BYTES]);
    bool (*register_set)(void *owner, unsigned cpu, unsigned number, const uint8_t *bytes);

    bool (*set_pc)(void *owner, unsigned cpu, uint64_t address);

    // Memory as the vCPU sees it, or `physical`. How many bytes from the first on could be moved.
    size_t (*read)(void *owner, unsigned cpu, bool physical, uint64_t address, uint8_t *bytes, size_t length);
    size_t (*write)(
        void *owner, unsigned cpu, bool physical, uint64_t address, const uint8_t *bytes, size_t length);

    GdbResult (*insert)(void *owner, unsigned cpu, GdbBreak kind, uint64_t address, uint64_t length);
    GdbResult (*remove)(void *owner, GdbBreak kind, uint64_t address, uint64_t length);
    void (*remove_all)(void *owner);

    // The human monitor's answer to a line (g_free). NULL: there is none.
    char *(*monitor)(void *owner, const char *line);
    void *owner;
} GdbTarget;
