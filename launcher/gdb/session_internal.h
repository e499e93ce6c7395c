// What the files of a session share: its state, and how packets are read and answered.
#pragma once
#include "packet.h"
#include "session.h"

struct GdbSession {
    const GdbTarget *target;
    void (*write)(void *owner, const char *bytes, size_t length);
    void *owner;
    GdbReader reader;
    GString *sent;         // the last packet, for who wants it once more; without acknowledgements empty
    bool acknowledges;     // both sides say that they have got a packet
    bool waits;            // the client was not told yet that the machine it let go stands still
    bool physical;         // addresses of memory are the guest's physical ones
    unsigned cpu;          // whose registers and memory are meant (packet Hg)
    unsigned cpu_to_go_on; // by packets c and s (packet Hc)
    bool all_go_on;        // all, by packet c
};

// The rest of a packet that is read; its end has a NUL.
typedef struct GdbText {
    const char *at, *end;
} GdbText;

// A command of the client's: `text` is what follows its name.
typedef struct GdbCommand {
    const char *name;
    void (*run)(GdbSession *session, GdbText text);
} GdbCommand; // a table ends with a name of NULL

extern const GdbCommand gdb_memory_commands[], gdb_register_commands[], gdb_run_commands[],
    gdb_break_commands[], gdb_query_commands[], gdb_thread_commands[];

// Numbers of up to 64 bits in hexadecimal digits; false where there is none, or a longer one.
bool gdb_take_number(GdbText *text, uint64_t *number);
bool gdb_take_mark(GdbText *text, char mark);
// "ADDRESS,LENGTH"
bool gdb_take_range(GdbText *text, uint64_t *address, uint64_t *length);
// Exactly `length` bytes as pairs of digits.
bool gdb_take_bytes(GdbText *text, uint8_t *bytes, size_t length);
// A thread's number, which is a vCPU's plus one; 0 is any and -1 all.
typedef enum { GDB_THREAD_NONE, GDB_THREAD_ANY, GDB_THREAD_ALL, GDB_THREAD_ONE } GdbThread;
GdbThread gdb_take_thread(const GdbSession *session, GdbText *text, unsigned *cpu);

// What an error means, as the protocol has it: errno's numbers on Linux.
enum { GDB_ERROR_PERMISSION = 1, GDB_ERROR_LONG = 7, GDB_ERROR_FAULT = 14, GDB_ERROR_INVALID = 22 };
void gdb_reply(GdbSession *session, const char *text);
void gdb_reply_bytes(GdbSession *session, const char *bytes, size_t length);
void gdb_reply_error(GdbSession *session, int error);
// One of the three results; one that is unsupported has an empty reply.
void gdb_reply_result(GdbSession *session, GdbResult result, int error);
void gdb_append_hex(GString *text, const uint8_t *bytes, size_t length);
// `signal` 0: the machine's reason.
void gdb_reply_stop(GdbSession *session, int signal);
