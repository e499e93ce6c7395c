// lparun's monitor, as its client.
#pragma once
#include <glib.h>
#include <stdbool.h>

typedef struct Steer Steer;

// Connects to the socket at `path` as soon as it is there. `event` gets what lparun tells, with "reason" of
// its data or NULL; `closed` comes when lparun has closed the connection, after its last event. On the main
// context.
typedef struct SteerOps {
    void (*event)(void *owner, const char *name, const char *reason);
    // One mark of the timeline that steer_quit() asks for: microseconds of the monotonic clock.
    void (*mark)(void *owner, const char *name, gint64 at);
    void (*closed)(void *owner);
} SteerOps;
Steer *steer_new(const char *path, const SteerOps *ops, void *owner);
// Is there a connection that lparun has not closed?
bool steer_is_open(const Steer *steer);
void steer_free(Steer *steer);
// Asks for the timeline, and then lparun to end. Nothing where there is no connection (yet).
void steer_quit(Steer *steer);
