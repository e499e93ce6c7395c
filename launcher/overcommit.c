// -overcommit and -realtime.
#include "overcommit.h"
#include "lparun/error.h"
#include "values.h"
#include <errno.h>
#include <sys/mman.h>

static const Word locks[] = { { "off", MEMORY_UNLOCKED }, { "on", MEMORY_LOCKED },
    { "on-fault", MEMORY_LOCKED_ON_FAULT }, { "no", MEMORY_UNLOCKED, .unlisted = true },
    { "yes", MEMORY_LOCKED, .unlisted = true }, { 0 } };
static const Word off[] = { { "off" }, { "no", .unlisted = true }, { "false", .unlisted = true }, { 0 } };

static bool parse(int *lock, const Key *keys, const char *option, const char *value, GError **error)
{
    g_autoptr(Values) values = values_parse(option, value, NULL, error);
    return values && values_fill(values, keys, lock, error);
}

bool overcommit_parse(int *lock, const char *option, const char *value, GError **error)
{
    static const Key keys[] = {
        { "mem-lock", KEY_WORD, 0, .words = locks, .help = "lock all memory of the process" },
        { "cpu-pm", KEY_ONLY, .words = off,
            .mend = "a guest of POWER's KVM always gives its processor back when it waits; leave it out",
            .help = "a waiting guest gives its processor back" },
        { 0 },
    };
    return parse(lock, keys, option, value, error);
}

bool realtime_parse(int *lock, const char *option, const char *value, GError **error)
{
    static const Key keys[] = {
        { "mlock", KEY_WORD, 0, .words = locks, .help = "as -overcommit mem-lock=" },
        { 0 },
    };
    return parse(lock, keys, option, value, error);
}

bool overcommit_apply(MemoryLock lock, GError **error)
{
    int flags = MCL_CURRENT | MCL_FUTURE | (lock == MEMORY_LOCKED_ON_FAULT ? MCL_ONFAULT : 0);
    if (lock == MEMORY_UNLOCKED || mlockall(flags) == 0)
        return true;
    return error_host(
        error, "-overcommit mem-lock=: %s; allow more locked memory (ulimit -l)", g_strerror(errno));
}
