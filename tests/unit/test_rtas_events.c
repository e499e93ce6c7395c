// RTAS check-exception and event-scan: the power button as an EPOW log (LoPAR 10.3.2).
#include "lparun/papr.h"
#include "lparun/rtas_events.h"
#include "partition.h"
#include <string.h>

#define BUFFER 0x4000
#define LOG 116 // bytes: fixed part, header, PH, UH, EP
#define EPOW 0x40000000
#define ALL 0xffffffff

typedef struct Fixture {
    Partition partition;
    InterruptController *interrupts;
    RtasEvents *events;
    uint8_t *log;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    Partition *partition = &fixture->partition;
    partition_open(partition, 1);
    fixture->interrupts = interrupt_controller_new(partition->vm, NULL);
    InterruptLine *line = interrupt_line_new(fixture->interrupts, SOURCE_EPOW, NULL);
    fixture->events = rtas_events_new(partition->memory, line);
    rtas_events_register(partition->rtas, &(RtasParts){ .events = fixture->events });
    fixture->log = guest_memory_write_at(partition->memory, BUFFER, 0x1000);
    memset(fixture->log, 0xee, 0x1000);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    rtas_events_free(fixture->events);
    interrupt_controller_free(fixture->interrupts);
    partition_close(&fixture->partition);
}

static int32_t check(Fixture *fixture, uint32_t mask, uint32_t buffer, uint32_t length)
{
    uint32_t output[1];
    return partition_rtas(
        &fixture->partition, "check-exception", 1, output, 0x500, SOURCE_EPOW, mask, 0, buffer, length);
}

static int32_t scan(Fixture *fixture, uint32_t mask)
{
    uint32_t output[1];
    return partition_rtas(&fixture->partition, "event-scan", 1, output, mask, 0, BUFFER, 2048);
}

static unsigned edges(Fixture *fixture)
{
    return fake_kvm_edges(fixture->partition.vm, SOURCE_EPOW);
}

static void test_nothing(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpint(check(fixture, ALL, BUFFER, 2048), ==, RTAS_NO_EVENT);
    g_assert_cmpint(scan(fixture, ALL), ==, RTAS_NO_EVENT);
    g_assert_cmphex(fixture->log[0], ==, 0xee);
    g_assert_cmpuint(edges(fixture), ==, 0);
}

static unsigned from_bcd(uint8_t byte)
{
    g_assert_cmpuint(byte >> 4, <, 10);
    g_assert_cmpuint(byte & 15, <, 10);
    return (unsigned)(byte >> 4) * 10 + (byte & 15);
}

// The time in the log is now, in UTC.
static void assert_now(const uint8_t *time)
{
    g_autoptr(GDateTime) date =
        g_date_time_new_utc((int)(from_bcd(time[0]) * 100 + from_bcd(time[1])), (int)from_bcd(time[2]),
            (int)from_bcd(time[3]), (int)from_bcd(time[4]), (int)from_bcd(time[5]), from_bcd(time[6]));
    g_assert_nonnull(date);
    gint64 age = g_get_real_time() / G_USEC_PER_SEC - g_date_time_to_unix(date);
    g_assert_cmpint(age, >=, 0);
    g_assert_cmpint(age, <=, 5);
}

// Every byte, the time and the log's identifier left out.
static void test_log(Fixture *fixture, gconstpointer data)
{
    static const uint8_t wanted[LOG] = {
        0x06, 0x34, 0x00, 0x40, 0, 0, 0, 108,                            // version 6, an EPOW event, extended
        0x86, 0, 0x8e, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'I', 'B', 'M', 0,      // valid, new, big-endian
        'P', 'H', 0, 48, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,             // the time is at 32
        0, 0, 0, 0, 0, 0, 0, 0, 'H', 0, 0, 3, 0, 0, 0, 0,                // by the hypervisor, 3 sections
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0,                  // the first log
        'U', 'H', 0, 24, 0, 0, 0, 0, 0xa0, 0, 0, 0xd0, 0, 0, 0, 0,       // environment, normal shutdown
        0, 0, 0, 0, 0, 0, 0, 0,                                          //
        'E', 'P', 0, 20, 2, 0, 0, 0, 3, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, // shut down, normal, this one
    };
    rtas_events_press_power_button(fixture->events);
    g_assert_cmpuint(edges(fixture), ==, 1);
    g_assert_cmpint(check(fixture, EPOW, BUFFER, 2048), ==, 0);
    assert_now(fixture->log + 32);
    memset(fixture->log + 32, 0, 8);
    g_assert_cmpmem(fixture->log, LOG, wanted, LOG);
    g_assert_cmphex(fixture->log[LOG], ==, 0xee);
    // Told once.
    g_assert_cmpint(check(fixture, EPOW, BUFFER, 2048), ==, RTAS_NO_EVENT);
    rtas_events_press_power_button(fixture->events);
    g_assert_cmpint(check(fixture, EPOW, BUFFER, 2048), ==, 0);
    g_assert_cmpuint(fixture->log[8 + 16 + 43], ==, 2);
}

