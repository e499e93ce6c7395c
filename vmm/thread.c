// Threads are born one way.
#include "lparun/thread.h"
#include "lparun/error.h"
#include <pthread.h>
#include <signal.h>

struct Thread {
    pthread_t id;
    char name[16]; // the kernel's limit
    void (*run)(void *owner);
    void *owner;
    gint shared; // by the thread and who started it
};

// Bytes. The C library's default of 8 MiB each would count where memory is locked or not to be had twice.
static const size_t stacks[THREAD_KINDS] = {
    [THREAD_VCPU] = 1 << 20, // a device tree is made on it
    [THREAD_IOTHREAD] = 512 << 10,
    [THREAD_WORKER] = 256 << 10,
    [THREAD_NVRAM] = 256 << 10,
    [THREAD_CONSOLE] = 256 << 10,
    [THREAD_TRACE] = 256 << 10,
    [THREAD_SAVE] = 256 << 10,
    [THREAD_HELPER] = 256 << 10,
};

static void let_go(Thread *thread)
{
    if (g_atomic_int_dec_and_test(&thread->shared))
        g_free(thread);
}

static void *thread_main(void *owner)
{
    Thread *thread = owner;
    pthread_setname_np(pthread_self(), thread->name);
    thread->run(thread->owner);
    let_go(thread);
    return NULL;
}

static int create(Thread *thread, ThreadKind kind)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stacks[kind]);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); // the thread inherits it
    int result = pthread_create(&thread->id, &attributes, thread_main, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return result;
}

Thread *thread_start(ThreadKind kind, const char *name, void (*run)(void *owner), void *owner, GError **error)
{
    Thread *thread = g_new0(Thread, 1);
    *thread = (Thread){ .run = run, .owner = owner, .shared = 2 };
    g_strlcpy(thread->name, name, sizeof thread->name);
    int result = create(thread, kind);
    if (result == 0)
        return thread;
    g_free(thread);
    error_host(error, "%s: no thread for it: %s; raise ulimit -u", name, g_strerror(result));
    return NULL;
}

void thread_join(Thread *thread)
{
    if (!thread)
        return;
    pthread_join(thread->id, NULL);
    let_go(thread);
}

void thread_abandon(Thread *thread)
{
    pthread_detach(thread->id);
    let_go(thread);
}

bool thread_is_current(const Thread *thread)
{
    return pthread_equal(thread->id, pthread_self());
}

void thread_signal(const Thread *thread, int signal)
{
    pthread_kill(thread->id, signal);
}

void thread_let_in(int signal)
{
    sigset_t alone;
    sigemptyset(&alone);
    sigaddset(&alone, signal);
    pthread_sigmask(SIG_UNBLOCK, &alone, NULL);
}
