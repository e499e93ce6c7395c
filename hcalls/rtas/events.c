// RTAS check-exception and event-scan (LoPAR 7.3.3), and the one event that this machine has: its power
// button, an environmental and power warning (EPOW).
#include "error_log.h"
#include "lparun/papr.h"
#include "lparun/rtas.h"
#include "lparun/rtas_events.h"

#define CLASS_EPOW 0x40000000 // in a mask of event classes (LoPAR 7.3.3, "Event classes")
#define EVENT_EPOW 0x40       // a log's type

struct RtasEvents {
    GuestMemory *memory;
    InterruptLine *line;
    GMutex lock;        // guards what follows, and a log on its way to the guest
    bool pressed;       // the power button, and no guest has heard of it
    uint32_t last_plid; // each log has an identifier of its own
};

static uint8_t bcd(int number)
{
    return (uint8_t)(number / 10 % 10 << 4 | number % 10);
}

enum { PRIVATE = 48, USER = 24, EPOW = 20 };

// PH: when and by whom; the time in binary coded decimal.
static void put_private(ErrorLog *log, uint32_t plid)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    int year = g_date_time_get_year(now);
    error_log_put_section(log, "PH", PRIVATE, 0);
    error_log_put(log, 1, bcd(year / 100));
    error_log_put(log, 1, bcd(year));
    error_log_put(log, 1, bcd(g_date_time_get_month(now)));
    error_log_put(log, 1, bcd(g_date_time_get_day_of_month(now)));
    error_log_put(log, 1, bcd(g_date_time_get_hour(now)));
    error_log_put(log, 1, bcd(g_date_time_get_minute(now)));
    error_log_put(log, 1, bcd(g_date_time_get_second(now)));
    error_log_put_zeros(log, 1 + 8);
    error_log_put(log, 1, 'H'); // the hypervisor
    error_log_put_zeros(log, 2);
    error_log_put(log, 1, 3); // sections
    error_log_put_zeros(log, 4 + 8);
    error_log_put(log, 4, plid);
    error_log_put_zeros(log, 4);
}

// UH: of which part of the machine, and how bad.
static void put_user(ErrorLog *log)
{
    error_log_put_section(log, "UH", USER, 0);
    error_log_put(log, 1, 0xa0); // the external environment
    error_log_put_zeros(log, 1);
    error_log_put(log, 1, 0);    // no error
    error_log_put(log, 1, 0xd0); // a normal shutdown
    error_log_put_zeros(log, 12);
}

// EP: what the guest shall do.
static void put_epow(ErrorLog *log)
{
    enum { SYSTEM_SHUTDOWN = 3, NORMAL = 1, THIS_PARTITION = 1 };
    error_log_put_section(log, "EP", EPOW, 2);
    error_log_put(log, 1, SYSTEM_SHUTDOWN);
    error_log_put(log, 1, NORMAL);
    error_log_put(log, 1, THIS_PARTITION);
    error_log_put_zeros(log, 1 + 8);
}

// Writes the log to the guest's buffer, as much of it as there is room for. Under the lock.
static int32_t give_log(RtasEvents *events, uint64_t buffer, uint32_t room)
{
    ErrorLog log = { .length = 0 };
    error_log_put_headers(&log, SEVERITY_EVENT, NOT_RECOVERED, EVENT_EPOW, PRIVATE + USER + EPOW);
    put_private(&log, events->last_plid + 1);
    put_user(&log);
    put_epow(&log);
    if (room < ERROR_LOG_FIXED ||
        !guest_memory_write(events->memory, buffer, log.bytes, MIN(room, log.length)))
        return RTAS_PARAMETER_ERROR;
    events->last_plid++;
    events->pressed = false;
    return RTAS_SUCCESS;
}

// Inputs: vector, its information, classes, whether time is short, buffer, its length.
static int32_t check_exception(void *owner, Vcpu *vcpu, RtasCall *call)
{
    RtasEvents *events = owner;
    int32_t status = RTAS_NO_EVENT;
    g_mutex_lock(&events->lock);
    if (events->pressed && (call->input[2] & CLASS_EPOW))
        status = give_log(events, call->input[4], call->input[5]);
    g_mutex_unlock(&events->lock);
    return status;
}

// Inputs: classes, whether time is short, buffer, its length. EPOW events are for check-exception: all that
// is done here is to ring again for one that nobody took.
static int32_t event_scan(void *owner, Vcpu *vcpu, RtasCall *call)
{
    RtasEvents *events = owner;
    g_mutex_lock(&events->lock);
    if (events->pressed && (call->input[0] & CLASS_EPOW))
        interrupt_line_pulse(events->line);
    g_mutex_unlock(&events->lock);
    return RTAS_NO_EVENT;
}

void rtas_events_press_power_button(RtasEvents *events)
{
    g_mutex_lock(&events->lock);
    events->pressed = true;
    interrupt_line_pulse(events->line);
    g_mutex_unlock(&events->lock);
}

void rtas_events_reset(RtasEvents *events)
{
    g_mutex_lock(&events->lock);
    events->pressed = false;
    g_mutex_unlock(&events->lock);
}

// The node that names the interrupt.
static void describe(const RtasEvents *events, Tree *tree)
{
    uint32_t source = interrupt_line_source(events->line);
    tree_begin(tree, "event-sources");
    tree_empty(tree, "interrupt-controller");
    tree_u32(tree, "#interrupt-cells", 2);
    tree_cells(tree, "interrupt-ranges", source, 1);
    tree_begin(tree, "epow-events");
    tree_cells(tree, "interrupts", source, 0);
    tree_end(tree);
    tree_end(tree);
}

RtasEvents *rtas_events_new(GuestMemory *memory, InterruptLine *line)
{
    RtasEvents *events = g_new0(RtasEvents, 1);
    *events = (RtasEvents){ .memory = memory, .line = line };
    g_mutex_init(&events->lock);
    return events;
}

void rtas_events_free(RtasEvents *events)
{
    if (!events)
        return;
    g_mutex_clear(&events->lock);
    g_free(events);
}

void rtas_events_register(RtasTable *table, const RtasParts *parts)
{
    RtasEvents *events = parts->events;
    rtas_register(table, 0x201d, "check-exception", 6, 1, check_exception, events);
    rtas_register(table, 0x201e, "event-scan", 4, 1, event_scan, events);
}

static void describe_part(const void *part, const Description *what, Tree *tree)
{
    if (what->place == TREE_NODES)
        describe(part, tree);
}

static bool reset_part(void *part, GError **error)
{
    rtas_events_reset(part);
    return true;
}

static void free_part(void *part)
{
    rtas_events_free(part);
}

const PartOps rtas_events_part = {
    .kind = "events", .describe = describe_part, .reset = reset_part, .free = free_part
};
