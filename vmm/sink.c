// Sinks: ioeventfds for stores that mean nothing.
#include "lparun/sink.h"
#include "lparun/error.h"
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct Sink {
    KvmVm *vm;
    int fd; // its counter goes up and nobody looks; at its end it stays there
    bool placed;
    uint64_t address;
    uint32_t length;
};

Sink *sink_new(KvmVm *vm, GError **error)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0) {
        error_host(error, "eventfd: %s", g_strerror(errno));
        return NULL;
    }
    Sink *sink = g_new0(Sink, 1);
    sink->vm = vm;
    sink->fd = fd;
    return sink;
}

void sink_free(Sink *sink)
{
    if (!sink)
        return;
    sink_remove(sink);
    close(sink->fd);
    g_free(sink);
}

void sink_place(Sink *sink, uint64_t address, uint32_t length)
{
    if (sink->placed && sink->address == address && sink->length == length)
        return;
    sink_remove(sink);
    sink->placed = kvm_ioeventfd_zero(sink->vm, sink->fd, address, length, true) == 0;
    sink->address = address;
    sink->length = length;
}

void sink_remove(Sink *sink)
{
    if (sink->placed)
        kvm_ioeventfd_zero(sink->vm, sink->fd, sink->address, sink->length, false);
    sink->placed = false;
}
