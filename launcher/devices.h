// The devices that -device and -drive ask for, in their slots, and the iothreads that serve them.
#pragma once
#include "lparun/pci.h"
#include "lparun/vcpu.h"
#include "options.h"

typedef struct Devices Devices;

typedef struct Device {
    const DeviceOptions *options;
    char *name; // its id, or one that was made up
    void *device;
    int slot;
    Iothread *own;             // of this device alone, or NULL
    const DriveOptions *drive; // that it has, or NULL
} Device;

// Makes them and puts the functions on `host`. NULL and `error`.
Devices *devices_new(const Options *options, const VirtioContext *context, PciHost *host, GError **error);
void devices_free(Devices *devices);
extern const PartOps devices_part;
// Takes a device out while `vcpus` may run; its name, slot and interrupt sources can be another's then. Waits
// for what the host is doing for it. False and `error`: there is none of that name. On the main thread.
bool devices_remove(Devices *devices, const char *name, VcpuSet *vcpus, GError **error);
// By number, in the order in which they were made; NULL behind the last.
const Device *devices_at(const Devices *devices, unsigned index);

// Iothreads that are objects, by number; NULL behind the last.
const Iothread *devices_iothread(const Devices *devices, unsigned index);
// The object with this id, or NULL.
const Object *devices_object(const Devices *devices, const char *id);
// Adds one while the machine runs: `text` is what -object takes. NULL and `error`.
bool devices_add_object(Devices *devices, const char *text, GError **error);
// False: the machine has need of it.
bool devices_remove_object(Devices *devices, const char *id);

// Open Firmware paths of the disks in boot order, separated by spaces (g_free): of all, or those with a
// bootindex. With `strict` firmware stops behind them. NULL: there are none.
char *devices_boot_list(const Devices *devices, bool only_given, bool strict);
