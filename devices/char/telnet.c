// Telnet's commands between the bytes (RFC 854, RFC 855).
#include "telnet.h"

enum { SE = 240, BREAK = 243, SB = 250, WILL = 251, DO = 253, DO_NOT = 254, IAC = 255 };
enum { BINARY = 0, ECHO = 1, SUPPRESS_GO_AHEAD = 3 }; // RFC 856, 857, 858

const uint8_t telnet_offer[TELNET_OFFER_SIZE] = { IAC, WILL, ECHO, IAC, WILL, SUPPRESS_GO_AHEAD, IAC, WILL,
    BINARY, IAC, DO, BINARY };

static TelnetState after_command(uint8_t command)
{
    if (command == SB)
        return TELNET_INSIDE;
    return command >= WILL && command <= DO_NOT ? TELNET_OPTION : TELNET_DATA;
}

// The state after `byte`; `*is_data`: it is one of the peer's bytes.
static TelnetState next(TelnetState state, uint8_t byte, bool *is_data)
{
    *is_data = false;
    switch (state) {
    case TELNET_DATA:
        *is_data = byte != IAC;
        return byte == IAC ? TELNET_COMMAND : TELNET_DATA;
    case TELNET_COMMAND:
        *is_data = byte == IAC;
        return after_command(byte);
    case TELNET_OPTION:
        return TELNET_DATA;
    case TELNET_INSIDE:
        return byte == IAC ? TELNET_INSIDE_COMMAND : TELNET_INSIDE;
    case TELNET_INSIDE_COMMAND:
        return byte == SE ? TELNET_DATA : TELNET_INSIDE;
    }
    g_assert_not_reached();
}

size_t telnet_filter(TelnetState *state, uint8_t *bytes, size_t length, bool *is_break)
{
    size_t kept = 0;
    *is_break = false;
    for (size_t i = 0; i < length; i++) {
        bool is_data;
        *is_break |= *state == TELNET_COMMAND && bytes[i] == BREAK;
        *state = next(*state, bytes[i], &is_data);
        if (is_data)
            bytes[kept++] = bytes[i];
    }
    return kept;
}

uint8_t *telnet_escape(const uint8_t *bytes, size_t *length)
{
    GByteArray *escaped = g_byte_array_sized_new((guint)*length);
    for (size_t i = 0; i < *length; i++)
        for (unsigned twice = 0; twice <= (bytes[i] == IAC); twice++)
            g_byte_array_append(escaped, bytes + i, 1);
    *length = escaped->len;
    return g_byte_array_free(escaped, FALSE);
}
