// RTAS calls, by KVMPPC_H_RTAS.
#pragma once
#include <stdint.h>

// Calls `name`; outputs[0] is the status. The machine stops when the device tree has no such call.
void rtas_call(
    const char *name, const uint32_t *inputs, unsigned input_count, uint32_t *outputs, unsigned output_count);
