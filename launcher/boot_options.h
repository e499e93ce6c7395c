// -boot and -prom-env: what firmware starts from, and the variables that it finds.
#pragma once
#include <glib.h>
#include <stdbool.h>

typedef struct BootOptions {
    char *order, *once;   // letters: c a disk, d a CD-ROM, n the network; or NULL
    bool menu;            // firmware offers a choice
    bool strict;          // it starts from nothing that has no bootindex
    GPtrArray *variables; // "NAME=VALUE" of -prom-env
    GPtrArray *folders;   // of -L
} BootOptions;

void boot_options_init(BootOptions *boot);
void boot_options_clear(BootOptions *boot);
// False and `error`: what QEMU refuses, too.
bool boot_options_parse(BootOptions *boot, const char *option, const char *value, GError **error);
bool boot_options_parse_variable(BootOptions *boot, const char *option, const char *value, GError **error);
// The firmware in a folder of -L, where `bios` (-bios, or NULL) is not there itself (g_free); NULL: no folder
// has it. And where it is looked for without -L, a line each (g_free).
char *boot_options_bios(const BootOptions *boot, const char *bios);
char *boot_options_folders(void);
// The letters that firmware starts by, on the first start or a later one; or NULL.
const char *boot_options_order(const BootOptions *boot, bool first);
