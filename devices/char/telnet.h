// Telnet's commands between the bytes (RFC 854, RFC 855).
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { TELNET_DATA, TELNET_COMMAND, TELNET_OPTION, TELNET_INSIDE, TELNET_INSIDE_COMMAND } TelnetState;

#define TELNET_OFFER_SIZE 12
// What a server says first: it echoes, and neither side waits for its turn or has only seven bits.
extern const uint8_t telnet_offer[TELNET_OFFER_SIZE];

// Takes commands out of what has come; whatever they ask for, nothing is kept of it and nothing answered.
// Returns the bytes left. `*is_break`: there was a break among them.
size_t telnet_filter(TelnetState *state, uint8_t *bytes, size_t length, bool *is_break);
// Output as it travels (g_free); `*length` becomes its.
uint8_t *telnet_escape(const uint8_t *bytes, size_t *length);
