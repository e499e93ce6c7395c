// Packets q and Q: what this stub can do, target.xml, the human monitor, physical memory.
#include "session_internal.h"

static void supported(GdbSession *session, GdbText text)
{
    g_autofree char *reply = g_strdup_printf(
        "PacketSize=%x;qXfer:features:read+;QStartNoAckMode+;vContSupported+", GDB_PACKET_MAX);
    gdb_reply(session, reply);
}

// The reply to this one is still to be acknowledged, and may be wanted once more.
static void start_without_acknowledgements(GdbSession *session, GdbText text)
{
    gdb_reply(session, "OK");
    session->acknowledges = false;
}

// "OFFSET,LENGTH": a piece of target.xml.
static void read_description(GdbSession *session, GdbText text)
{
    const char *xml = session->target->description;
    size_t size = strlen(xml);
    uint64_t offset, length;
    if (!gdb_take_range(&text, &offset, &length) || offset > size) {
        gdb_reply_error(session, GDB_ERROR_INVALID);
        return;
    }
    length = MIN(length, GDB_PACKET_MAX / 2 - 1); // each of its bytes may have an escape
    bool more = size - offset > length;
    g_autoptr(GString) reply = g_string_new(more ? "m" : "l");
    g_string_append_len(reply, xml + offset, (gssize)MIN(length, size - offset));
    gdb_reply_bytes(session, reply->str, reply->len);
}

// This was not made for the client: it would not kill it.
static void attached(GdbSession *session, GdbText text)
{
    gdb_reply(session, "1");
}

static void symbols(GdbSession *session, GdbText text)
{
    gdb_reply(session, "OK"); // none are wanted
}

// --- The monitor.

#define MONITOR_LINE 1024
#define MONITOR_PIECE ((GDB_PACKET_MAX - 2) / 2)

static void write_output(GdbSession *session, const char *text)
{
    for (size_t left = strlen(text), piece; left > 0; text += piece, left -= piece) {
        piece = MIN(left, MONITOR_PIECE);
        g_autoptr(GString) packet = g_string_new("O");
        gdb_append_hex(packet, (const uint8_t *)text, piece);
        gdb_reply_bytes(session, packet->str, packet->len);
    }
}

static void run_monitor(GdbSession *session, GdbText text)
{
    const GdbTarget *target = session->target;
    char line[MONITOR_LINE + 1] = { 0 };
    size_t length = (size_t)(text.end - text.at) / 2;
    if (!target->monitor) {
        gdb_reply(session, "");
        return;
    }
    if (length > MONITOR_LINE || !gdb_take_bytes(&text, (uint8_t *)line, length)) {
        gdb_reply_error(session, GDB_ERROR_INVALID);
        return;
    }
    g_autofree char *output = target->monitor(target->owner, line);
    write_output(session, output ? output : "");
    gdb_reply(session, "OK");
}

// --- QEMU's own (its manual, "GDB usage", "Examining physical memory").

static void say_what_is_qemus(GdbSession *session, GdbText text)
{
    gdb_reply(session, "PhyMemMode");
}

static void say_physical(GdbSession *session, GdbText text)
{
    gdb_reply(session, session->physical ? "1" : "0");
}

static void set_physical(GdbSession *session, GdbText text)
{
    uint64_t mode;
    bool good = gdb_take_number(&text, &mode);
    if (good)
        session->physical = mode != 0;
    gdb_reply_result(session, good ? GDB_DONE : GDB_FAILED, GDB_ERROR_INVALID);
}

const GdbCommand gdb_query_commands[] = {
    { "qSupported", supported },
    { "QStartNoAckMode", start_without_acknowledgements },
    { "qXfer:features:read:target.xml:", read_description },
    { "qAttached", attached },
    { "qSymbol::", symbols },
    { "qRcmd,", run_monitor },
    { "qqemu.Supported", say_what_is_qemus },
    { "qqemu.PhyMemMode", say_physical },
    { "Qqemu.PhyMemMode:", set_physical },
    { 0 },
};
