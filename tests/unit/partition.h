// A machine with vCPUs and RAM, and no more: what tests of hypercalls and RTAS calls make them in.
#pragma once
#include "fake_kvm.h"
#include "fake_vcpu.h"
#include "lparun/hypercall.h"
#include "lparun/rtas.h"
#include "lparun/rtas_nmi.h"

#define PARTITION_RAM 0x100000

typedef struct Partition {
    KvmVm *vm;
    Bus *bus;
    GuestMemory *memory;
    VcpuSet *vcpus;
    HypercallTable *hypercalls;
    RtasTable *rtas;
    uint64_t arguments[9]; // of the last hypercall, as it left them
    unsigned failures;     // vCPUs that KVM could not run
    RtasNmi *nmi;          // for machine checks and system resets, or NULL
} Partition;

// The vCPUs are numbered 8, 9, ... and parked. They dispatch their hypercalls to the table.
void partition_open(Partition *partition, unsigned vcpus);
void partition_close(Partition *partition);

// A system reset interrupt on all vCPUs, and the wait until those that were sent before have been taken.
void partition_system_reset(Partition *partition);
void partition_await_resets(Partition *partition);

// Makes a hypercall of vCPU 0's; the arguments are r4, r5, ... and the result is r3.
#define partition_call(partition, number, ...)                                                               \
    partition_hypercall(partition, number, (const uint64_t[9]){ __VA_ARGS__ })
int64_t partition_hypercall(Partition *partition, uint64_t number, const uint64_t arguments[9]);

// Makes RTAS call `token` with a block at `gpa`; `outputs` are read back. Returns the hypercall's result.
int64_t partition_rtas_at(Partition *partition, uint64_t gpa, uint32_t token, uint32_t inputs,
    const uint32_t *input, uint32_t outputs, uint32_t *output);
// The token that the device tree names, which must be there.
uint32_t partition_token(const Partition *partition, const char *name);
// Makes RTAS call `name`, which the hypercall must take; returns its status. `output` has `outputs` cells.
#define partition_rtas(partition, name, outputs, output, ...)                                                \
    partition_rtas_call(partition, name, outputs, output, (const uint32_t[]){ __VA_ARGS__ },                 \
        sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))
int32_t partition_rtas_call(Partition *partition, const char *name, uint32_t outputs, uint32_t *output,
    const uint32_t *input, size_t inputs);
