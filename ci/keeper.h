// Sees to it that nothing is left behind, however lparun-ci ends.
#pragma once
#include <glib.h>
#include <stdbool.h>

typedef struct Keeper Keeper;

// Makes a folder for all that a run needs, and a process that removes it should this one be killed. Call it
// while there are no threads. NULL and `error`.
Keeper *keeper_new(GError **error);
const char *keeper_folder(const Keeper *keeper);
// Removes the folder; the process ends.
void keeper_free(Keeper *keeper);
