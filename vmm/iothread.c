// Iothreads: the thread, calls into it, and work deferred to the end of a round.
#include "iothread_wait.h"
#include "lparun/error.h"
#include "lparun/thread.h"
#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct Call {
    IothreadPost post;
    Iothread *iothread;
    void (*function)(void *owner);
    void *owner;
    bool done;
} Call;

struct Iothread {
    char *id;
    Thread *thread;
    int wake; // an eventfd, rung for each post
    const IothreadWaitOps *ops;
    IothreadWait *wait;
    bool stop; // the thread's own

    GMutex lock;   // guards what follows
    GCond changed; // `started` is set, or a call is done
    bool started;
    pid_t thread_id;
    int start_error;
    IothreadPost *posts, **posts_end;

    // The thread's own.
    IothreadTask *tasks, **tasks_end;
};

static void run_posts(void *owner)
{
    Iothread *iothread = owner;
    g_mutex_lock(&iothread->lock);
    IothreadPost *post;
    while ((post = iothread->posts)) {
        iothread->posts = post->next;
        if (!iothread->posts)
            iothread->posts_end = &iothread->posts;
        post->queued = false;
        g_mutex_unlock(&iothread->lock);
        post->run(post->owner); // which may be its end
        g_mutex_lock(&iothread->lock);
    }
    g_mutex_unlock(&iothread->lock);
}

static void run_tasks(Iothread *iothread)
{
    // What the tasks themselves defer goes behind this mark, which is for the next round.
    IothreadTask *last = NULL;
    for (IothreadTask *task = iothread->tasks; task; task = task->next)
        last = task;
    for (bool more = last != NULL; more && iothread->tasks;) {
        IothreadTask *task = iothread->tasks;
        more = task != last;
        iothread_undefer(iothread, task);
        task->run(task->owner);
    }
}

static IothreadWatch *begin_watch(Iothread *iothread, int fd, void (*ready)(void *owner), void *owner)
{
    IothreadWatch *watch = g_new0(IothreadWatch, 1);
    watch->iothread = iothread;
    watch->wait = iothread->wait;
    watch->fd = fd;
    watch->ready = ready;
    watch->owner = owner;
    int result = iothread->ops->watch(iothread->wait, watch);
    if (result == 0)
        return watch;
    g_free(watch);
    errno = -result;
    return NULL;
}

static int open_wait(Iothread *iothread)
{
    int error = 0;
    bool any = !iothread->ops;
    if (any)
        iothread->ops = &iothread_ring_ops;
    iothread->wait = iothread->ops->open(&error);
    if (!iothread->wait && any) {
        iothread->ops = &iothread_poll_ops;
        iothread->wait = iothread->ops->open(&error);
    }
    return iothread->wait ? 0 : error;
}

static void tell_started(Iothread *iothread, int error)
{
    g_mutex_lock(&iothread->lock);
    iothread->start_error = error;
    iothread->thread_id = gettid();
    iothread->started = true;
    g_cond_broadcast(&iothread->changed);
    g_mutex_unlock(&iothread->lock);
}

static void thread_main(void *owner)
{
    Iothread *iothread = owner;
    int error = open_wait(iothread);
    IothreadWatch *wake = error ? NULL : begin_watch(iothread, iothread->wake, run_posts, iothread);
    if (!error && !wake) {
        error = -errno;
        iothread->ops->close(iothread->wait);
    }
    tell_started(iothread, error);
    if (!wake)
        return;
    while (!iothread->stop) {
        iothread->ops->round(iothread->wait, iothread->tasks == NULL);
        run_tasks(iothread);
    }
    iothread_unwatch(wake);
    iothread->ops->close(iothread->wait);
}

static bool refuse(const Iothread *iothread, int result, GError **error)
{
    return error_host(error,
        "iothread %s: cannot start: %s; raise the limits on threads and open files (ulimit -u, ulimit -n)",
        iothread->id, g_strerror(-result));
}

static bool start_thread(Iothread *iothread, GError **error)
{
    iothread->thread = thread_start(THREAD_IOTHREAD, iothread->id, thread_main, iothread, error);
    if (!iothread->thread)
        return false;
    g_mutex_lock(&iothread->lock);
    while (!iothread->started)
        g_cond_wait(&iothread->changed, &iothread->lock);
    int result = iothread->start_error;
    g_mutex_unlock(&iothread->lock);
    if (!result)
        return true;
    thread_join(iothread->thread);
    return refuse(iothread, result, error);
}

