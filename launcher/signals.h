// Signals as events of the main loop. GLib's own would start a thread, whose birth cannot fail with a word.
#pragma once
#include <glib.h>
#include <stdbool.h>

typedef struct Signals Signals;

// One at a time. NULL and `error` (the host's) without a descriptor. The main thread, as all of this.
Signals *signals_new(GError **error);
void signals_free(Signals *signals);
// Calls `came` from the main loop after each `number`, once for several in quick succession. What was ignored
// when the program started stays ignored: nohup, trap '' and a shell without job control want it so.
void signals_watch(Signals *signals, int number, void (*came)(void *owner, int number), void *owner);
// As if nobody watched: `number` does to the process what it does by itself, and is watched again afterwards.
void signals_obey(Signals *signals, int number);
