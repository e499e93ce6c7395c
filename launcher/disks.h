// The machine's disks and the iothreads that serve them.
#pragma once
#include "lparun/pci.h"
#include "lparun/virtio_blk.h"
#include "options.h"

typedef struct Disks Disks;

// Makes what -object iothread, -drive and -device ask for and puts the functions on `host`. NULL and `error`.
Disks *disks_new(const Options *options, const VirtioContext *context, PciHost *host, GError **error);
void disks_free(Disks *disks);
extern const PartOps disks_part;

// Open Firmware paths of the disks in boot order, separated by spaces (g_free); NULL without disks.
char *disks_boot_list(const Disks *disks);
