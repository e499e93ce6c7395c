// A monitor on a chardev: one client at a time, as QEMU has it.
//
// A client cannot make lparun grow: its messages are bounded (frame.h), it gets its next answer only when it
// has taken the one before, and one that lets events pile up is sent away.
#include "../module.h"
#include "json_values.h"
#include "session.h"

#define OUTPUT_MAX (1 << 20) // bytes that wait for a client: one answer, and then events

// After the terminal and the machine's own work, however much a client asks.
#define PRIORITY G_PRIORITY_LOW

struct Monitor {
    const Command *const *tables;
    MonitorMachine machine; // with this monitor as what watches
    MonitorMachine asked;   // as it was given
    const QmpChardev *functions;
    Chardev *chardev;
    bool pretty;
    bool watching;    // the client wants to hear of marks
    bool lost;        // the client has gone, or is to go
    bool answering;   // a command runs, and its session must stay
    Session *session; // of the client that is there, or NULL
    GString *output;  // that the chardev did not take yet, from `sent` on
    size_t sent;
};

static size_t waiting(const Monitor *monitor)
{
    return monitor->output->len - monitor->sent;
}

// Gives the chardev what it takes.
static void flush(Monitor *monitor)
{
    while (waiting(monitor) > 0) {
        size_t length = MIN(waiting(monitor), CHARDEV_PUT);
        const uint8_t *next = (const uint8_t *)monitor->output->str + monitor->sent;
        if (!monitor->functions->put(monitor->chardev, next, length))
            return; // on_room() comes when it takes more
        monitor->sent += length;
    }
    g_string_truncate(monitor->output, 0);
    monitor->sent = 0;
}

// Session's write.
static void write_line(void *owner, const char *line, size_t length)
{
    Monitor *monitor = owner;
    if (waiting(monitor) + length > OUTPUT_MAX)
        monitor->lost = true;
    if (monitor->lost)
        return;
    g_string_erase(monitor->output, 0, (gssize)monitor->sent);
    monitor->sent = 0;
    g_string_append_len(monitor->output, line, (gssize)length);
    flush(monitor);
}

static void watch(void *owner, bool on)
{
    Monitor *monitor = owner;
    if (monitor->watching != on)
        monitor->asked.watch(monitor->asked.watch_owner, on);
    monitor->watching = on;
}

static void end_session(Monitor *monitor)
{
    g_clear_pointer(&monitor->session, session_free);
    watch(monitor, false);
    g_string_truncate(monitor->output, 0);
    monitor->sent = 0;
}

// SessionOps.go_on: what came meanwhile, if the client has taken the answer.
static void go_on(void *owner)
{
    Monitor *monitor = owner;
    if (!monitor->answering && waiting(monitor) == 0)
        monitor->functions->more(monitor->chardev);
}

static void begin_session(Monitor *monitor)
{
    static const SessionOps ops = { .write = write_line, .go_on = go_on };
    monitor->lost = false;
    monitor->session = session_new(monitor->tables, &monitor->machine, &ops, monitor);
    session_set_pretty(monitor->session, monitor->pretty);
    session_greet(monitor->session);
}

// A client that is to go goes. Where it cannot, as at a terminal, it is as one that has just come.
static void send_away(Monitor *monitor)
{
    if (!monitor->lost || monitor->answering)
        return;
    monitor->functions->drop(monitor->chardev);
    if (!monitor->session || !monitor->lost)
        return;
    end_session(monitor);
    begin_session(monitor);
}

// Answers what came, as long as the client takes the answers.
static size_t take(void *owner, const uint8_t *bytes, size_t length)
{
    Monitor *monitor = owner;
    size_t taken = 0;
    if (!monitor->session)
        return length;
    monitor->answering = true;
    while (taken < length && waiting(monitor) == 0 && !monitor->lost && !session_waits(monitor->session))
        taken += session_take(monitor->session, (const char *)bytes + taken, length - taken);
    monitor->answering = false;
    send_away(monitor);
    return taken;
}

static void on_room(void *owner)
{
    Monitor *monitor = owner;
    bool waited = waiting(monitor) > 0;
    flush(monitor);
    if (waited && waiting(monitor) == 0)
        monitor->functions->more(monitor->chardev);
}

static void on_peer(void *owner, bool there)
{
    Monitor *monitor = owner;
    monitor->lost = !there;
    if (monitor->session && !monitor->answering)
        end_session(monitor);
    if (there)
        begin_session(monitor);
}

static void close_monitor(Monitor *monitor)
{
    monitor->functions->detach(monitor->chardev, monitor);
    end_session(monitor);
    g_string_free(monitor->output, TRUE);
    g_free(monitor);
}

static Monitor *open_monitor(const QmpSetup *setup, GError **error)
{
    Monitor *monitor = g_new0(Monitor, 1);
    monitor->tables = setup->tables;
    monitor->asked = monitor->machine = *setup->machine;
    monitor->machine.watch = watch;
    monitor->machine.watch_owner = monitor;
    monitor->functions = setup->functions;
    monitor->chardev = setup->chardev;
    monitor->pretty = setup->pretty;
    monitor->output = g_string_new(NULL);
    const ChardevUser user = {
        .take = take, .room = on_room, .peer = on_peer, .owner = monitor, .priority = PRIORITY
    };
    if (setup->functions->attach(setup->chardev, &user, error))
        return monitor;
    g_string_free(monitor->output, TRUE);
    g_free(monitor);
    return NULL;
}

// Comes from inside of a command, too.
static void tell(Monitor *monitor, const MonitorEvent *event)
{
    if (!monitor->session || (!monitor->watching && g_strcmp0(event->name, "X_LPARUN_MARK") == 0))
        return;
    session_tell(monitor->session, event);
    send_away(monitor);
}

extern const QmpModule qmp_module;
const QmpModule qmp_module = {
    .version = LPARUN_VERSION,
    .open = open_monitor,
    .tell = tell,
    .close = close_monitor,
    .read_json = json_values_read,
};
