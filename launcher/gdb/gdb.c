// The stub: the session of the client that is at a chardev, and the machine.
//
// A client cannot make lparun grow: its packets are bounded (packet.h), it gets its next reply only when it
// has taken the one before, and one that lets stops pile up is sent away.
#include "gdb.h"
#include "session.h"

#define OUTPUT_MAX (1 << 20)    // bytes that wait for a client
#define PRIORITY G_PRIORITY_LOW // after the machine's own work, however much a client asks

struct Gdb {
    GdbMachine *machine;
    Chardev *chardev;
    bool attached;
    GdbSession *session; // of the client that is there, or NULL
    bool lost;           // the client is to go
    GString *output;     // that the chardev did not take yet
};

// Gives the chardev what it takes.
static void flush(Gdb *gdb)
{
    size_t sent = 0;
    while (sent < gdb->output->len) {
        size_t length = MIN(gdb->output->len - sent, CHARDEV_PUT);
        if (!chardev_put(gdb->chardev, (const uint8_t *)gdb->output->str + sent, length))
            break; // on_room() comes when it takes more
        sent += length;
    }
    g_string_erase(gdb->output, 0, (gssize)sent);
}

// The session's write.
static void write_bytes(void *owner, const char *bytes, size_t length)
{
    Gdb *gdb = owner;
    if (gdb->output->len + length > OUTPUT_MAX)
        gdb->lost = true;
    if (gdb->lost)
        return;
    g_string_append_len(gdb->output, bytes, (gssize)length);
    flush(gdb);
}

// --- The chardev.

static void begin_session(Gdb *gdb)
{
    gdb->lost = false;
    if (!gdb->session)
        gdb->session = gdb_session_new(gdb_machine_target(gdb->machine), write_bytes, gdb);
}

// A client that is gone without a word leaves the machine as it is.
static void end_session(Gdb *gdb)
{
    g_clear_pointer(&gdb->session, gdb_session_free);
    g_string_truncate(gdb->output, 0);
}

// Where somebody always is, as at a terminal, the first byte begins a session: the guest runs until then.
static size_t take(void *owner, const uint8_t *bytes, size_t length)
{
    Gdb *gdb = owner;
    size_t taken = 0;
    begin_session(gdb);
    while (taken < length && gdb->output->len == 0 && !gdb->lost)
        taken += gdb_session_take(gdb->session, (const char *)bytes + taken, length - taken);
    if (gdb->lost) {
        end_session(gdb);
        chardev_drop(gdb->chardev);
    }
    return taken;
}

static void on_room(void *owner)
{
    Gdb *gdb = owner;
    bool waited = gdb->output->len > 0;
    flush(gdb);
    if (waited && gdb->output->len == 0)
        chardev_more(gdb->chardev);
}

static void on_peer(void *owner, bool there)
{
    Gdb *gdb = owner;
    if (!there)
        end_session(gdb);
    else if (gdb->attached)
        begin_session(gdb);
}

// --- The machine.

static void stopped(void *owner)
{
    const Gdb *gdb = owner;
    if (gdb->session)
        gdb_session_stopped(gdb->session);
}

static void ended(void *owner)
{
    const Gdb *gdb = owner;
    if (gdb->session)
        gdb_session_ended(gdb->session);
}

bool gdb_debug(Gdb *gdb, Vcpu *vcpu)
{
    return gdb_machine_debug(gdb->machine, vcpu);
}

static void gdb_free(Gdb *gdb)
{
    if (gdb->attached)
        chardev_detach(gdb->chardev, gdb);
    end_session(gdb);
    gdb_machine_free(gdb->machine);
    g_string_free(gdb->output, TRUE);
    g_free(gdb);
}

static bool attach(Gdb *gdb, GError **error)
{
    const ChardevUser user = {
        .take = take, .room = on_room, .peer = on_peer, .owner = gdb, .priority = PRIORITY
    };
    gdb->attached = chardev_attach(gdb->chardev, &user, error);
    if (!gdb->attached)
        g_prefix_error(error, "-gdb: ");
    return gdb->attached;
}

Gdb *gdb_new(const GdbMachineParts *parts, Chardev *chardev, GError **error)
{
    Gdb *gdb = g_new0(Gdb, 1);
    const GdbListener listener = { .stopped = stopped, .ended = ended, .owner = gdb };
    gdb->chardev = chardev;
    gdb->output = g_string_new(NULL);
    gdb->machine = gdb_machine_new(parts, &listener, error);
    if (gdb->machine && attach(gdb, error))
        return gdb;
    gdb_free(gdb);
    return NULL;
}

static bool reset_part(void *part, GError **error)
{
    const Gdb *gdb = part;
    gdb_machine_reset(gdb->machine);
    return true;
}

static void free_part(void *part)
{
    gdb_free(part);
}

const PartOps gdb_part = { .kind = "gdb", .reset = reset_part, .free = free_part };
