// The disk of results, on the side of lparun-ci: made before the guest starts, read while it runs.
#pragma once
#include "guest/frame.h"
#include <glib.h>
#include <stdbool.h>

typedef struct Channel Channel;

// How the guest's command ended, by init.
typedef struct ChannelEnd {
    bool killed;
    unsigned value; // exit status, or signal
    guint64 lost;   // bytes of output that the disk had no room for
} ChannelEnd;

// Functions may be NULL. `seconds` is since the guest's kernel started. All bytes are the guest's: anything.
typedef struct ChannelOps {
    void (*started)(void *owner, const char *release, const char *version);
    // Of standard output, or of standard error.
    void (*output)(void *owner, bool errors, const char *bytes, gsize length, double seconds);
    // A file starts, bytes of it come, or it could not be taken (errno).
    void (*file)(void *owner, const char *path, unsigned mode);
    void (*data)(void *owner, const char *bytes, gsize length);
    void (*left)(void *owner, const char *path, int error);
    // Why there is no end.
    void (*fault)(void *owner, const char *text);
    // Once; nothing comes after it.
    void (*ended)(void *owner, const ChannelEnd *end);
} ChannelOps;

// Makes the disk, a file with holes. False and `error`: it cannot be made.
bool channel_make(const char *path, guint64 size, GError **error);
// NULL and `error`: it cannot be read.
Channel *channel_open(const char *path, const ChannelOps *ops, void *owner, GError **error);
void channel_free(Channel *channel);
// Tells of what has come since the last time.
void channel_poll(Channel *channel);
// Whether there is something on the disk that is no frame behind those that were told: the guest wrote to it,
// not init. To be asked when the guest has ended.
bool channel_is_broken(Channel *channel);
