// Where a virtio device is: what its driver and the PCI bus want of it, and how far its iothread has come.
//
// A vCPU says what is wanted and does not wait for more than a moment; the iothread goes there. Only what is
// wanted last counts, so a guest that changes its mind piles nothing up.
#include "pci.h"

// From one state to the other, on the iothread.
static void go(VirtioPci *pci, VirtioState from, VirtioState to, uint64_t features)
{
    const VirtioPciOps *ops = pci->type->ops;
    if (to == VIRTIO_STOPPED) {
        ops->stop(pci->owner);
        return;
    }
    if (from == VIRTIO_STOPPED)
        ops->start(pci->owner, features);
    if (to == VIRTIO_HELD)
        ops->hold(pci->owner);
    else
        ops->resume(pci->owner);
}

static void tell(VirtioRun *run)
{
    g_mutex_lock(&run->lock);
    if (run->wanted == run->state) {
        run->quiet = true;
        g_cond_broadcast(&run->changed);
    }
    g_mutex_unlock(&run->lock);
}

void virtio_pci_quiet(VirtioPci *pci)
{
    VirtioRun *run = &pci->run;
    run->is_quiet = true;
    tell(run);
}

static void move(void *owner)
{
    VirtioPci *pci = owner;
    VirtioRun *run = &pci->run;
    g_mutex_lock(&run->lock);
    VirtioState before = run->state, wanted = run->wanted;
    uint64_t features = run->features;
    g_mutex_unlock(&run->lock);
    if (wanted != before) {
        run->state = wanted;
        run->is_quiet = false;
        go(pci, before, wanted, features);
    } else if (run->is_quiet) {
        tell(run);
    }
}

void virtio_run_init(VirtioPci *pci, Iothread *iothread)
{
    VirtioRun *run = &pci->run;
    g_mutex_init(&run->lock);
    g_cond_init(&run->changed);
    run->iothread = iothread;
    run->post = (IothreadPost){ .run = move, .owner = pci };
    run->quiet = run->is_quiet = true;
}

static void nothing(void *owner)
{
}

void virtio_run_clear(VirtioPci *pci)
{
    VirtioRun *run = &pci->run;
    virtio_run_want(pci, VIRTIO_STOPPED, 0);
    g_mutex_lock(&run->lock);
    while (!run->quiet)
        g_cond_wait(&run->changed, &run->lock);
    g_mutex_unlock(&run->lock);
    iothread_call(run->iothread, nothing, NULL); // no post is under way
    g_mutex_clear(&run->lock);
    g_cond_clear(&run->changed);
}

void virtio_run_want(VirtioPci *pci, VirtioState wanted, uint64_t features)
{
    VirtioRun *run = &pci->run;
    g_mutex_lock(&run->lock);
    bool changes = run->wanted != wanted;
    if (changes) {
        run->wanted = wanted;
        run->features = features;
        run->quiet = false;
    }
    g_mutex_unlock(&run->lock);
    if (changes)
        iothread_post(run->iothread, &run->post);
}

bool virtio_run_is_quiet(VirtioPci *pci, int64_t wait_us)
{
    VirtioRun *run = &pci->run;
    int64_t until = g_get_monotonic_time() + wait_us;
    g_mutex_lock(&run->lock);
    while (!run->quiet && wait_us > 0 && g_cond_wait_until(&run->changed, &run->lock, until))
        ;
    bool quiet = run->quiet;
    g_mutex_unlock(&run->lock);
    return quiet;
}
