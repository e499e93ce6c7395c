// What init says on the console, and how it ends.
#include "say.h"
#include "bytes.h"
#include "calls.h"
#include "frame.h"
#include "stream.h"
#include <linux/reboot.h>

static int console = -1;

// A kernel without a console has its log.
void say_open(void)
{
    console = sys_open("/dev/console", O_WRONLY | O_NOCTTY);
    if (console < 0)
        console = sys_open("/dev/kmsg", O_WRONLY);
}

// One write, so that no line of the kernel gets into it. It starts on a new line whatever was there.
static void say(const char *what, const char *why, const char *option)
{
    static char line[2 * PATH_ROOM];
    const char *const texts[] = { "\n" FAULT_PREFIX, what, why, option ? ": " : NULL, option, "\n" };
    size_t at = 0;
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t length = texts[i] ? text_length(texts[i]) : 0;
        if (length > sizeof line - at)
            length = sizeof line - at;
        memcpy(line + at, texts[i], length);
        at += length;
    }
    (void)sys_write(console, line, at);
}

void fault(const char *what, const char *why, const char *option)
{
    say(what, why, option);
    stream_fault(what, why, option);
    power_off();
}

const char *error_words(int error)
{
    switch (-error) {
    case ENOENT:
        return ": no such file";
    case ENODEV:
    case ENOSYS:
        return ": the kernel does not know it";
    case ENOEXEC:
        return ": nothing that this kernel can run";
    case EACCES:
    case EPERM:
        return ": not permitted";
    case ENOMEM:
    case ENOSPC:
        return ": no memory";
    case ENOTDIR:
        return ": no folder";
    case E2BIG:
        return ": too many arguments";
    case EIO:
        return ": it cannot be read or written";
    default:
        return ": it failed";
    }
}

// Disks that the command mounted are written, too.
void power_off(void)
{
    (void)call(__NR_sync, 0);
    (void)call(__NR_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF);
    for (;;)
        sys_sleep(900);
}
