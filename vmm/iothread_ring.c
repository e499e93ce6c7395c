// Where an iothread waits: one io_uring, with multishot polls for its watches.
#include "iothread_wait.h"
#include <errno.h>
#include <liburing.h>
#include <poll.h>

#define ENTRIES 256

struct IothreadWait {
    struct io_uring ring;
    IothreadIo *waiting, **waiting_end; // for a free submission entry, oldest first
    IothreadWatch *watches;
};

static int setup_ring(struct io_uring *ring)
{
    // Best first: completions are then prepared by this very thread when it asks for them, not by an
    // interrupt of it (6.1), or at least without an interrupt (5.19).
    static const unsigned flags[] = {
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
        IORING_SETUP_COOP_TASKRUN,
        0,
    };
    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++) {
        struct io_uring_params parameters = { .flags = flags[i] };
        int result = io_uring_queue_init_params(ENTRIES, ring, &parameters);
        if (result == -EINVAL)
            continue;
        // Multishot polls came with resource tags (5.13), which have a bit where they have none.
        const unsigned needed = IORING_FEAT_NODROP | IORING_FEAT_RSRC_TAGS;
        if (result == 0 && (parameters.features & needed) != needed) {
            io_uring_queue_exit(ring);
            return -ENOSYS;
        }
        return result;
    }
    return -EINVAL;
}

static IothreadWait *ring_open(int *error)
{
    IothreadWait *wait = g_new0(IothreadWait, 1);
    *error = setup_ring(&wait->ring);
    if (*error) {
        g_free(wait);
        return NULL;
    }
    wait->waiting_end = &wait->waiting;
    // Saves a file table lookup on each enter; where there is no room for it, all works without.
    io_uring_register_ring_fd(&wait->ring);
    return wait;
}

static void unlink_watch(IothreadWait *wait, IothreadWatch *watch)
{
    if (watch->next)
        watch->next->previous = watch->previous;
    if (watch->previous)
        watch->previous->next = watch->next;
    else
        wait->watches = watch->next;
    g_free(watch);
}

static void ring_close(IothreadWait *wait)
{
    io_uring_queue_exit(&wait->ring);
    // Cancelled, but the completion that would have freed them was not waited for.
    for (IothreadWatch *watch = wait->watches, *next; watch; watch = next) {
        next = watch->next;
        g_free(watch);
    }
    g_free(wait);
}

static void ring_submit(IothreadWait *wait, IothreadIo *io)
{
    io->next = NULL;
    *wait->waiting_end = io;
    wait->waiting_end = &io->next;
}

// Moves what waits into the submission ring, as far as there is room.
static void fill(IothreadWait *wait)
{
    while (wait->waiting) {
        struct io_uring_sqe *entry = io_uring_get_sqe(&wait->ring);
        if (!entry)
            return;
        IothreadIo *io = wait->waiting;
        wait->waiting = io->next;
        if (!wait->waiting)
            wait->waiting_end = &wait->waiting;
        io->prepare(io, entry);
        io_uring_sqe_set_data(entry, io);
    }
}

static void complete_ready(IothreadWait *wait)
{
    // Bounded, so that a device whose requests never run dry does not keep tasks from running.
    for (unsigned budget = 4 * ENTRIES; budget; budget--) {
        struct io_uring_cqe *entry;
        if (io_uring_peek_cqe(&wait->ring, &entry))
            return;
        IothreadIo *io = io_uring_cqe_get_data(entry);
        int result = entry->res;
        unsigned flags = entry->flags;
        io_uring_cqe_seen(&wait->ring, entry);
        io->complete(io, result, flags);
    }
}

static void ring_round(IothreadWait *wait, bool block)
{
    fill(wait);
    // A full submission ring is emptied by the enter, so what still waits then has room; sleeping is right
    // even so, because then 256 operations are on their way.
    bool ready = io_uring_cq_ready(&wait->ring) > 0;
    int result = block && !ready ? io_uring_submit_and_wait(&wait->ring, 1)
                                 : io_uring_submit_and_get_events(&wait->ring);
    // -EBUSY: the kernel keeps completions that have no room; taking some makes room. -EAGAIN: the kernel is
    // short of memory; entries that it did not take stay in the submission ring for the next round.
    if (result == -EAGAIN && !io_uring_cq_ready(&wait->ring))
        g_usleep(1000);
    complete_ready(wait);
}

static IothreadWatch *watch_of(IothreadIo *io, size_t offset)
{
    return (IothreadWatch *)((char *)io - offset);
}

static void prepare_poll(IothreadIo *io, struct io_uring_sqe *entry)
{
    IothreadWatch *watch = watch_of(io, offsetof(IothreadWatch, poll));
    io_uring_prep_poll_multishot(entry, watch->fd, POLLIN);
}

static void drop_name(IothreadWatch *watch)
{
    if (--watch->named == 0)
        unlink_watch(watch->wait, watch);
}

static void complete_poll(IothreadIo *io, int result, unsigned flags)
{
    IothreadWatch *watch = watch_of(io, offsetof(IothreadWatch, poll));
    bool over = !(flags & IORING_CQE_F_MORE);
    if (watch->dead) {
        if (over)
            drop_name(watch);
        return;
    }
    // The kernel may end a multishot poll at any time (a full completion ring). The new one reports a
    // readable descriptor at once, so no edge is lost between the two.
    if (over && result != -EBADF)
        ring_submit(watch->wait, &watch->poll);
    if (result > 0)
        watch->ready(watch->owner);
}

static void prepare_cancel(IothreadIo *io, struct io_uring_sqe *entry)
{
    IothreadWatch *watch = watch_of(io, offsetof(IothreadWatch, cancel));
    io_uring_prep_poll_remove(entry, (uintptr_t)&watch->poll);
}

static void complete_cancel(IothreadIo *io, int result, unsigned flags)
{
    drop_name(watch_of(io, offsetof(IothreadWatch, cancel)));
}

static int ring_watch(IothreadWait *wait, IothreadWatch *watch)
{
    watch->poll = (IothreadIo){ .prepare = prepare_poll, .complete = complete_poll };
    watch->cancel = (IothreadIo){ .prepare = prepare_cancel, .complete = complete_cancel };
    watch->named = 1;
    watch->next = wait->watches;
    if (watch->next)
        watch->next->previous = watch;
    wait->watches = watch;
    ring_submit(wait, &watch->poll);
    return 0;
}

static void ring_unwatch(IothreadWait *wait, IothreadWatch *watch)
{
    // The poll and its cancellation go through one queue in order, so the cancellation finds the poll.
    watch->named++;
    ring_submit(wait, &watch->cancel);
}

const IothreadWaitOps iothread_ring_ops = {
    .open = ring_open,
    .close = ring_close,
    .round = ring_round,
    .watch = ring_watch,
    .unwatch = ring_unwatch,
    .submit = ring_submit,
};
