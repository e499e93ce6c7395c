// Threads: all that lparun starts itself are born here (GLib starts none: launcher/signals.c).
#pragma once
#include <glib.h>
#include <stdbool.h>

// What the thread is for; one kind has one size of stack.
typedef enum {
    THREAD_VCPU,
    THREAD_IOTHREAD,
    THREAD_WORKER,  // waits for a disk in an iothread's place
    THREAD_NVRAM,   // saves it
    THREAD_CONSOLE, // writes the guest's output
    THREAD_TRACE,   // writes lines of tracing
    THREAD_SAVE,    // writes the guest's memory to a file
    THREAD_HELPER,  // does a part of another thread's work, which waits for it
    THREAD_KINDS
} ThreadKind;

typedef struct Thread Thread;

// Starts `run` in a thread of its own, with all signals blocked: they are the main thread's. `name` (copied)
// is what top -H shows; the kernel keeps 15 bytes of it. NULL and `error`, the host's, which names `name`.
// Any thread.
Thread *thread_start(
    ThreadKind kind, const char *name, void (*run)(void *owner), void *owner, GError **error);
// Waits until `run` has returned. NULL is no thread.
void thread_join(Thread *thread);
// Nobody will wait for it.
void thread_abandon(Thread *thread);
// Is it the caller's own?
bool thread_is_current(const Thread *thread);
// Sends `signal`, which the thread has let in. Any thread.
void thread_signal(const Thread *thread, int signal);
// Lets a signal in: for `run`.
void thread_let_in(int signal);
