// What iothread.c asks of the place it waits in: an io_uring (iothread_ring.c) or an epoll (iothread_poll.c).
#pragma once
#include "lparun/iothread.h"
#include <stddef.h>

typedef struct IothreadWait IothreadWait;

typedef struct IothreadWaitOps {
    // On the iothread's own thread, as all that follow. NULL and -errno where the host refuses.
    IothreadWait *(*open)(int *error);
    void (*close)(IothreadWait *wait);
    // Submits, waits when `block` is set until something happened, and calls back for what did.
    void (*round)(IothreadWait *wait, bool block);
    // 0, or -errno where the host cannot; then the watch is still the caller's.
    int (*watch)(IothreadWait *wait, IothreadWatch *watch);
    // Frees the watch, now or when nothing can name it any more.
    void (*unwatch)(IothreadWait *wait, IothreadWatch *watch);
    void (*submit)(IothreadWait *wait, IothreadIo *io); // NULL without a ring
} IothreadWaitOps;

extern const IothreadWaitOps iothread_ring_ops, iothread_poll_ops;

// As iothread_new(), with `ops` alone: for tests of each.
Iothread *iothread_new_with(const char *id, const IothreadWaitOps *ops, GError **error);

struct IothreadWatch {
    Iothread *iothread;
    IothreadWait *wait;
    int fd;
    bool dead; // `ready` must not be called any more
    void (*ready)(void *owner);
    void *owner;
    IothreadWatch *previous, *next; // in the list of the waiter
    // io_uring's: the poll, its cancellation, and how many completions may still name the watch.
    IothreadIo poll, cancel;
    unsigned named;
};
