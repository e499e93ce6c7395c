// RTAS calls in lines of tracing: the names of their cells and of their statuses.
#include "trace.h"
#include "lparun/papr.h"

// LoPAR 7.3 and 7.4; the status is none of what comes back here.
static const struct {
    const char *name, *form;
} forms[] = {
    { "ibm,read-pci-config", "address buid:q size:d = value" },
    { "ibm,write-pci-config", "address buid:q size:d value" },
    { "ibm,query-interrupt-source-number", "address buid:q vector:d = source edge:d" },
    { "ibm,change-msi", "address buid:q function:d wanted:d sequence:d = granted:d next:d type:d" },
    { "get-time-of-day", "= year:d month:d day:d hour:d minute:d second:d nanosecond:d" },
    { "set-time-of-day", "year:d month:d day:d hour:d minute:d second:d nanosecond:d" },
    { "nvram-fetch", "offset buffer length:d = length:d" },
    { "nvram-store", "offset buffer length:d = length:d" },
    { "power-off", "mask_hi mask_lo" },
    { "system-reboot", "" },
    { "ibm,os-term", "text" },
    { "quiesce", "" },
    { "start-cpu", "cpu:d pc r3" },
    { "stop-self", "" },
    { "query-cpu-stopped-state", "cpu:d = state:d" },
    { "display-character", "byte" },
    { "ibm,get-system-parameter", "parameter:d buffer length:d" },
    { "ibm,set-system-parameter", "parameter:d buffer" },
    { "check-exception", "vector information classes critical buffer length:d" },
    { "event-scan", "classes critical buffer length:d" },
    { "ibm,nmi-register", "system_reset machine_check" },
    { "ibm,nmi-interlock", "" },
};

// NULL: cell by cell.
static const char *form_of(const char *name)
{
    for (unsigned i = 0; name && i < G_N_ELEMENTS(forms); i++)
        if (g_str_equal(forms[i].name, name))
            return forms[i].form;
    return NULL;
}

static void widen(uint64_t *values, const uint32_t *cells, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        values[i] = cells[i];
}

static void add_cells(TraceLine *line, const uint32_t *cells, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        trace_line_add(line, "%s0x%x", i > 0 ? ", " : "", cells[i]);
}

void trace_rtas(TraceLine *line, uint32_t token, const char *name, const RtasCall *call)
{
    const char *form = form_of(name);
    uint64_t values[RTAS_CELLS];
    widen(values, call->input, call->inputs);
    if (name)
        trace_line_add(line, "rtas %s(", name);
    else
        trace_line_add(line, "rtas token 0x%x(", token);
    if (form)
        trace_values_in(line, form, values, call->inputs);
    else
        add_cells(line, call->input, call->inputs);
    trace_line_add(line, ")");
}

// LoPAR 7.2.7. Not supported has the number of a parameter that is wrong.
static const struct {
    int32_t status;
    const char *name;
} statuses[] = {
#define STATUS(status)                                                                                       \
    {                                                                                                        \
        status, #status                                                                                      \
    }
    STATUS(RTAS_SUCCESS),
    STATUS(RTAS_NO_EVENT),
    STATUS(RTAS_HARDWARE_ERROR),
    STATUS(RTAS_BUSY),
    STATUS(RTAS_PARAMETER_ERROR),
    STATUS(RTAS_NOT_AUTHORIZED),
#undef STATUS
};

static void add_status(TraceLine *line, int32_t status)
{
    trace_line_add(line, " = ");
    for (unsigned i = 0; i < G_N_ELEMENTS(statuses); i++)
        if (statuses[i].status == status) {
            trace_line_add(line, "%s", statuses[i].name);
            return;
        }
    trace_line_add(line, "%d", status);
}

void trace_rtas_result(TraceLine *line, const char *name, int32_t status, const RtasCall *call)
{
    uint64_t values[RTAS_CELLS];
    unsigned count = call->outputs > 1 ? call->outputs - 1 : 0;
    widen(values, call->output + 1, count);
    add_status(line, status);
    if (status == RTAS_SUCCESS)
        trace_values_out(line, form_of(name), values, count);
}
