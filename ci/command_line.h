// The command line of lparun for a boot.
#pragma once
#include "boot.h"

// Where an attempt keeps its own: a folder with its monitor's socket, its statistics and its disks.
typedef struct Place {
    char *folder, *socket, *stats;
    GPtrArray *disks; // of char *: the copies of the boot's
    ExecFiles *exec;  // where the boot has a command; or NULL
} Place;

// One in `folder`, which is there.
Place *place_new(const char *folder, const Boot *boot);
// Removes the files and the folder.
void place_free(Place *place);
// Of the program and its arguments (g_strfreev). However the guest ends, it is held, so that it can be looked
// at.
GStrv command_line(const Boot *boot, const Place *place);
// A path as a value within an option: a comma is written twice (g_free).
char *command_line_value(const char *value);
