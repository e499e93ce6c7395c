// Iothreads: threads that serve devices, each waiting in one place, its io_uring.
//
// An iothread watches file descriptors (doorbells) and completes I/O that was given to its ring; one
// io_uring_enter submits what the last round made and waits for the next. Where the host refuses io_uring,
// epoll stands in: watches and tasks work the same, iothread_has_ring() says no.
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

struct io_uring_sqe;
typedef struct Iothread Iothread;
typedef struct IothreadWatch IothreadWatch;

// Starts a thread; `id` (copied) is its name in statistics and in ps. All signals are blocked in it. NULL and
// `error` when the host has no thread or no file descriptor left: the host's fault, never the user's.
Iothread *iothread_new(const char *id, GError **error);
// Ends the thread. Nothing may be watched or in flight any more.
void iothread_free(Iothread *iothread);
const char *iothread_id(const Iothread *iothread);
// The host's number of its thread (gettid).
pid_t iothread_thread_id(const Iothread *iothread);
// False where io_uring was refused (sysctl kernel.io_uring_disabled, seccomp, a kernel before 5.13).
bool iothread_has_ring(const Iothread *iothread);
// Is this the iothread's own thread?
bool iothread_is_current(const Iothread *iothread);

// Runs `function` on the iothread and returns when it has returned. Any thread; on its own thread it is a
// plain call.
void iothread_call(Iothread *iothread, void (*function)(void *owner), void *owner);

// Work that other threads give to the iothread without waiting; embedded in its owner, so nothing is
// allocated. Posts and calls run in the order they came.
typedef struct IothreadPost {
    void (*run)(void *owner);
    void *owner;
    bool queued; // the iothread's, as is `next`
    struct IothreadPost *next;
} IothreadPost;
// Runs `post` on the iothread, once however often it was posted before it began. Any thread. Its memory must
// live until it ran: an iothread_call() that follows tells.
void iothread_post(Iothread *iothread, IothreadPost *post);

// All that follows: on the iothread's own thread only.

// Calls `ready` after each edge of `fd` becoming readable, and once if it is readable now; edges in quick
// succession may share a call, and calls without an edge happen. `fd` is not read.
// NULL and errno (ENOMEM, ENOSPC) where the host cannot.
IothreadWatch *iothread_watch(Iothread *iothread, int fd, void (*ready)(void *owner), void *owner);
// Ends a watch: `ready` is not called again, and `fd` may be closed.
void iothread_unwatch(IothreadWatch *watch);

// Work for the end of this round, when all that completed was looked at and before the iothread waits again:
// it is how a batch is published or submitted at once. What is deferred meanwhile waits for the next round,
// which then does not sleep; so work that defers itself again starves nobody.
typedef struct IothreadTask {
    void (*run)(void *owner);
    void *owner;
    bool queued; // the iothread's, as is `next`
    struct IothreadTask *next;
} IothreadTask;
// Queues `task`, once however often it is called.
void iothread_defer(Iothread *iothread, IothreadTask *task);
// Takes it back if it is queued.
void iothread_undefer(Iothread *iothread, IothreadTask *task);

// One operation on the ring; embedded in its owner, so nothing is allocated. `prepare` fills the submission
// entry (all but user_data), in this call or in a later round when the ring is full. `complete` gets the
// completion's result (a number of bytes or -errno) and its IORING_CQE_F_* flags. The memory must live until
// the last completion.
typedef struct IothreadIo {
    void (*prepare)(struct IothreadIo *io, struct io_uring_sqe *entry);
    void (*complete)(struct IothreadIo *io, int result, unsigned flags);
    struct IothreadIo *next; // the iothread's
} IothreadIo;
// Submits `io` with this round's batch. Only with iothread_has_ring().
void iothread_submit(Iothread *iothread, IothreadIo *io);
