// Test Anything Protocol.
#include "tap.h"
#include "console.h"

#define TOLD 4 // failures of a group that are told one by one

typedef struct Failure {
    const char *what;
    uint64_t where;
    int64_t got, expected;
} Failure;

static unsigned number; // of the last group
static unsigned failures;
static Failure first[TOLD];

void tap_plan(unsigned groups)
{
    print("1..%u\n", groups);
}

void tap_begin(void)
{
    failures = 0;
}

void tap_equal(const char *what, uint64_t where, int64_t got, int64_t expected)
{
    if (got == expected)
        return;
    if (failures < TOLD)
        first[failures] = (Failure){ what, where, got, expected };
    failures++;
}

static void tell(const Failure *failure)
{
    print("%s at 0x%lx: got 0x%lx, expected 0x%lx\n", failure->what, failure->where, failure->got,
        failure->expected);
}

void tap_end(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print("%s %u - ", failures ? "not ok" : "ok", ++number);
    print_list(format, arguments);
    print(failures ? ": " : "\n");
    va_end(arguments);
    for (unsigned i = 0; i < failures && i < TOLD; i++) {
        if (i > 0)
            print("# ");
        tell(&first[i]);
    }
    if (failures > TOLD)
        print("# %u more\n", failures - TOLD);
}
