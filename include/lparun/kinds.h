// Kinds of objects (-object) and devices (-device): a row each says all that the program has to know of one.
#pragma once
#include "lparun/block.h"
#include "lparun/counts.h"
#include "lparun/keys.h"
#include "lparun/virtio_device.h"

// What the command line has to know of any of them. A kind of object is no more than this.
typedef struct Kind {
    const char *name;                                  // "virtio-blk-pci"
    const char *const *other_names;                    // that QEMU has for it, up to a NULL; or NULL
    const char *help;                                  // one line
    const Key *keys;                                   // besides those that all have, as id=; NULL: none
    size_t size;                                       // bytes of what the keys fill, all zeros at first
    bool (*check)(const void *values, GError **error); // that the keys fit together; may be NULL
} Kind;

typedef struct Object {
    const Kind *kind;
    char *id;
    void *values;
} Object;

typedef struct DeviceMaking DeviceMaking;

typedef struct DeviceKind {
    Kind kind;          // stays first
    const char *prefix; // of the name of a device without an id: "virtio-blk"
    bool is_fixed;      // it is in every machine: the option says how, and there is no function
    bool is_many;       // of those that are fixed, one that may be there more than once
    // The device, or NULL and `error`, which begins with what is wrong ("drive=x: there is no ...").
    void *(*make)(const void *values, const DeviceMaking *making, GError **error);
    VirtioDevice *(*virtio)(const void *device);
    void (*free)(void *device);
    const char *section; // of the statistics, a row a device; NULL: it counts nothing
    void (*count)(const void *device, Counts *counts);
} DeviceKind;

// What a device has its drive opened with.
typedef struct DriveWish {
    BlockWriteCache write_cache;
    bool shared; // with whoever says the same
} DriveWish;

// What a device may ask for while it is made.
struct DeviceMaking {
    const VirtioContext *context;
    const char *name;      // its id, or one that was made up
    uint32_t first_source; // of its interrupt sources
    void *owner;
    // The thread with this id; NULL: one for this device alone. NULL and `error`.
    Iothread *(*iothread)(const DeviceMaking *making, const char *id, GError **error);
    // Opens the drive with this id, which is this device's from then on. `serial` is the drive's, or NULL.
    Block *(*drive)(const DeviceMaking *making, const char *id, const DriveWish *wish, const char **serial,
        GError **error);
    // The object with this id. NULL and `error`: there is none.
    const Object *(*object)(const DeviceMaking *making, const char *id, GError **error);
};
