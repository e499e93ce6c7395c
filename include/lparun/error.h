// The errors that a person reads: one line each, and the exit status that goes with it.
#pragma once
#include <glib.h>

// The code of a GError in this domain is the program's exit status.
typedef enum {
    LPARUN_ERROR_HOST = 1, // the host cannot: no /dev/kvm, no memory, a missing capability
    LPARUN_ERROR_USER = 2, // an option, value or file of the user's; the message names it and the mend
} LparunError;

#define LPARUN_ERROR (g_quark_from_static_string("lparun"))
