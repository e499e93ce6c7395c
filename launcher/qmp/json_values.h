// What json_module_read() calls in the module.
#pragma once
#include "../json_module.h"

bool json_values_read(const char *text, JsonEach *each, void *data, GError **error);
