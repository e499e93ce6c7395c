// The kinds of -object and -device that there are, a row each, and what the command line says of them.
#pragma once
#include "options.h"

void kinds_init(Options *options);
void kinds_clear(Options *options);
// One -object, one -device.
bool options_parse_object(Options *options, const char *option, const char *value, GError **error);
bool options_parse_device(Options *options, const char *option, const char *value, GError **error);
// "-device NAME,key=...", and what it is, for each kind.
void kinds_list_objects(GString *text);
void kinds_list_devices(GString *text);
// "[,key=...]" for each key.
void kinds_list_keys(const Key *keys, GString *text);
// The kinds of devices by number; NULL behind the last.
const DeviceKind *kinds_device(unsigned index);
// The drive that -device spapr-nvram names, or NULL.
const char *kinds_nvram_drive(const Options *options);
// The unit address that it names, or 0.
uint32_t kinds_nvram_unit(const Options *options);
// Is there such a kind of device? And gives all of this kind the key that they were not given themselves;
// False and `error`: the kind has not that key, or it is no value of it. For -global.
bool kinds_is_device(const char *name);
bool kinds_set_default(
    Options *options, const char *name, const char *key, const char *value, GError **error);
// The device of a drive that has none.
void kinds_add_disk(Options *options, const char *drive);
// The keys of a struct that lies `behind` bytes behind another one, and those of that one (g_free).
Key *kinds_join_keys(const Key *keys, size_t behind, const Key *others);
// The same of objects; and the keys of a device besides its kind's own.
const Kind *kinds_object(unsigned index);
const Key *kinds_device_keys(const DeviceKind *kind);
extern const Kind iothread_kind;
extern const DeviceKind virtio_blk_kind;
