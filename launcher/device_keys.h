// The keys of -device that every PCI function has, which fill a DeviceOptions.
#pragma once
#include "lparun/keys.h"

extern const Key device_function_keys[];
