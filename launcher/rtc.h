// -rtc: where the guest's time of day starts, and what drives it.
#pragma once
#include "lparun/rtas_clock.h"

// Takes "base=...,clock=..." of `option`; what is not named stays. False and `error`: one line.
bool rtc_parse(ClockSetup *setup, const char *option, const char *value, GError **error);
