// Says the time of day, sets it to another year, reboots, and says it again.
#include "console.h"
#include "payload.h"
#include "rtas.h"

#define LATER 2042

void payload(void)
{
    static const uint32_t later[] = { LATER, 12, 31, 0, 0, 0, 0 };
    uint32_t now[8], status;
    rtas_call("get-time-of-day", 0, 0, now, 8);
    print("clock: status %d, %u-%u-%u %u\n", (int)now[0], now[1], now[2], now[3], now[4]);
    if (now[1] == LATER)
        return;
    rtas_call("set-time-of-day", later, 7, &status, 1);
    print("clock: set: status %d\n", (int)status);
    rtas_call("system-reboot", 0, 0, &status, 1);
}
