// -drive, -blockdev and their like, and which of the drives are whose.
#pragma once
#include "options.h"

void storage_options_init(Options *options);
void storage_options_clear(Options *options);
// One -drive; one -blockdev; -hda FILE to -hdd and -cdrom; a disk's file alone, whose `option` says so;
// -pflash.
bool options_parse_drive(Options *options, const char *option, const char *value, GError **error);
bool options_parse_blockdev(Options *options, const char *option, const char *value, GError **error);
bool options_parse_hard_disk(Options *options, const char *option, const char *value, GError **error);
bool options_parse_snapshot(Options *options, const char *option, const char *value, GError **error);
bool options_parse_pflash(Options *options, const char *option, const char *value, GError **error);
// Once all is read: a device for each drive that is a disk by itself, and the drive that NVRAM is kept in.
// False and `error`.
bool storage_options_resolve(Options *options, GError **error);
// The drive with this id, or the node with this name; or NULL. NVRAM's is none of them.
DriveOptions *storage_options_find(const Options *options, const char *name);

// --- For those that read them.

// A new one, which is none of `options` yet.
DriveOptions *storage_options_new(const char *option, DriveInterface interface);
// Adds `drive`, or where it is not `right` frees it; `right`.
bool storage_options_add(Options *options, DriveOptions *drive, bool right);
// That a name is one, and no other drive's or node's; `key` is "id" or "node-name". False and `error`.
bool storage_options_check_name(
    const Options *options, const char *option, const char *key, const char *name, GError **error);
// NVRAM is kept in `drive`. False and `error`.
bool storage_options_use_for_nvram(Options *options, DriveOptions *drive, GError **error);
