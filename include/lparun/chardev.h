// Chardevs: where bytes go to and come from, a terminal, a socket, a file, for a part that uses them (a vty,
// a monitor).
//
// Output may come from any thread: none waits for a reader. Input and connections are the main thread's, on
// the default GLib main context. Nothing here is sized by what a peer sends.
#pragma once
#include "lparun/keys.h"
#include "lparun/kinds.h"
#include "lparun/part.h"
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHARDEV_OUTPUT 16384     // bytes that wait for a reader
#define CHARDEV_PUT 4096         // bytes that one chardev_put() may have
#define CHARDEV_TYPED (1u << 20) // bytes of input that a user may leave, where more is read to find escapes
#define CHARDEV_RING_READ (128u << 10) // of a ringbuf at once: as JSON, six times as long, still one answer
#define CHARDEV_DESCRIPTORS 16         // that a peer has handed over and nobody took

typedef struct Chardev Chardev;
typedef struct Chardevs Chardevs; // all of a machine

// Who uses a chardev. Functions that are NULL are not called; all but none of them are called on the main
// thread.
typedef struct ChardevUser {
    // Input. Returns how many of `length` bytes were taken; the rest comes again after chardev_more().
    size_t (*take)(void *owner, const uint8_t *bytes, size_t length);
    // There is room again after a chardev_put() that was refused.
    void (*room)(void *owner);
    // A peer has come or has left. One that is there already is told of by chardev_attach(), before it
    // returns. A user who has this gets no input of a peer's after it has left.
    void (*peer)(void *owner, bool there);
    // The line's break.
    void (*send_break)(void *owner);
    void *owner;
    int priority; // of input among the main loop's sources: G_PRIORITY_DEFAULT or later
} ChardevUser;

// Signals, which are the program's, for a chardev on a terminal, and what one may ask of the program. The
// main thread.
typedef struct ChardevHost {
    void (*watch_signal)(void *owner, int number, void (*came)(void *data, int number), void *data);
    void (*obey_signal)(void *owner, int number); // as if nobody watched
    void (*quit)(void *owner);                    // the user pressed Ctrl-A x
    void *owner;
} ChardevHost;

// What all kinds have besides their own keys.
typedef struct ChardevCommon {
    char *id;
    char *log; // path of a file that gets all output too, or NULL
    bool log_append;
    bool mux;       // several users: the input is one's at a time
    uint8_t escape; // a byte; 0: Ctrl-A
} ChardevCommon;

// A kind of chardev, a row.
typedef struct ChardevKind {
    Kind kind; // stays first
    // Makes it work, or NULL: there is none here, and `refused` says why. False and `error`, which begins
    // with what is wrong ("path=x: ...").
    bool (*open)(Chardev *chardev, const void *values, GError **error);
    const char *refused;
    const void *defaults; // of the keys; NULL: all zeros
} ChardevKind;

// The kinds, up to a NULL, those that are refused as well.
extern const ChardevKind *const chardev_kinds[];
extern const ChardevKind null_chardev, stdio_chardev;

typedef struct StdioValues {
    bool signals; // at a terminal, Ctrl-C and Ctrl-Z stay signals
    bool escapes; // are looked for at a terminal, mux or not
} StdioValues;

// --- All of them.

Chardevs *chardevs_new(void);
void chardevs_free(Chardevs *chardevs);
extern const PartOps chardevs_part;
// Opens one. `common` and `values` (of the kind's keys) are copied where they are needed. NULL and `error`,
// which begins with the key: it cannot be opened, or the id is taken. The main thread, as all of this but
// what says otherwise.
Chardev *chardevs_add(Chardevs *chardevs, const ChardevKind *kind, const ChardevCommon *common,
    const void *values, GError **error);
// NULL: there is none of that id.
Chardev *chardevs_find(const Chardevs *chardevs, const char *id);
// By number; NULL behind the last.
Chardev *chardevs_at(const Chardevs *chardevs, unsigned index);
// Closes one. False and `error`: there is none, or it has a user.
bool chardevs_remove(Chardevs *chardevs, const char *id, GError **error);
// From here on terminals are raw and input is read; before it the main loop must not run. `host` is copied.
void chardevs_start(Chardevs *chardevs, const ChardevHost *host);
// True once all that wait for their first peer have one.
bool chardevs_are_ready(const Chardevs *chardevs);
// The guest has ended: terminals are as they were, at once; then waits for output that is still read.
void chardevs_stop(Chardevs *chardevs);

// --- One.

// Makes `user` (copied) the one who has it, or with mux one more. False and `error`: it is in use.
bool chardev_attach(Chardev *chardev, const ChardevUser *user, GError **error);
// Takes the user with this owner away. None of its threads may be in a function here.
void chardev_detach(Chardev *chardev, const void *owner);
// One more user, who is made when a person first goes there by Ctrl-A c: `make` attaches it, or returns
// false. A chardev without mux=on may have one, too.
void chardev_set_late(Chardev *chardev, bool (*make)(void *owner, Chardev *chardev), void *owner);

// Takes all of `bytes` and returns true, or none of them: come again. Where no peer is, all is taken and goes
// nowhere. Does not wait. Any thread.
bool chardev_put(Chardev *chardev, const uint8_t *bytes, size_t length);
// A user can take input again. Any thread.
void chardev_more(Chardev *chardev);
// Sends the peer away, where it can be; elsewhere what waits for it is lost.
void chardev_drop(Chardev *chardev);
// The last descriptor that a peer has handed over, which is the caller's from then on; -1: none.
int chardev_take_descriptor(Chardev *chardev);

const char *chardev_id(const Chardev *chardev);
// QEMU's text of it: "disconnected:unix:/path,server=on" (g_free).
char *chardev_describe(const Chardev *chardev);
// With mux=on.
bool chardev_is_mux(const Chardev *chardev);
bool chardev_is_used(const Chardev *chardev);
// The next bytes of a ringbuf that nobody read yet, `most` and CHARDEV_RING_READ at most; or NULL: it is no
// ringbuf.
GBytes *chardev_ring_read(Chardev *chardev, size_t most);
