// The human monitor on a chardev: a session for whoever is there.
#include "human.h"
#include "hmp/session.h"

// As other monitors: after all else.
#define PRIORITY G_PRIORITY_LOW

struct Human {
    MonitorMachine machine;
    Chardev *chardev;
    HmpSession *session; // or NULL
    bool waits;          // something that was not taken
};

static bool write_out(void *owner, const uint8_t *bytes, size_t length)
{
    Human *human = owner;
    human->waits = !chardev_put(human->chardev, bytes, length);
    return !human->waits;
}

static size_t take(void *owner, const uint8_t *bytes, size_t length)
{
    Human *human = owner;
    return human->session ? hmp_session_take(human->session, bytes, length) : length;
}

static void on_room(void *owner)
{
    Human *human = owner;
    if (human->session && human->waits && hmp_session_go_on(human->session))
        chardev_more(human->chardev);
}

static void on_peer(void *owner, bool there)
{
    Human *human = owner;
    g_clear_pointer(&human->session, hmp_session_free);
    human->waits = false;
    if (there)
        human->session = hmp_session_new(&human->machine, write_out, human);
}

Human *human_open(Chardev *chardev, const MonitorMachine *machine, GError **error)
{
    Human *human = g_new0(Human, 1);
    human->machine = *machine;
    human->chardev = chardev;
    const ChardevUser user = {
        .take = take, .room = on_room, .peer = on_peer, .owner = human, .priority = PRIORITY
    };
    if (chardev_attach(chardev, &user, error))
        return human;
    g_free(human);
    return NULL;
}

void human_close(Human *human)
{
    if (!human)
        return;
    chardev_detach(human->chardev, human);
    hmp_session_free(human->session);
    g_free(human);
}
