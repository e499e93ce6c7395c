// RTAS time of day (LoPAR 7.3.2), in UTC.
#include "lparun/papr.h"
#include "lparun/rtas.h"

// A guest may set its clock; what differs from the host's is kept, in seconds.
typedef struct Clock {
    gint64 offset;
} Clock;

static int32_t get_time_of_day(void *owner, Vcpu *vcpu, RtasCall *call)
{
    const Clock *clock = owner;
    gint64 now = g_get_real_time();
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(
        now / G_USEC_PER_SEC + __atomic_load_n(&clock->offset, __ATOMIC_RELAXED));
    if (!date) // a guest set a year that no calendar has
        return RTAS_HARDWARE_ERROR;
    const int fields[] = { g_date_time_get_year(date), g_date_time_get_month(date),
        g_date_time_get_day_of_month(date), g_date_time_get_hour(date), g_date_time_get_minute(date),
        g_date_time_get_second(date), (int)(now % G_USEC_PER_SEC * 1000) };
    for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++)
        call->output[1 + i] = (uint32_t)fields[i];
    return RTAS_SUCCESS;
}

static int32_t set_time_of_day(void *owner, Vcpu *vcpu, RtasCall *call)
{
    Clock *clock = owner;
    for (unsigned i = 0; i < 6; i++)
        if (call->input[i] > 9999)
            return RTAS_PARAMETER_ERROR;
    g_autoptr(GDateTime) date = g_date_time_new_utc((int)call->input[0], (int)call->input[1],
        (int)call->input[2], (int)call->input[3], (int)call->input[4], call->input[5]);
    if (!date)
        return RTAS_PARAMETER_ERROR;
    gint64 offset = g_date_time_to_unix(date) - g_get_real_time() / G_USEC_PER_SEC;
    __atomic_store_n(&clock->offset, offset, __ATOMIC_RELAXED);
    return RTAS_SUCCESS;
}

void rtas_time_register(RtasTable *table)
{
    Clock *clock = rtas_own(table, g_new0(Clock, 1));
    rtas_register(table, "get-time-of-day", 0, 8, get_time_of_day, clock);
    rtas_register(table, "set-time-of-day", 7, 1, set_time_of_day, clock);
}
