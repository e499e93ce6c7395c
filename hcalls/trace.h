// How hypercalls and RTAS calls look in lines of tracing.
#pragma once
#include "lparun/trace.h"

// Values by their names. `form`: "flags size:d = value": words for one value each, in hexadecimal or as the
// letter says, those that come back behind the "=". d: unsigned decimal; i: signed decimal; q: two cells that
// make one number; t: text, as long as the value before says, in the two registers from here on. NULL: the
// first four values, without names.
void trace_values_in(TraceLine *line, const char *form, const uint64_t *values, unsigned count);
// " (value=0x5)"; nothing where nothing comes back.
void trace_values_out(TraceLine *line, const char *form, const uint64_t *values, unsigned count);

// "H_RANDOM(" to ")"; `name` NULL: nobody has registered that number.
void trace_hypercall(TraceLine *line, uint64_t number, const char *name, const uint64_t arguments[9]);
// " = H_SUCCESS (value=0x5)"
void trace_hypercall_result(TraceLine *line, uint64_t number, int64_t result, const uint64_t arguments[9]);
// Does it say that an argument was wrong?
bool trace_result_is_refusal(int64_t result);
