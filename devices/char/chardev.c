// A chardev: who uses it, input that waits for them, and output that its log gets, too.
#include "private.h"
#include "lparun/error.h"
#include "lparun/fd_set.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define KEPT (64u * 1024u) // bytes that were passed on and may still stand before those that were not

const char *chardev_id(const Chardev *chardev)
{
    return chardev->id;
}

bool chardev_is_mux(const Chardev *chardev)
{
    return chardev->is_mux;
}

bool chardev_is_used(const Chardev *chardev)
{
    return chardev->count > 0;
}

char *chardev_describe(const Chardev *chardev)
{
    return chardev->backend->describe ? chardev->backend->describe(chardev->self)
                                      : g_strdup(chardev->kind->kind.name);
}

void chardev_become(Chardev *chardev, const Backend *backend, void *self)
{
    chardev->backend = backend;
    chardev->self = self;
}

const ChardevHost *chardev_host(const Chardev *chardev)
{
    return &chardev->host;
}

// --- Input.

static unsigned waiting(const Seat *seat)
{
    return seat->read->len - seat->passed;
}

static Seat *focused(Chardev *chardev)
{
    return &chardev->seats[chardev->focus];
}

// What is behind a terminal or a mux is read on, so that its escapes are heard in any case.
bool chardev_wants(const Chardev *chardev)
{
    const Seat *seat = &chardev->seats[chardev->focus];
    return chardev->has_escapes || (chardev->count > 0 && seat->user.take && waiting(seat) == 0);
}

void chardev_is_ours(Chardev *chardev)
{
    chardev->is_ours = true;
}

// One that sends without end, to who reads on for escapes, would keep the rest of the main loop from its
// turn.
int chardev_priority(const Chardev *chardev)
{
    int users = g_atomic_int_get(&chardev->priority);
    return chardev->is_ours ? users : MAX(users, G_PRIORITY_LOW);
}

static void clear_seat(Seat *seat)
{
    g_byte_array_set_size(seat->read, 0);
    seat->passed = 0;
}

static void pass_on(Seat *seat)
{
    if (waiting(seat) == 0)
        return;
    const uint8_t *next = seat->read->data + seat->passed;
    size_t taken = seat->user.take(seat->user.owner, next, waiting(seat));
    seat->passed += (unsigned)MIN(taken, waiting(seat)); // nothing waits any more if the peer left meanwhile
    if (!waiting(seat) || seat->passed >= KEPT) {
        g_byte_array_remove_range(seat->read, 0, seat->passed);
        seat->passed = 0;
    }
}

void chardev_deliver(Chardev *chardev, const uint8_t *bytes, size_t length)
{
    Seat *seat = focused(chardev);
    if (chardev->count == 0 || !seat->user.take)
        return;
    length = MIN(length, CHARDEV_TYPED - waiting(seat));
    g_byte_array_append(seat->read, bytes, (guint)length);
    pass_on(seat);
}

void chardev_input(Chardev *chardev, uint8_t *bytes, size_t length)
{
    if (chardev->has_escapes)
        length = mux_take_escapes(chardev, bytes, length);
    chardev_deliver(chardev, bytes, length);
}

static void want(Chardev *chardev)
{
    if (chardev->backend && chardev->backend->want)
        chardev->backend->want(chardev->self);
}

void chardev_move_focus(Chardev *chardev)
{
    if (chardev->late && chardev->focus + 1 == chardev->count) {
        chardev->late(chardev->late_owner, chardev);
        chardev->late = NULL;
    }
    if (chardev->count > 0)
        chardev->focus = (chardev->focus + 1) % chardev->count;
}

void chardev_send_break(Chardev *chardev)
{
    const ChardevUser *user = &focused(chardev)->user;
    if (chardev->count > 0 && user->send_break)
        user->send_break(user->owner);
}

void chardev_look_for_escapes(Chardev *chardev)
{
    chardev->has_escapes = true;
}

// --- News for the users.

static gboolean serve(gpointer data)
{
    Chardev *chardev = data;
    g_atomic_int_set(&chardev->asked, 0);
    for (unsigned i = 0; i < chardev->count; i++) {
        const ChardevUser user = chardev->seats[i].user;
        pass_on(&chardev->seats[i]);
        if (user.room)
            user.room(user.owner);
    }
    want(chardev);
    return G_SOURCE_REMOVE;
}

void chardev_more(Chardev *chardev)
{
    int priority = MAX(G_PRIORITY_DEFAULT_IDLE, chardev_priority(chardev));
    if (g_atomic_int_compare_and_exchange(&chardev->asked, 0, 1))
        g_idle_add_full(priority, serve, chardev, NULL);
}

void chardev_has_room(void *chardev)
{
    chardev_more(chardev);
}

bool chardev_has_peer(const Chardev *chardev)
{
    return chardev->there;
}

void chardev_set_peer(Chardev *chardev, bool there)
{
    if (chardev->there == there)
        return;
    chardev->there = there;
    chardev->mux.escaped = false;
    for (unsigned i = 0; i < chardev->count; i++) {
        const ChardevUser user = chardev->seats[i].user;
        if (!user.peer)
            continue;
        clear_seat(&chardev->seats[i]);
        user.peer(user.owner, there);
    }
    want(chardev);
}

// --- Output.

