// Devices and objects that QEMU has and lparun has not, and what to do instead.
#pragma once
#include "options.h"

typedef enum { ABSENT_DEVICE, ABSENT_OBJECT } AbsentFamily;

typedef enum {
    ABSENT_UNKNOWN,  // not one of them
    ABSENT_LEFT_OUT, // there is nothing to do; where a guest would have seen it, a warning was given
    ABSENT_REFUSED,  // with `error`
} Absent;
Absent absent_check(AbsentFamily family, const Options *options, const char *name, GError **error);
