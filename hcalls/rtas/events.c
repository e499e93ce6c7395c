// RTAS check-exception and event-scan (LoPAR 7.3.3), and the one event that this machine has: its power
// button, an environmental and power warning (EPOW).
#include "lparun/papr.h"
#include "lparun/rtas.h"

#define CLASS_EPOW 0x40000000 // in a mask of event classes (LoPAR 7.3.3, "Event classes")
#define LOG_FIXED 8           // the part that every log has

struct RtasEvents {
    GuestMemory *memory;
    InterruptLine *line;
    GMutex lock;        // guards what follows, and a log on its way to the guest
    bool pressed;       // the power button, and no guest has heard of it
    uint32_t last_plid; // each log has an identifier of its own
};

// A log in the making: every field is big-endian, and comes in the order of the format.
typedef struct Log {
    uint8_t bytes[256];
    size_t length;
} Log;

static void put(Log *log, unsigned size, uint64_t value)
{
    g_assert(log->length + size <= sizeof log->bytes);
    for (unsigned i = 0; i < size; i++)
        log->bytes[log->length++] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

static void put_zeros(Log *log, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        put(log, 1, 0);
}

// Sections of the platform event log, version 6 (LoPAR 10.3.2.2), begin with this. `length` has it in.
static void put_section(Log *log, const char id[2], unsigned length, unsigned version)
{
    put(log, 1, (uint8_t)id[0]);
    put(log, 1, (uint8_t)id[1]);
    put(log, 2, length);
    put(log, 1, version);
    put_zeros(log, 3); // subtype, and the component that made it
}

static uint8_t bcd(int number)
{
    return (uint8_t)(number / 10 % 10 << 4 | number % 10);
}

enum { HEADER = 16, PRIVATE = 48, USER = 24, EPOW = 20, EXTENDED = HEADER + PRIVATE + USER + EPOW };

// The fixed part, and the header of the extended one (LoPAR 10.3.2.1).
static void put_headers(Log *log)
{
    enum {
        VERSION_6 = 6,
        SEVERITY_EVENT = 1 << 5,
        NOT_RECOVERED = 2 << 3,
        IS_EXTENDED = 1 << 2,
        EVENT_EPOW = 0x40
    };
    enum { VALID = 0x80, NEW = 0x04, BIG_END_FIRST = 0x02, POWERPC = 0x80, PLATFORM_EVENT = 14 };
    put(log, 1, VERSION_6);
    put(log, 1, SEVERITY_EVENT | NOT_RECOVERED | IS_EXTENDED);
    put(log, 1, 0); // initiator and target: not known
    put(log, 1, EVENT_EPOW);
    put(log, 4, EXTENDED);
    put(log, 1, VALID | NEW | BIG_END_FIRST);
    put(log, 1, 0);
    put(log, 1, POWERPC | PLATFORM_EVENT);
    put_zeros(log, 9);
    put(log, 4, 0x49424d00); // "IBM": whose format the sections are
}

// PH: when and by whom; the time in binary coded decimal.
static void put_private(Log *log, uint32_t plid)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    int year = g_date_time_get_year(now);
    put_section(log, "PH", PRIVATE, 0);
    put(log, 1, bcd(year / 100));
    put(log, 1, bcd(year));
    put(log, 1, bcd(g_date_time_get_month(now)));
    put(log, 1, bcd(g_date_time_get_day_of_month(now)));
    put(log, 1, bcd(g_date_time_get_hour(now)));
    put(log, 1, bcd(g_date_time_get_minute(now)));
    put(log, 1, bcd(g_date_time_get_second(now)));
    put_zeros(log, 1 + 8);
    put(log, 1, 'H'); // the hypervisor
    put_zeros(log, 2);
    put(log, 1, 3); // sections
    put_zeros(log, 4 + 8);
    put(log, 4, plid);
    put_zeros(log, 4);
}

// UH: of which part of the machine, and how bad.
static void put_user(Log *log)
{
    put_section(log, "UH", USER, 0);
    put(log, 1, 0xa0); // the external environment
    put_zeros(log, 1);
    put(log, 1, 0);    // no error
    put(log, 1, 0xd0); // a normal shutdown
    put_zeros(log, 12);
}

// EP: what the guest shall do.
static void put_epow(Log *log)
{
    enum { SYSTEM_SHUTDOWN = 3, NORMAL = 1, THIS_PARTITION = 1 };
    put_section(log, "EP", EPOW, 2);
    put(log, 1, SYSTEM_SHUTDOWN);
    put(log, 1, NORMAL);
    put(log, 1, THIS_PARTITION);
    put_zeros(log, 1 + 8);
}

// Writes the log to the guest's buffer, as much of it as there is room for. Under the lock.
static int32_t give_log(RtasEvents *events, uint64_t buffer, uint32_t room)
{
    Log log = { .length = 0 };
    put_headers(&log);
    put_private(&log, events->last_plid + 1);
    put_user(&log);
    put_epow(&log);
    if (room < LOG_FIXED || !guest_memory_write(events->memory, buffer, log.bytes, MIN(room, log.length)))
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

void rtas_events_describe(const RtasEvents *events, Tree *tree)
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

void rtas_events_register(RtasEvents *events, RtasTable *table)
{
    rtas_register(table, "check-exception", 6, 1, check_exception, events);
    rtas_register(table, "event-scan", 4, 1, event_scan, events);
}