// Under the lock: both get it, or neither.
static bool put_both(Chardev *chardev, const uint8_t *bytes, size_t length)
{
    if (chardev->log && !output_has_room(chardev->log, length))
        return false;
    if (!chardev->backend->put(chardev->self, bytes, length))
        return false;
    return !chardev->log || output_put(chardev->log, bytes, length);
}

static bool put_stamped(Chardev *chardev, const uint8_t *bytes, size_t length)
{
    bool in_line;
    size_t stamped = length;
    g_autofree uint8_t *text = mux_stamp(&chardev->mux, bytes, &stamped, &in_line);
    bool fits = stamped <= CHARDEV_PUT;
    bool taken = put_both(chardev, fits ? text : bytes, fits ? stamped : length);
    if (taken)
        chardev->mux.in_line = in_line;
    return taken;
}

bool chardev_put(Chardev *chardev, const uint8_t *bytes, size_t length)
{
    g_mutex_lock(&chardev->lock);
    bool taken = chardev->mux.stamps ? put_stamped(chardev, bytes, length) : put_both(chardev, bytes, length);
    g_mutex_unlock(&chardev->lock);
    return taken;
}

void chardev_drop(Chardev *chardev)
{
    if (chardev->backend->drop)
        chardev->backend->drop(chardev->self);
}

int chardev_take_descriptor(Chardev *chardev)
{
    return chardev->backend->take_descriptor ? chardev->backend->take_descriptor(chardev->self) : -1;
}

GBytes *chardev_ring_read(Chardev *chardev, size_t most)
{
    return chardev->backend->ring_read ? chardev->backend->ring_read(chardev->self, most) : NULL;
}

// --- Users.

bool chardev_attach(Chardev *chardev, const ChardevUser *user, GError **error)
{
    unsigned most = chardev->is_mux || chardev->late ? CHARDEV_USERS : 1;
    if (chardev->count == most)
        return error_user(error, "chardev %s is in use already; give each its own%s", chardev->id,
            most == 1 ? ", or add mux=on" : "");
    if (chardev->count == 0)
        g_atomic_int_set(&chardev->priority, user->priority);
    chardev->seats[chardev->count++].user = *user;
    if (user->peer && chardev->there)
        user->peer(user->owner, true);
    want(chardev);
    return true;
}

void chardev_detach(Chardev *chardev, const void *owner)
{
    for (unsigned i = 0; i < chardev->count; i++) {
        if (chardev->seats[i].user.owner != owner)
            continue;
        Seat gone = chardev->seats[i];
        clear_seat(&gone);
        chardev->count--;
        memmove(&chardev->seats[i], &chardev->seats[i + 1], (chardev->count - i) * sizeof gone);
        chardev->seats[chardev->count] = (Seat){ .read = gone.read };
        chardev->focus -= chardev->focus > i || chardev->focus == chardev->count;
        chardev->focus = chardev->count ? chardev->focus % chardev->count : 0;
        want(chardev);
        return;
    }
}

void chardev_set_late(Chardev *chardev, bool (*make)(void *owner, Chardev *chardev), void *owner)
{
    chardev->late = make;
    chardev->late_owner = owner;
}

// --- From the beginning to the end.

// Not waiting: chardev-add comes here as well, and a FIFO at the other end of which is nobody is refused.
static bool open_log(Chardev *chardev, const ChardevCommon *common, GError **error)
{
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    flags |= common->log_append ? O_APPEND : O_TRUNC;
    const OutputOwner owner = { .room = chardev_has_room, .owner = chardev };
    g_autofree char *name = g_strdup_printf("log-%s", chardev->id);
    chardev->log_fd = fd_set_open(common->log, flags, 0666);
    if (chardev->log_fd < 0)
        return error_user(
            error, "logfile=%s: %s; give a file that can be written", common->log, g_strerror(errno));
    chardev->log = output_new_waiting(chardev->log_fd, name, &owner, error);
    return chardev->log;
}

Chardev *chardev_open(
    const ChardevKind *kind, const ChardevCommon *common, const void *values, GError **error)
{
    Chardev *chardev = g_new0(Chardev, 1);
    chardev->id = g_strdup(common->id);
    chardev->kind = kind;
    chardev->log_fd = -1;
    chardev->is_mux = chardev->has_escapes = common->mux;
    chardev->mux.escape = common->escape ? common->escape : 1;
    g_mutex_init(&chardev->lock);
    for (unsigned i = 0; i < CHARDEV_USERS; i++)
        chardev->seats[i].read = g_byte_array_new();
    signal(SIGPIPE, SIG_IGN);
    if ((!common->log || open_log(chardev, common, error)) && kind->open(chardev, values, error))
        return chardev;
    chardev_free(chardev);
    return NULL;
}

void chardev_free(Chardev *chardev)
{
    if (!chardev)
        return;
    chardev->count = 0;
    if (chardev->backend)
        chardev->backend->free(chardev->self);
    if (output_free(chardev->log) && chardev->log_fd >= 0)
        close(chardev->log_fd);
    if (g_atomic_int_get(&chardev->asked))
        g_idle_remove_by_data(chardev);
    for (unsigned i = 0; i < CHARDEV_USERS; i++)
        g_byte_array_unref(chardev->seats[i].read);
    g_mutex_clear(&chardev->lock);
    g_free(chardev->id);
    g_free(chardev);
}

void chardev_start(Chardev *chardev, const ChardevHost *host)
{
    chardev->host = *host;
    if (chardev->backend->start)
        chardev->backend->start(chardev->self, host);
}
