// What a guest does wrong: told of in lines whose number does not grow with what the guest does.
#include "trace_internal.h"
#include <stdatomic.h>

#define TOLD 32 // of a kind, before only each doubling is

static const struct {
    uint32_t items;
    const char *plural;
} faults[] = {
#define FAULT(number, its_items, its_plural) { .items = its_items, .plural = its_plural },
    TRACE_FAULTS(FAULT)
#undef FAULT
};

static _Atomic uint64_t counts[TRACE_FAULT_COUNT];

static bool is_told(uint64_t count)
{
    return count <= TOLD || (count & (count - 1)) == 0;
}

// The item of -d that asked for it.
static const char *item_of(TraceFault fault)
{
    uint32_t on = faults[fault].items & trace_points;
    return on & TRACE_BIT(GUEST_ERRORS) ? "guest_errors" : on & TRACE_BIT(UNIMP) ? "unimp" : "invalid_mem";
}

void trace_fault(TraceFault fault, const char *format, ...)
{
    if (!trace_wants(faults[fault].items))
        return;
    uint64_t count = atomic_fetch_add_explicit(&counts[fault], 1, memory_order_relaxed) + 1;
    if (!is_told(count))
        return;
    TraceLine line;
    trace_line_begin(&line);
    trace_line_add(&line, "%s: ", item_of(fault));
    if (count > TOLD)
        trace_line_add(&line, "(%" G_GUINT64_FORMAT " %s left out) ", count / 2 - 1, faults[fault].plural);
    va_list values;
    va_start(values, format);
    trace_line_add_values(&line, format, values);
    va_end(values);
    trace_hand_over(TRACE_SINK_LOG, line.begun, line.text);
}

void trace_faults_clear(void)
{
    for (unsigned i = 0; i < TRACE_FAULT_COUNT; i++)
        atomic_store(&counts[i], 0);
}

// How many came after the last that was told.
static uint64_t left_out(uint64_t count)
{
    uint64_t told = TOLD;
    while (told <= count / 2)
        told *= 2;
    return count > told ? count - told : 0;
}

void trace_faults_left_out(void (*each)(const char *text, void *data), void *data)
{
    for (unsigned i = 0; i < TRACE_FAULT_COUNT; i++) {
        uint64_t left = left_out(atomic_load(&counts[i]));
        g_autofree char *text =
            left == 0 ? NULL
                      : g_strdup_printf("(%" G_GUINT64_FORMAT " %s left out)\n", left, faults[i].plural);
        if (text)
            each(text, data);
    }
}
