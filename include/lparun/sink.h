// A sink: an address where a store of zero means nothing, so that KVM may swallow it without an exit.
//
// It is an ioeventfd that nobody waits for. SLOF selects queue 0 before every notification; while queue 0 is
// selected already, that store changes nothing.
#pragma once
#include "lparun/kvm.h"

typedef struct Sink Sink;

// A sink that is nowhere yet. NULL and `error` when the host has no more file descriptors.
Sink *sink_new(KvmVm *vm, GError **error);
void sink_free(Sink *sink);
// Swallows stores of exactly `length` zero bytes at guest physical address `address` from here on, or none at
// all any more. Where KVM refuses, the stores go on reaching the bus. Any thread, one at a time for one sink.
void sink_place(Sink *sink, uint64_t address, uint32_t length);
void sink_remove(Sink *sink);
