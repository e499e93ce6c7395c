// What the machine tells by itself, as QEMU's schema has it; X_LPARUN_MARK is lparun's own.
#include "../command.h"

extern const CommandEvent command_events[];
const CommandEvent command_events[] = {
    { "DUMP_COMPLETED", "result:DumpQueryResult error?:str" },
    { "GUEST_PANICKED", "action:GuestPanicAction" },
    { "POWERDOWN" },
    { "RESET", "guest:bool reason:ShutdownCause" },
    { "RESUME" },
    { "RTC_CHANGE", "offset:int qom-path:str" },
    { "SHUTDOWN", "guest:bool reason:ShutdownCause" },
    { "STOP" },
    { "WATCHDOG", "action:WatchdogAction" },
    { "X_LPARUN_MARK", "name:str at:int reason?:str disk?:str" },
    { 0 },
};
