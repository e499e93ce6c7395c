// -readconfig: options from a file.
#pragma once
#include "options.h"

// Reads sections of the form "[drive "d0"]" with lines of the form "file = "disk.img"", each section as an
// option of the command line at this place. False and `error`: the first line that is wrong.
bool options_parse_config_file(Options *options, const char *option, const char *path, GError **error);
