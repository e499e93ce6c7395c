// Packets g, G, p and P: registers.
#include "session_internal.h"

// Digits of a register's value, or as many "x" where it cannot be had.
static void append_register(const GdbSession *session, GString *text, unsigned number)
{
    const GdbTarget *target = session->target;
    uint8_t bytes[GDB_REGISTER_BYTES];
    unsigned size = target->register_size(target->owner, number);
    if (target->register_get(target->owner, session->cpu, number, bytes))
        gdb_append_hex(text, bytes, size);
    else
        for (unsigned i = 0; i < 2 * size; i++)
            g_string_append_c(text, 'x');
}

static bool take_register(const GdbSession *session, GdbText *text, unsigned number)
{
    const GdbTarget *target = session->target;
    uint8_t bytes[GDB_REGISTER_BYTES];
    return gdb_take_bytes(text, bytes, target->register_size(target->owner, number)) &&
           target->register_set(target->owner, session->cpu, number, bytes);
}

static void read_general(GdbSession *session, GdbText text)
{
    g_autoptr(GString) reply = g_string_new(NULL);
    for (unsigned i = 0; i < session->target->general; i++)
        append_register(session, reply, i);
    gdb_reply(session, reply->str);
}

static void write_general(GdbSession *session, GdbText text)
{
    bool good = true;
    for (unsigned i = 0; i < session->target->general && good; i++)
        good = take_register(session, &text, i);
    gdb_reply_result(session, good ? GDB_DONE : GDB_FAILED, GDB_ERROR_INVALID);
}

static void read_one(GdbSession *session, GdbText text)
{
    uint64_t number;
    g_autoptr(GString) reply = g_string_new(NULL);
    if (!gdb_take_number(&text, &number) || number >= session->target->registers) {
        gdb_reply_error(session, GDB_ERROR_INVALID);
        return;
    }
    append_register(session, reply, (unsigned)number);
    gdb_reply(session, reply->str);
}

static void write_one(GdbSession *session, GdbText text)
{
    uint64_t number;
    bool good = gdb_take_number(&text, &number) && number < session->target->registers &&
                gdb_take_mark(&text, '=') && take_register(session, &text, (unsigned)number);
    gdb_reply_result(session, good ? GDB_DONE : GDB_FAILED, GDB_ERROR_INVALID);
}

const GdbCommand gdb_register_commands[] = {
    { "g", read_general },
    { "G", write_general },
    { "p", read_one },
    { "P", write_one },
    { 0 },
};
