// What -stats writes.
#pragma once
#include "lparun/part.h"
#include <stdio.h>

// One JSON object: exits by reason, hypercalls and RTAS calls that reached userspace by name, interrupts,
// doorbells, disks. When all vCPUs are parked.
void stats_write(FILE *file, const PartList *parts);
