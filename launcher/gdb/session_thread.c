// Packets of threads, which are vCPUs: H, T, qC, qfThreadInfo, qThreadExtraInfo.
#include "session_internal.h"

static unsigned cpus(const GdbSession *session)
{
    return session->target->cpus(session->target->owner);
}

// Hg: whose registers and memory are meant; Hc: who goes on. Any, or all, leave it at whom it was.
static void choose(GdbSession *session, GdbText text)
{
    bool to_go_on = gdb_take_mark(&text, 'c');
    GdbThread thread = GDB_THREAD_NONE;
    if (to_go_on || gdb_take_mark(&text, 'g'))
        thread = gdb_take_thread(session, &text, to_go_on ? &session->cpu_to_go_on : &session->cpu);
    if (to_go_on)
        session->all_go_on = thread != GDB_THREAD_ONE;
    gdb_reply_result(session, thread != GDB_THREAD_NONE ? GDB_DONE : GDB_FAILED, GDB_ERROR_INVALID);
}

static void is_alive(GdbSession *session, GdbText text)
{
    unsigned cpu;
    bool alive = gdb_take_thread(session, &text, &cpu) == GDB_THREAD_ONE;
    gdb_reply_result(session, alive ? GDB_DONE : GDB_FAILED, GDB_ERROR_INVALID);
}

static void current(GdbSession *session, GdbText text)
{
    char reply[16];
    g_snprintf(reply, sizeof reply, "QC%x", session->cpu + 1);
    gdb_reply(session, reply);
}

// All at once: a machine has no more vCPUs than a packet has room for.
G_STATIC_ASSERT(GDB_PACKET_MAX > 2048 * sizeof "800");

static void list(GdbSession *session, GdbText text)
{
    g_autoptr(GString) reply = g_string_new(NULL);
    for (unsigned i = 0; i < cpus(session); i++)
        g_string_append_printf(reply, "%c%x", i == 0 ? 'm' : ',', i + 1);
    gdb_reply(session, reply->str);
}

static void list_more(GdbSession *session, GdbText text)
{
    gdb_reply(session, "l");
}

static void describe(GdbSession *session, GdbText text)
{
    const GdbTarget *target = session->target;
    unsigned cpu;
    if (gdb_take_thread(session, &text, &cpu) != GDB_THREAD_ONE) {
        gdb_reply_error(session, GDB_ERROR_INVALID);
        return;
    }
    g_autofree char *line = target->describe_cpu(target->owner, cpu);
    g_autoptr(GString) reply = g_string_new(NULL);
    gdb_append_hex(reply, (const uint8_t *)line, strlen(line));
    gdb_reply(session, reply->str);
}

const GdbCommand gdb_thread_commands[] = {
    { "qThreadExtraInfo,", describe },
    { "qfThreadInfo", list },
    { "qsThreadInfo", list_more },
    { "qC", current },
    { "H", choose },
    { "T", is_alive },
    { 0 },
};
