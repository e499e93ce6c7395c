// What needs a screen, a keyboard or a loudspeaker, of which lparun has none.
#pragma once
#include "options.h"

// `what` ("-vnc :1") is left out with a warning under QEMU's name, or by -compat ignore=display. Else false
// and `error`.
bool screen_leave_out(const Options *options, const char *what, GError **error);
// Before all else is read: whether it shall be left out.
void screen_init(Options *options, char **words);

// One -display, -vga, -vnc or the like: what is not "none" is left out.
bool options_parse_screen(Options *options, const char *option, const char *value, GError **error);
// One -audio or -audiodev.
bool options_parse_audio(Options *options, const char *option, const char *value, GError **error);
// One -usbdevice.
bool options_parse_usb_device(Options *options, const char *option, const char *value, GError **error);
// One -compat.
bool options_parse_compat(Options *options, const char *option, const char *value, GError **error);
