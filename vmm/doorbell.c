// Doorbells: an eventfd on KVM's bus and on the userspace bus at once.
#include "lparun/doorbell.h"
#include "lparun/error.h"
#include <errno.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct Doorbell {
    KvmVm *vm;
    BusRange *range;
    char *name;
    int fd;
    bool placed, in_kernel;
    uint64_t address;
    _Atomic uint64_t rung;
};

// The queue's number is what a driver writes; each queue has an address of its own, so the value says nothing
// new.
static void ring(void *owner, uint64_t offset, unsigned size, uint64_t value)
{
    Doorbell *bell = owner;
    uint64_t one = 1;
    atomic_fetch_add_explicit(&bell->rung, 1, memory_order_relaxed);
    while (write(bell->fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

static uint64_t read_nothing(void *owner, uint64_t offset, unsigned size)
{
    return 0; // virtio 1.2, 4.1.4.4: the notification area has no readable state
}

static const BusOps doorbell_ops = { .read = read_nothing, .write = ring };

Doorbell *doorbell_new(KvmVm *vm, Bus *bus, const char *name, GError **error)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0) {
        error_host(error, "%s: eventfd: %s", name, g_strerror(errno));
        return NULL;
    }
    Doorbell *bell = g_new0(Doorbell, 1);
    bell->vm = vm;
    bell->fd = fd;
    bell->name = g_strdup(name);
    bell->range = bus ? bus_add_range(bus, &doorbell_ops, bell) : NULL;
    return bell;
}

void doorbell_free(Doorbell *bell)
{
    if (!bell)
        return;
    doorbell_remove(bell);
    bus_range_free(bell->range);
    close(bell->fd);
    g_free(bell->name);
    g_free(bell);
}

void doorbell_place(Doorbell *bell, uint64_t address)
{
    if (bell->placed && bell->address == address)
        return;
    doorbell_remove(bell);
    bell->in_kernel = kvm_ioeventfd(bell->vm, bell->fd, address, DOORBELL_STORE, true) == 0;
    bell->address = address;
    bell->placed = true;
    if (bell->range)
        bus_range_map(bell->range, address, DOORBELL_SIZE);
}

void doorbell_remove(Doorbell *bell)
{
    if (!bell->placed)
        return;
    if (bell->in_kernel)
        kvm_ioeventfd(bell->vm, bell->fd, bell->address, DOORBELL_STORE, false);
    if (bell->range)
        bus_range_unmap(bell->range);
    bell->placed = bell->in_kernel = false;
}

int doorbell_fd(const Doorbell *bell)
{
    return bell->fd;
}

const char *doorbell_name(const Doorbell *bell)
{
    return bell->name;
}

// What was read goes back at once: an iothread that was about to look has an edge again.
uint64_t doorbell_fired(Doorbell *bell)
{
    uint64_t fired = 0;
    if (read(bell->fd, &fired, sizeof fired) != sizeof fired)
        return 0;
    eventfd_write(bell->fd, fired);
    return fired;
}

uint64_t doorbell_rung(const Doorbell *bell)
{
    return atomic_load_explicit(&bell->rung, memory_order_relaxed);
}
