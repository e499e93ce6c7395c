// -rtc: QEMU's words.
#include "rtc.h"
#include "values.h"
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

static bool read_base(const char *text, void *to)
{
    ClockSetup *setup = to;
    static const Word words[] = { { "utc", CLOCK_FROM_UTC }, { "localtime", CLOCK_FROM_LOCAL }, { 0 } };
    int base = CLOCK_FROM_DATE;
    if (!words_find(words, text, &base) && !parse_date(text, &setup->date))
        return false;
    setup->base = (ClockBase)base;
    return true;
}

static const Word sources[] = { { "host", CLOCK_OF_HOST }, { "rt", CLOCK_STEADY }, { "vm", CLOCK_OF_MACHINE },
    { 0 } };

static const Word drift_words[] = { { "none" }, { "slew" }, { 0 } };

static const Key keys[] = {
    { "base", KEY_READ, .value = "utc|localtime|DATE", .read = read_base,
        .mend = "give utc, localtime, or a date such as 2026-11-22 or 2026-11-22T16:01:21",
        .help = "where the time of day starts (default utc)" },
    { "clock", KEY_WORD, offsetof(ClockSetup, source), .words = sources, .help = "what drives it" },
    { "driftfix", KEY_ONLY, .words = drift_words, .help = "taken: it is about a PC's timer interrupts" },
    { 0 },
};

bool rtc_parse(ClockSetup *setup, const char *option, const char *value, GError **error)
{
    g_autoptr(Values) values = values_parse(option, value, NULL, error);
    return values && values_fill(values, keys, setup, error);
}
