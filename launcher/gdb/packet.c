// Framing: dollar sign, bytes, hash, and two digits that are the sum of the bytes.
#include "packet.h"

#define ESCAPE '}'
#define ESCAPED_BY 0x20
#define CTRL_C 3

void gdb_reader_init(GdbReader *reader)
{
    *reader = (GdbReader){ .text = g_string_new(NULL) };
}

void gdb_reader_clear(GdbReader *reader)
{
    g_string_free(reader->text, TRUE);
}

static GdbToken begin(GdbReader *reader)
{
    g_string_truncate(reader->text, 0);
    reader->state = READER_INSIDE;
    reader->sum = 0;
    reader->too_long = false;
    return GDB_MORE;
}

static GdbToken take_outside(GdbReader *reader, uint8_t byte)
{
    switch (byte) {
    case '$':
        return begin(reader);
    case '+':
        return GDB_ACK;
    case '-':
        return GDB_NACK;
    case CTRL_C:
        return GDB_INTERRUPT;
    default:
        return GDB_MORE;
    }
}

static void append(GdbReader *reader, uint8_t byte)
{
    if (reader->text->len < GDB_PACKET_MAX)
        g_string_append_c(reader->text, (char)byte);
    else
        reader->too_long = true;
}

// A dollar sign is the beginning of a packet, wherever it is: the one before was cut short.
static GdbToken take_inside(GdbReader *reader, uint8_t byte)
{
    bool escaped = reader->state == READER_ESCAPED;
    if (byte == '$')
        return begin(reader);
    if (byte == '#') {
        reader->state = READER_SUM;
        return GDB_MORE;
    }
    reader->sum = (uint8_t)(reader->sum + byte);
    reader->state = byte == ESCAPE && !escaped ? READER_ESCAPED : READER_INSIDE;
    if (reader->state == READER_INSIDE)
        append(reader, escaped ? byte ^ ESCAPED_BY : byte);
    return GDB_MORE;
}

static GdbToken finish(GdbReader *reader, uint8_t byte)
{
    int low = g_ascii_xdigit_value((char)byte);
    reader->state = READER_OUTSIDE;
    if (low < 0 || (reader->given | low) != reader->sum)
        return GDB_BROKEN;
    return reader->too_long ? GDB_TOO_LONG : GDB_PACKET;
}

GdbToken gdb_reader_take(GdbReader *reader, uint8_t byte)
{
    int high;
    switch (reader->state) {
    case READER_INSIDE:
    case READER_ESCAPED:
        return take_inside(reader, byte);
    case READER_SUM:
        high = g_ascii_xdigit_value((char)byte);
        reader->state = high < 0 ? READER_OUTSIDE : READER_SUM_LOW;
        reader->given = (uint8_t)(high < 0 ? 0 : high << 4);
        return high < 0 ? GDB_BROKEN : GDB_MORE;
    case READER_SUM_LOW:
        return finish(reader, byte);
    default:
        return take_outside(reader, byte);
    }
}

static bool needs_escape(char byte)
{
    return byte == '$' || byte == '#' || byte == ESCAPE || byte == '*';
}

GString *gdb_packet(const char *bytes, size_t length)
{
    GString *packet = g_string_sized_new(length + 8);
    uint8_t sum = 0;
    g_string_append_c(packet, '$');
    for (size_t i = 0; i < length; i++) {
        bool escapes = needs_escape(bytes[i]);
        if (escapes)
            g_string_append_c(packet, ESCAPE);
        g_string_append_c(packet, escapes ? (char)(bytes[i] ^ ESCAPED_BY) : bytes[i]);
    }
    for (size_t i = 1; i < packet->len; i++)
        sum = (uint8_t)(sum + (uint8_t)packet->str[i]);
    g_string_append_printf(packet, "#%02x", sum);
    return packet;
}
