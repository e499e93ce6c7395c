// What packets are made of: numbers, ranges, bytes and threads.
#include "session_internal.h"

bool gdb_take_number(GdbText *text, uint64_t *number)
{
    const char *first = text->at;
    *number = 0;
    for (int digit; text->at < text->end && (digit = g_ascii_xdigit_value(*text->at)) >= 0; text->at++) {
        if (*number >> 60)
            return false;
        *number = *number << 4 | (unsigned)digit;
    }
    return text->at > first;
}

bool gdb_take_mark(GdbText *text, char mark)
{
    bool is_there = text->at < text->end && *text->at == mark;
    text->at += is_there;
    return is_there;
}

bool gdb_take_range(GdbText *text, uint64_t *address, uint64_t *length)
{
    return gdb_take_number(text, address) && gdb_take_mark(text, ',') && gdb_take_number(text, length);
}

bool gdb_take_bytes(GdbText *text, uint8_t *bytes, size_t length)
{
    if ((size_t)(text->end - text->at) / 2 < length)
        return false;
    for (size_t i = 0; i < length; i++, text->at += 2) {
        int high = g_ascii_xdigit_value(text->at[0]), low = g_ascii_xdigit_value(text->at[1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

GdbThread gdb_take_thread(const GdbSession *session, GdbText *text, unsigned *cpu)
{
    uint64_t number;
    bool minus = gdb_take_mark(text, '-');
    if (!gdb_take_number(text, &number) || (minus && number != 1))
        return GDB_THREAD_NONE;
    if (minus)
        return GDB_THREAD_ALL;
    if (number == 0)
        return GDB_THREAD_ANY;
    if (number > session->target->cpus(session->target->owner))
        return GDB_THREAD_NONE;
    *cpu = (unsigned)number - 1;
    return GDB_THREAD_ONE;
}

void gdb_append_hex(GString *text, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        g_string_append_printf(text, "%02x", bytes[i]);
}
