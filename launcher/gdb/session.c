// The conversation: acknowledgements, who answers what, and stops.
#include "session_internal.h"
#include <string.h>

GdbSession *gdb_session_new(
    const GdbTarget *target, void (*write)(void *owner, const char *bytes, size_t length), void *owner)
{
    GdbSession *session = g_new0(GdbSession, 1);
    session->target = target;
    session->write = write;
    session->owner = owner;
    session->acknowledges = session->all_go_on = true;
    session->sent = g_string_new(NULL);
    gdb_reader_init(&session->reader);
    target->hold(target->owner);
    return session;
}

void gdb_session_free(GdbSession *session)
{
    if (!session)
        return;
    session->target->remove_all(session->target->owner);
    gdb_reader_clear(&session->reader);
    g_string_free(session->sent, TRUE);
    g_free(session);
}

// --- Replies.

void gdb_reply_bytes(GdbSession *session, const char *bytes, size_t length)
{
    g_autoptr(GString) packet = gdb_packet(bytes, length);
    g_string_truncate(session->sent, 0);
    if (session->acknowledges)
        g_string_append_len(session->sent, packet->str, (gssize)packet->len);
    session->write(session->owner, packet->str, packet->len);
}

void gdb_reply(GdbSession *session, const char *text)
{
    gdb_reply_bytes(session, text, strlen(text));
}

void gdb_reply_error(GdbSession *session, int error)
{
    char text[8];
    g_snprintf(text, sizeof text, "E%02x", (unsigned)error);
    gdb_reply(session, text);
}

void gdb_reply_result(GdbSession *session, GdbResult result, int error)
{
    if (result == GDB_FAILED)
        gdb_reply_error(session, error);
    else
        gdb_reply(session, result == GDB_DONE ? "OK" : "");
}

void gdb_reply_stop(GdbSession *session, int signal)
{
    const GdbTarget *target = session->target;
    GdbStop stop = target->why(target->owner);
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_printf(text, "T%02xthread:%x;", (unsigned)(signal ? signal : stop.signal), stop.cpu + 1);
    if (stop.what)
        g_string_append_printf(text, "%s:%" G_GINT64_MODIFIER "x;", stop.what, stop.address);
    session->cpu = session->cpu_to_go_on = stop.cpu;
    gdb_reply(session, text->str);
}

void gdb_session_stopped(GdbSession *session)
{
    if (!session->waits)
        return;
    session->waits = false;
    gdb_reply_stop(session, 0);
}

void gdb_session_ended(GdbSession *session)
{
    if (session->waits)
        gdb_reply(session, "W00");
    session->waits = false;
}

// --- Commands.

// What follows a name is no letter, unless the name is one letter or ends with a mark: qC is not qCRC.
static bool is_called(const char *packet, const char *name)
{
    size_t length = strlen(name);
    return strncmp(packet, name, length) == 0 &&
           (length == 1 || !g_ascii_isalpha(name[length - 1]) || !g_ascii_isalpha(packet[length]));
}

static const GdbCommand *find(const GdbCommand *table, const char *packet)
{
    for (; table->name; table++)
        if (is_called(packet, table->name))
            return table;
    return NULL;
}

static void answer(GdbSession *session, const GString *packet)
{
    static const GdbCommand *const tables[] = { gdb_query_commands, gdb_thread_commands, gdb_run_commands,
        gdb_break_commands, gdb_memory_commands, gdb_register_commands };
    for (unsigned i = 0; i < G_N_ELEMENTS(tables); i++) {
        const GdbCommand *command = find(tables[i], packet->str);
        if (!command)
            continue;
        command->run(session, (GdbText){ packet->str + strlen(command->name), packet->str + packet->len });
        return;
    }
    gdb_reply(session, "");
}

static void acknowledge(GdbSession *session, const char *mark)
{
    if (session->acknowledges)
        session->write(session->owner, mark, 1);
}

// A machine that runs cannot be looked at, and whoever asks wants to.
static void hold(GdbSession *session)
{
    const GdbTarget *target = session->target;
    if (target->runs(target->owner))
        target->hold(target->owner);
}

static void serve(GdbSession *session, GdbToken token)
{
    switch (token) {
    case GDB_PACKET:
        acknowledge(session, "+");
        hold(session);
        answer(session, session->reader.text);
        break;
    case GDB_TOO_LONG:
        acknowledge(session, "+");
        gdb_reply_error(session, GDB_ERROR_LONG);
        break;
    case GDB_BROKEN:
        acknowledge(session, "-");
        break;
    case GDB_NACK:
        if (session->sent->len > 0)
            session->write(session->owner, session->sent->str, session->sent->len);
        break;
    case GDB_INTERRUPT:
        hold(session);
        break;
    default:
        break;
    }
}

size_t gdb_session_take(GdbSession *session, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        GdbToken token = gdb_reader_take(&session->reader, (uint8_t)bytes[i]);
        serve(session, token);
        if (token != GDB_MORE && token != GDB_ACK)
            return i + 1;
    }
    return length;
}
