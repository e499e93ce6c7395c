// RTAS error logs: what all kinds of them begin with.
#include "error_log.h"
#include <glib.h>

void error_log_put(ErrorLog *log, unsigned size, uint64_t value)
{
    g_assert(log->length + size <= sizeof log->bytes);
    for (unsigned i = 0; i < size; i++)
        log->bytes[log->length++] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

void error_log_put_zeros(ErrorLog *log, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        error_log_put(log, 1, 0);
}

void error_log_put_headers(
    ErrorLog *log, unsigned severity, unsigned disposition, uint8_t type, unsigned sections)
{
    enum { VERSION_6 = 6, IS_EXTENDED = 1 << 2, HEADER = 16 };
    enum { VALID = 0x80, NEW = 0x04, BIG_END_FIRST = 0x02, POWERPC = 0x80, PLATFORM_EVENT = 14 };
    error_log_put(log, 1, VERSION_6);
    error_log_put(log, 1, severity << 5 | disposition << 3 | IS_EXTENDED);
    error_log_put(log, 1, 0); // initiator and target: not known
    error_log_put(log, 1, type);
    error_log_put(log, 4, HEADER + sections);
    error_log_put(log, 1, VALID | NEW | BIG_END_FIRST);
    error_log_put(log, 1, 0);
    error_log_put(log, 1, POWERPC | PLATFORM_EVENT);
    error_log_put_zeros(log, 9);
    error_log_put(log, 4, 0x49424d00); // "IBM": whose format the sections are
}

void error_log_put_section(ErrorLog *log, const char id[2], unsigned length, unsigned version)
{
    error_log_put(log, 1, (uint8_t)id[0]);
    error_log_put(log, 1, (uint8_t)id[1]);
    error_log_put(log, 2, length);
    error_log_put(log, 1, version);
    error_log_put_zeros(log, 3); // subtype, and the component that made it
}
