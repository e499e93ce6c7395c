// lparun's monitor, as its client.
#pragma once
#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

typedef struct Steer Steer;

typedef struct SteerOps {
    // What lparun tells, with "reason" of its data or NULL.
    void (*event)(void *owner, const char *name, const char *reason);
    // lparun has closed the connection, after its last event.
    void (*closed)(void *owner);
} SteerOps;

// `value` is NULL where it was refused: `error` says why. Stays lparun-ci's.
typedef void (*SteerAnswer)(void *owner, JsonNode *value, const char *error);

// Connects to the socket at `path` as soon as it is there. On the main context, as all of this.
Steer *steer_new(const char *path, const SteerOps *ops, void *owner);
void steer_free(Steer *steer);
// Is there a connection that lparun has not closed?
bool steer_is_open(const Steer *steer);
// Gives a command, once there is a connection. `arguments`: JSON, or NULL. `answer` comes once, or never
// where the connection does not come to be or is closed before; NULL: nobody wants to know.
void steer_ask(Steer *steer, const char *command, const char *arguments, SteerAnswer answer, void *owner);