static void release(Iothread *iothread)
{
    if (iothread->wake >= 0)
        close(iothread->wake);
    g_mutex_clear(&iothread->lock);
    g_cond_clear(&iothread->changed);
    g_free(iothread->id);
    g_free(iothread);
}

Iothread *iothread_new_with(const char *id, const IothreadWaitOps *ops, GError **error)
{
    Iothread *iothread = g_new0(Iothread, 1);
    iothread->ops = ops;
    iothread->id = g_strdup(id);
    iothread->posts_end = &iothread->posts;
    iothread->tasks_end = &iothread->tasks;
    g_mutex_init(&iothread->lock);
    g_cond_init(&iothread->changed);
    iothread->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (iothread->wake < 0 ? refuse(iothread, -errno, error) : start_thread(iothread, error))
        return iothread;
    release(iothread);
    return NULL;
}

Iothread *iothread_new(const char *id, GError **error)
{
    return iothread_new_with(id, NULL, error);
}

static void set_stop(void *owner)
{
    Iothread *iothread = owner;
    iothread->stop = true;
}

void iothread_free(Iothread *iothread)
{
    if (!iothread)
        return;
    iothread_call(iothread, set_stop, iothread);
    thread_join(iothread->thread);
    release(iothread);
}

pid_t iothread_thread_id(const Iothread *iothread)
{
    return iothread->thread_id;
}

const char *iothread_id(const Iothread *iothread)
{
    return iothread->id;
}

bool iothread_has_ring(const Iothread *iothread)
{
    return iothread->ops->submit != NULL;
}

bool iothread_is_current(const Iothread *iothread)
{
    return thread_is_current(iothread->thread);
}

// Under the lock.
static void post_locked(Iothread *iothread, IothreadPost *post)
{
    if (post->queued)
        return;
    post->queued = true;
    post->next = NULL;
    *iothread->posts_end = post;
    iothread->posts_end = &post->next;
    eventfd_write(iothread->wake, 1);
}

void iothread_post(Iothread *iothread, IothreadPost *post)
{
    g_mutex_lock(&iothread->lock);
    post_locked(iothread, post);
    g_mutex_unlock(&iothread->lock);
}

static void run_call(void *owner)
{
    Call *call = owner;
    Iothread *iothread = call->iothread;
    call->function(call->owner);
    g_mutex_lock(&iothread->lock);
    call->done = true; // the caller's stack: not ours from the unlock on
    g_cond_broadcast(&iothread->changed);
    g_mutex_unlock(&iothread->lock);
}

void iothread_call(Iothread *iothread, void (*function)(void *owner), void *owner)
{
    if (iothread_is_current(iothread)) {
        function(owner);
        return;
    }
    Call call = { .iothread = iothread, .function = function, .owner = owner };
    call.post = (IothreadPost){ .run = run_call, .owner = &call };
    g_mutex_lock(&iothread->lock);
    post_locked(iothread, &call.post);
    while (!call.done)
        g_cond_wait(&iothread->changed, &iothread->lock);
    g_mutex_unlock(&iothread->lock);
}

IothreadWatch *iothread_watch(Iothread *iothread, int fd, void (*ready)(void *owner), void *owner)
{
    g_assert(iothread_is_current(iothread));
    return begin_watch(iothread, fd, ready, owner);
}

void iothread_unwatch(IothreadWatch *watch)
{
    if (!watch)
        return;
    g_assert(iothread_is_current(watch->iothread));
    watch->dead = true;
    watch->iothread->ops->unwatch(watch->wait, watch);
}

void iothread_defer(Iothread *iothread, IothreadTask *task)
{
    g_assert(iothread_is_current(iothread));
    if (task->queued)
        return;
    task->queued = true;
    task->next = NULL;
    *iothread->tasks_end = task;
    iothread->tasks_end = &task->next;
}

void iothread_undefer(Iothread *iothread, IothreadTask *task)
{
    g_assert(iothread_is_current(iothread));
    if (!task->queued)
        return;
    task->queued = false;
    IothreadTask **link = &iothread->tasks;
    while (*link != task)
        link = &(*link)->next;
    *link = task->next;
    if (!*link)
        iothread->tasks_end = link;
}

void iothread_submit(Iothread *iothread, IothreadIo *io)
{
    g_assert(iothread_is_current(iothread));
    iothread->ops->submit(iothread->wait, io);
}
