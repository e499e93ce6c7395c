// Firmware's variables in NVRAM. Private to devices/.
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

// Sets one in the first partition of the common kind in `size` bytes of NVRAM. False and `error`.
bool nvram_variables_set(uint8_t *bytes, uint32_t size, const char *variable, GError **error);
