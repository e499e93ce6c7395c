// What -stats writes.
#pragma once
#include "disks.h"
#include "lparun/rtas.h"
#include <stdio.h>

// One JSON object: exits by reason, hypercalls and RTAS calls that reached userspace by name, interrupts,
// doorbells, disks. When all vCPUs are parked.
void stats_write(FILE *file, const VcpuSet *vcpus, const HypercallTable *hypercalls, const RtasTable *rtas,
    const InterruptController *interrupts, const Disks *disks);
