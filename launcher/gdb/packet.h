// gdb's remote protocol, the outside of it: packets out of bytes, and bytes for a packet (gdb's manual,
// "Remote Serial Protocol", "Overview").
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define GDB_PACKET_MAX 0x4000 // bytes between the dollar sign and the hash, as a client is told

typedef enum {
    GDB_MORE,      // nothing is complete yet
    GDB_PACKET,    // the reader's text has what was in it
    GDB_TOO_LONG,  // it was whole, and longer than a packet may be
    GDB_BROKEN,    // its checksum was wrong
    GDB_ACK,       // the other side has got what was sent
    GDB_NACK,      // it wants it once more
    GDB_INTERRUPT, // Ctrl-C
} GdbToken;

typedef struct GdbReader {
    GString *text; // without its escapes; may have any bytes
    enum { READER_OUTSIDE, READER_INSIDE, READER_ESCAPED, READER_SUM, READER_SUM_LOW } state;
    uint8_t sum, given; // of the bytes up to now, and as the packet says
    bool too_long;
} GdbReader;

void gdb_reader_init(GdbReader *reader);
void gdb_reader_clear(GdbReader *reader);
// Takes the next byte. After GDB_PACKET the text is there until the next one.
GdbToken gdb_reader_take(GdbReader *reader, uint8_t byte);

// The packet that has `length` bytes, escaped where that is needed.
GString *gdb_packet(const char *bytes, size_t length);
