// -global: defaults for the keys of a kind of device.
#pragma once
#include "options.h"

void globals_init(Options *options);
void globals_clear(Options *options);
// "DRIVER.KEY=VALUE", or driver=, property= and value=. What QEMU has and lparun has not is taken, and told
// of on standard error. False and `error`: neither form, or a key that the device has not.
bool options_parse_global(Options *options, const char *option, const char *value, GError **error);
// Gives each device what it was not given itself, once all are read: those of one `driver`, or (NULL) of all.
// False and `error`: what is not a value.
bool globals_apply(Options *options, const char *driver, GError **error);
