// -drive, and which of the drives are whose.
#pragma once
#include "options.h"

void storage_options_init(Options *options);
void storage_options_clear(Options *options);
// One -drive.
bool options_parse_drive(Options *options, const char *option, const char *value, GError **error);
// Once all is read: a device for each drive with if=virtio, and the drive that NVRAM is kept in. False and
// `error`.
bool storage_options_resolve(Options *options, GError **error);
// The drive with this id, or NULL; NVRAM's is none of them.
DriveOptions *storage_options_find(const Options *options, const char *id);
