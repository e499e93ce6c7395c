// -overcommit and -realtime: whether the process's memory stays where it is.
#pragma once
#include <glib.h>
#include <stdbool.h>

typedef enum { MEMORY_UNLOCKED, MEMORY_LOCKED, MEMORY_LOCKED_ON_FAULT } MemoryLock;

bool overcommit_parse(int *lock, const char *option, const char *value, GError **error);
// An older form: "mlock=on".
bool realtime_parse(int *lock, const char *option, const char *value, GError **error);
// Before guest memory is there. False and `error`, the host's.
bool overcommit_apply(MemoryLock lock, GError **error);
