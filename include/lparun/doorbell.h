// A doorbell: an address that a guest writes to wake an iothread.
//
// One object owns the eventfd, its KVM_IOEVENTFD registration and its range on the userspace bus, so that a
// store that misses in the kernel still rings. It moves when the guest moves the BAR that holds it.
//
// The eventfd is never read while the machine runs: its counter is the number of times that the bell rang.
// Waiters must therefore wait for edges (io_uring multishot poll, EPOLLET).
#pragma once
#include "lparun/bus.h"
#include "lparun/kvm.h"

typedef struct Doorbell Doorbell;

// Bytes that a doorbell takes on the bus, and of the store that the kernel matches (virtio 1.2, 4.1.4.4: a
// 16-bit queue index). Stores of other sizes inside the range ring it from userspace.
#define DOORBELL_SIZE 4
#define DOORBELL_STORE 2

// A doorbell that is nowhere yet. `name` is copied ("virtio-blk0 queue 0").
// `bus` NULL leaves it to KVM's bus alone, so that a store that reaches userspace rings nothing: that is how
// VMMs came to hang in SLOF, and is there to show it. NULL and `error` when the host has no more file
// descriptors.
Doorbell *doorbell_new(KvmVm *vm, Bus *bus, const char *name, GError **error);
// As bus_range_free(): removed before, and no vCPU in its range any more.
void doorbell_free(Doorbell *doorbell);

// Places it at guest physical address `address` (a multiple of DOORBELL_SIZE), or takes it off the bus. Where
// KVM refuses the ioeventfd, the range on the userspace bus serves alone. Any thread, one at a time for one
// doorbell.
void doorbell_place(Doorbell *doorbell, uint64_t address);
void doorbell_remove(Doorbell *doorbell);

// Waits for edges on this; the doorbell owns it. Non-blocking.
int doorbell_fd(const Doorbell *doorbell);

const char *doorbell_name(const Doorbell *doorbell);
// How often the eventfd was signalled so far, by the kernel and by userspace together. Who waits for it may
// wake once more. One thread at a time.
uint64_t doorbell_fired(Doorbell *doorbell);
// How often userspace had to ring it. Any thread.
uint64_t doorbell_rung(const Doorbell *doorbell);
