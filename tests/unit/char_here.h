// Chardevs for tests: by the name of a kind, and a user who notes what comes.
#pragma once
#include "lparun/chardev.h"
#include <string.h>

static inline const ChardevKind *char_kind(const char *name)
{
    for (unsigned i = 0; chardev_kinds[i]; i++)
        if (strcmp(chardev_kinds[i]->kind.name, name) == 0)
            return chardev_kinds[i];
    g_assert_not_reached();
}

static inline Chardev *char_add(Chardevs *chardevs, const char *kind, const char *id, const void *values)
{
    g_autoptr(GError) error = NULL;
    ChardevCommon common = { .id = (char *)id };
    Chardev *chardev = chardevs_add(chardevs, char_kind(kind), &common, values, &error);
    g_assert_no_error(error);
    return chardev;
}

typedef struct CharUser {
    GString *got;
    size_t room; // how much is taken
    unsigned rooms, peers, leaves, breaks;
} CharUser;

static inline size_t char_user_take(void *owner, const uint8_t *bytes, size_t length)
{
    CharUser *user = owner;
    length = MIN(length, user->room);
    user->room -= length;
    g_string_append_len(user->got, (const char *)bytes, (gssize)length);
    return length;
}

static inline void char_user_room(void *owner)
{
    ((CharUser *)owner)->rooms++;
}

static inline void char_user_peer(void *owner, bool there)
{
    CharUser *user = owner;
    user->peers += there;
    user->leaves += !there;
}

static inline void char_user_break(void *owner)
{
    ((CharUser *)owner)->breaks++;
}

// `sessions`: what a peer left unread goes with it.
static inline void char_user_attach(CharUser *user, Chardev *chardev, bool sessions)
{
    *user = (CharUser){ .got = g_string_new(NULL), .room = SIZE_MAX };
    const ChardevUser functions = {
        .take = char_user_take,
        .room = char_user_room,
        .peer = sessions ? char_user_peer : NULL,
        .send_break = char_user_break,
        .owner = user,
    };
    g_assert_true(chardev_attach(chardev, &functions, NULL));
}

static inline void char_user_free(CharUser *user)
{
    g_string_free(user->got, TRUE);
}

static inline void char_run_loop(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

// Serves the main loop until `what`, for ten seconds at most.
#define CHAR_AWAIT(what)                                                                                     \
    for (gint64 await_end = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND; !(what); g_usleep(200)) {      \
        g_assert_cmpint(g_get_monotonic_time(), <, await_end);                                               \
        char_run_loop();                                                                                     \
    }
