// The core of a chardev: who uses it, what waits for them, and where its input goes.
#pragma once
#include "backend.h"
#include "mux.h"

#define CHARDEV_USERS 4 // of a mux

typedef struct Seat {
    ChardevUser user;
    GByteArray *read; // what the user had no room for, from `passed` on
    unsigned passed;
} Seat;

struct Chardev {
    char *id;
    const ChardevKind *kind;
    const Backend *backend;
    void *self;
    Output *log; // or NULL
    int log_fd;
    GMutex lock; // guards `mux`'s state of a line, and that log and backend get the same
    gint asked;  // serve() is due on the main loop; atomic, as the next
    gint priority;
    ChardevHost host;
    bool there; // a peer is
    bool is_mux, has_escapes;
    bool is_ours; // at the other end is who runs the program
    Seat seats[CHARDEV_USERS];
    unsigned count; // of users
    unsigned focus; // who has the input
    Mux mux;
    bool (*late)(void *owner, Chardev *chardev); // or NULL
    void *late_owner;
};

// NULL and `error`.
Chardev *chardev_open(
    const ChardevKind *kind, const ChardevCommon *common, const void *values, GError **error);
void chardev_free(Chardev *chardev);
void chardev_start(Chardev *chardev, const ChardevHost *host);
// Hands `bytes` to who has the input now.
void chardev_deliver(Chardev *chardev, const uint8_t *bytes, size_t length);
// The next user has the input; a late one is made where there is no other.
void chardev_move_focus(Chardev *chardev);