static void test_masks(Fixture *fixture, gconstpointer data)
{
    rtas_events_press_power_button(fixture->events);
    g_assert_cmpint(check(fixture, ALL & ~EPOW, BUFFER, 2048), ==, RTAS_NO_EVENT);
    g_assert_cmpint(check(fixture, 0, BUFFER, 2048), ==, RTAS_NO_EVENT);
    g_assert_cmphex(fixture->log[0], ==, 0xee);
    g_assert_cmpint(check(fixture, ALL, BUFFER, 2048), ==, 0);
}

// A guest that came up after the button was pressed is told by an interrupt, not by event-scan.
static void test_scan(Fixture *fixture, gconstpointer data)
{
    rtas_events_press_power_button(fixture->events);
    g_assert_cmpuint(edges(fixture), ==, 1);
    g_assert_cmpint(scan(fixture, ALL & ~EPOW), ==, RTAS_NO_EVENT);
    g_assert_cmpuint(edges(fixture), ==, 0);
    g_assert_cmpint(scan(fixture, ALL), ==, RTAS_NO_EVENT);
    g_assert_cmpuint(edges(fixture), ==, 1);
    g_assert_cmpint(check(fixture, EPOW, BUFFER, 2048), ==, 0);
    g_assert_cmpint(scan(fixture, ALL), ==, RTAS_NO_EVENT);
    g_assert_cmpuint(edges(fixture), ==, 0);
}

// Too small a buffer gets what fits; one without room for the fixed part, or outside RAM, leaves the event.
static void test_buffers(Fixture *fixture, gconstpointer data)
{
    rtas_events_press_power_button(fixture->events);
    g_assert_cmpint(check(fixture, EPOW, BUFFER, 0), ==, RTAS_PARAMETER_ERROR);
    g_assert_cmpint(check(fixture, EPOW, BUFFER, 7), ==, RTAS_PARAMETER_ERROR);
    g_assert_cmpint(check(fixture, EPOW, PARTITION_RAM - 100, 2048), ==, RTAS_PARAMETER_ERROR);
    g_assert_cmpint(check(fixture, EPOW, 0xffffff00, 2048), ==, RTAS_PARAMETER_ERROR);
    g_assert_cmphex(fixture->log[0], ==, 0xee);
    g_assert_cmpint(check(fixture, EPOW, PARTITION_RAM - LOG, UINT32_MAX), ==, 0);
    rtas_events_press_power_button(fixture->events);
    g_assert_cmpint(check(fixture, EPOW, BUFFER, 20), ==, 0);
    g_assert_cmphex(fixture->log[0], ==, 6);
    g_assert_cmphex(fixture->log[20], ==, 0xee);
    g_assert_cmpint(check(fixture, EPOW, BUFFER, 2048), ==, RTAS_NO_EVENT);
}

static void test_reset(Fixture *fixture, gconstpointer data)
{
    rtas_events_press_power_button(fixture->events);
    rtas_events_reset(fixture->events);
    g_assert_cmpint(check(fixture, EPOW, BUFFER, 2048), ==, RTAS_NO_EVENT);
}

static void test_few_cells(Fixture *fixture, gconstpointer data)
{
    uint32_t output[1];
    Partition *partition = &fixture->partition;
    rtas_events_press_power_button(fixture->events);
    g_assert_cmpint(partition_rtas(partition, "check-exception", 1, output, 0x500, 0, EPOW, 0, BUFFER), ==,
        RTAS_PARAMETER_ERROR);
    g_assert_cmpint(
        partition_rtas(partition, "event-scan", 1, output, EPOW, 0, BUFFER), ==, RTAS_PARAMETER_ERROR);
    // With the upper half of the information, as a 64-bit caller has it.
    g_assert_cmpint(
        partition_rtas(partition, "check-exception", 1, output, 0x500, 0, EPOW, 0, BUFFER, 2048, 0), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/rtas-events/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("nothing", test_nothing);
    ADD("log", test_log);
    ADD("masks", test_masks);
    ADD("scan", test_scan);
    ADD("buffers", test_buffers);
    ADD("reset", test_reset);
    ADD("few-cells", test_few_cells);
    return g_test_run();
}
