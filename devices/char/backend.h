// A chardev from the inside: what a kind makes, and what it tells the core.
#pragma once
#include "lparun/chardev.h"
#include "output.h"

// What a kind may have; NULL: it has none of that. All but `put` is called on the main thread.
typedef struct Backend {
    // Takes all or none. Any thread, one at a time.
    bool (*put)(void *self, const uint8_t *bytes, size_t length);
    void (*start)(void *self, const ChardevHost *host);
    // Whether input is wanted has changed: chardev_wants() says.
    void (*want)(void *self);
    bool (*is_ready)(const void *self); // it does not wait for a first peer
    void (*stop)(void *self);           // the guest has ended: no more input, and the terminal as it was
    void (*drain)(void *self, gint64 end);
    void (*drop)(void *self);
    int (*take_descriptor)(void *self);
    void (*say)(void *self, const char *text); // to the person at it, behind the output; NULL: as output
    char *(*describe)(const void *self);       // NULL: the kind's name
    GBytes *(*ring_read)(void *self, size_t most);
    void (*free)(void *self);
} Backend;

// What `self` is from now on.
void chardev_become(Chardev *chardev, const Backend *backend, void *self);

// --- For backends; the main thread but where it says otherwise.

// Input has come.
void chardev_input(Chardev *chardev, uint8_t *bytes, size_t length);
// The user takes more, or escapes are looked for.
bool chardev_wants(const Chardev *chardev);
void chardev_set_peer(Chardev *chardev, bool there);
bool chardev_has_peer(const Chardev *chardev);
void chardev_send_break(Chardev *chardev);
// There may be room after a put that was refused. Any thread.
void chardev_has_room(void *chardev);
// Escapes are looked for, if there is no mux, too: at a terminal.
void chardev_look_for_escapes(Chardev *chardev);
// At the other end is who runs the program: input comes before all others'.
void chardev_is_ours(Chardev *chardev);
int chardev_priority(const Chardev *chardev); // of input
const ChardevHost *chardev_host(const Chardev *chardev);
