// Where an iothread waits when the host refuses io_uring: an epoll for edges.
#include "iothread_wait.h"
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS 64

struct IothreadWait {
    int epoll;
    IothreadWatch *dead; // unwatched in this round, whose events may still name them
};

static IothreadWait *poll_open(int *error)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) {
        *error = -errno;
        return NULL;
    }
    IothreadWait *wait = g_new0(IothreadWait, 1);
    wait->epoll = epoll;
    return wait;
}

static void bury(IothreadWait *wait)
{
    while (wait->dead) {
        IothreadWatch *watch = wait->dead;
        wait->dead = watch->next;
        g_free(watch);
    }
}

static void poll_close(IothreadWait *wait)
{
    bury(wait);
    close(wait->epoll);
    g_free(wait);
}

static void poll_round(IothreadWait *wait, bool block)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(wait->epoll, events, EVENTS, block ? -1 : 0);
    for (int i = 0; i < count; i++) {
        IothreadWatch *watch = events[i].data.ptr;
        if (!watch->dead)
            watch->ready(watch->owner);
    }
    bury(wait);
}

static int poll_watch(IothreadWait *wait, IothreadWatch *watch)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.ptr = watch };
    // Fails without kernel memory, or where the user may not watch more (fs.epoll.max_user_watches).
    return epoll_ctl(wait->epoll, EPOLL_CTL_ADD, watch->fd, &event) ? -errno : 0;
}

static void poll_unwatch(IothreadWait *wait, IothreadWatch *watch)
{
    epoll_ctl(wait->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    watch->next = wait->dead;
    wait->dead = watch;
}

const IothreadWaitOps iothread_poll_ops = {
    .open = poll_open,
    .close = poll_close,
    .round = poll_round,
    .watch = poll_watch,
    .unwatch = poll_unwatch,
};
