// Commands of QEMU's that lparun has not, with the reason: to a client they are not there, as where QEMU was
// built without them.
#include "../command.h"

extern const CommandRefused command_refused[];
const CommandRefused command_refused[] = {
    { "device_add", "no device can be plugged in while the guest runs" },
    { "device_del", "no device can be plugged out while the guest runs" },
    { "expire_password", "there is no display" },
    { "migrate", "a guest stays on its host" },
    { "migrate-incoming", "a guest stays on its host" },
    { "query-spice", "there is no display" },
    { "query-vnc", "there is no display" },
    { "query-vnc-servers", "there is no display" },
    { "savevm", "there are no snapshots" },
    { "screendump", "there is no display; the console is text" },
    { "send-key", "there is no keyboard; write to the console" },
    { "set_password", "there is no display" },
    { "snapshot-save", "there are no snapshots" },
    { "x-query-interrupt-controllers", "x-lparun-stats has counts of interrupts" },
    { "x-query-irq", "x-lparun-stats has counts of interrupts" },
    { "x-query-jit", "KVM runs the guest's instructions" },
    { "x-query-numa", "see query-cpus-fast and query-memdev" },
    { "x-query-opcount", "KVM runs the guest's instructions" },
    { "x-query-ramblock", "see query-memdev" },
    { "x-query-roms", "see the command line" },
    { "x-query-usb", "there is no USB" },
    { 0 },
};
