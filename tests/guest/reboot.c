// Reboots at once, again and again.
#include "payload.h"
#include "rtas.h"

void payload(void)
{
    uint32_t status;
    rtas_call("system-reboot", 0, 0, &status, 1);
    payload_bail("system-reboot came back with status %d", (int)status);
}
