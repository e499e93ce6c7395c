// -rtc: QEMU's words.
#include "rtc.h"
#include "key_values.h"
#include "lparun/error.h"
#include <stdio.h>
#include <string.h>

// "2026-11-22" or "2026-11-22T16:01:21".
static bool parse_date(const char *text, gint64 *seconds)
{
    unsigned year, month, day, hour = 0, minute = 0, second = 0;
    int end = 0;
    if (strspn(text, "0123456789-:T") != strlen(text))
        return false;
    if (sscanf(text, "%4u-%2u-%2uT%2u:%2u:%2u%n", &year, &month, &day, &hour, &minute, &second, &end) != 6 ||
        text[end] != '\0') {
        end = 0;
        hour = minute = second = 0;
        if (sscanf(text, "%4u-%2u-%2u%n", &year, &month, &day, &end) != 3 || text[end] != '\0')
            return false;
    }
    g_autoptr(GDateTime) date =
        g_date_time_new_utc((int)year, (int)month, (int)day, (int)hour, (int)minute, second);
    if (date)
        *seconds = g_date_time_to_unix(date);
    return date;
}

static bool wrong(const char *option, const char *key, const char *value, const char *mend, GError **error)
{
    return error_user(error, "%s %s=%s: %s", option, key, value, mend);
}

static bool parse_base(ClockSetup *setup, const char *option, const char *base, GError **error)
{
    if (strcmp(base, "utc") == 0)
        setup->base = CLOCK_FROM_UTC;
    else if (strcmp(base, "localtime") == 0)
        setup->base = CLOCK_FROM_LOCAL;
    else if (parse_date(base, &setup->date))
        setup->base = CLOCK_FROM_DATE;
    else
        return wrong(option, "base", base,
            "give utc, localtime, or a date such as 2026-11-22 or 2026-11-22T16:01:21", error);
    return true;
}

static bool parse_clock(ClockSetup *setup, const char *option, const char *clock, GError **error)
{
    if (strcmp(clock, "host") == 0)
        setup->source = CLOCK_OF_HOST;
    else if (strcmp(clock, "rt") == 0)
        setup->source = CLOCK_STEADY;
    else if (strcmp(clock, "vm") == 0)
        setup->source = CLOCK_OF_MACHINE;
    else
        return wrong(option, "clock", clock, "give host, rt or vm", error);
    return true;
}

bool rtc_parse(ClockSetup *setup, const char *option, const char *value, GError **error)
{
    g_autoptr(KeyValues) values = key_values_parse(option, value, NULL, error);
    if (!values)
        return false;
    const char *base = key_values_take(values, "base"), *clock = key_values_take(values, "clock");
    return (!base || parse_base(setup, option, base, error)) &&
           (!clock || parse_clock(setup, option, clock, error)) &&
           key_values_finish(values, "base= and clock=", error);
}
