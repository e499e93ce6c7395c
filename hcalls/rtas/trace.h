// How RTAS calls look in lines of tracing.
#pragma once
#include "../trace.h"
#include "lparun/rtas.h"

// "rtas display-character(byte=0x61)"; `name` NULL: nobody has that token.
void trace_rtas(TraceLine *line, uint32_t token, const char *name, const RtasCall *call);
// " = RTAS_SUCCESS (value=0x5)"
void trace_rtas_result(TraceLine *line, const char *name, int32_t status, const RtasCall *call);
