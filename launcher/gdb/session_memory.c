// Packets m, M and X: memory.
#include "session_internal.h"

#define READ_MAX ((GDB_PACKET_MAX - 16) / 2) // bytes whose digits fit into a packet

// As many as can be had, which the client takes for what it is.
static void read_memory(GdbSession *session, GdbText text)
{
    const GdbTarget *target = session->target;
    uint64_t address, length;
    uint8_t bytes[READ_MAX];
    if (!gdb_take_range(&text, &address, &length)) {
        gdb_reply_error(session, GDB_ERROR_INVALID);
        return;
    }
    size_t read = target->read(
        target->owner, session->cpu, session->physical, address, bytes, MIN(length, sizeof bytes));
    if (read == 0 && length > 0) {
        gdb_reply_error(session, GDB_ERROR_FAULT);
        return;
    }
    g_autoptr(GString) reply = g_string_sized_new(2 * read);
    gdb_append_hex(reply, bytes, read);
    gdb_reply(session, reply->str);
}

static void write_bytes(GdbSession *session, uint64_t address, const uint8_t *bytes, size_t length)
{
    const GdbTarget *target = session->target;
    size_t written = target->write(target->owner, session->cpu, session->physical, address, bytes, length);
    gdb_reply_result(session, written == length ? GDB_DONE : GDB_FAILED, GDB_ERROR_FAULT);
}

static void write_digits(GdbSession *session, GdbText text)
{
    uint64_t address, length;
    uint8_t bytes[GDB_PACKET_MAX / 2];
    bool good = gdb_take_range(&text, &address, &length) && gdb_take_mark(&text, ':') &&
                length <= sizeof bytes && gdb_take_bytes(&text, bytes, length) && text.at == text.end;
    if (good)
        write_bytes(session, address, bytes, length);
    else
        gdb_reply_error(session, GDB_ERROR_INVALID);
}

// One of length 0 asks whether there is such a packet.
static void write_binary(GdbSession *session, GdbText text)
{
    uint64_t address, length;
    if (gdb_take_range(&text, &address, &length) && gdb_take_mark(&text, ':') &&
        (size_t)(text.end - text.at) == length)
        write_bytes(session, address, (const uint8_t *)text.at, length);
    else
        gdb_reply_error(session, GDB_ERROR_INVALID);
}

const GdbCommand gdb_memory_commands[] = {
    { "m", read_memory },
    { "M", write_digits },
    { "X", write_binary },
    { 0 },
};
