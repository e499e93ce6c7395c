// The kinds of chardevs. One that lparun has not is refused by its name.
#include "lparun/chardev.h"

#define CHARDEV_KINDS(row)                                                                                   \
    row(file) row(null) row(pipe) row(pty) row(ringbuf) row(serial) row(socket) row(stdio) row(udp)

#define DECLARE(name) extern const ChardevKind name##_chardev;
CHARDEV_KINDS(DECLARE)

#define REFUSED(word, why)                                                                                   \
    &(const ChardevKind)                                                                                     \
    {                                                                                                        \
        .kind = { .name = word }, .refused = why                                                             \
    }
#define DISPLAY "it needs a display, and lparun has none; give stdio, pty or a socket"
#define SPICE "lparun speaks no SPICE; give a socket"

#define ADDRESS(name) &name##_chardev,
const ChardevKind *const chardev_kinds[] = {
    CHARDEV_KINDS(ADDRESS) REFUSED("vc", DISPLAY),
    REFUSED("gtk", DISPLAY),
    REFUSED("msmouse", "lparun has no mouse; leave it out"),
    REFUSED("wctablet", "lparun has no tablet; leave it out"),
    REFUSED("braille", "lparun has no Braille display; give stdio, or a terminal's device"),
    REFUSED("parallel", "lparun drives no parallel port; give serial, or a file"),
    REFUSED("spicevmc", SPICE),
    REFUSED("spiceport", SPICE),
    REFUSED("dbus", "lparun is on no D-Bus; give a socket"),
    REFUSED("qemu-vdagent", DISPLAY),
    REFUSED("testdev", "that is for an emulator's tests; a guest ends with power-off"),
    NULL,
};
