// What -stats writes, and x-lparun-stats of QMP tells.
#pragma once
#include "lparun/part.h"
#include <stdio.h>

// One JSON object: exits by reason, hypercalls and RTAS calls that reached userspace by name, interrupts,
// doorbells, disks (g_free). On the main thread, as the next.
char *stats_text(const PartList *parts);
void stats_write(FILE *file, const PartList *parts);
