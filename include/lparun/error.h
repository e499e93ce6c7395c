// The errors that a person reads: a line for each thing that is wrong, and the exit status that goes with
// them.
#pragma once
#include <glib.h>
#include <stdbool.h>

// The code of a GError in this domain is the program's exit status.
typedef enum {
    LPARUN_ERROR_HOST = 1, // the host cannot: no /dev/kvm, no memory, a missing capability
    LPARUN_ERROR_USER = 2, // an option, value or file of the user's; the message names it and the mend
} LparunError;

#define LPARUN_ERROR (g_quark_from_static_string("lparun"))

// Sets `error` (unless NULL) to a line in printf's way, control characters escaped. Always false, for a
// function to return. Any thread.
bool error_set(GError **error, LparunError code, const char *format, ...) G_GNUC_PRINTF(3, 4);
// Prints a line on standard error, of what goes wrong while the guest runs: the caller sees to it that no
// guest can make it do so without bound. Any thread.
void error_tell(const char *format, ...) G_GNUC_PRINTF(1, 2);
// Takes `more`, which is not NULL: what `error` says already gets its lines behind. Always false.
bool error_more(GError **error, GError *more);
#define error_host(error, ...) error_set(error, LPARUN_ERROR_HOST, __VA_ARGS__)
#define error_user(error, ...) error_set(error, LPARUN_ERROR_USER, __VA_ARGS__)
