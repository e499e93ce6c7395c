// A machine for tests of gdb's stub.
#include "fake_gdb_target.h"
#include <string.h>

static const unsigned sizes[FAKE_REGISTERS] = { 8, 8, 8, 4, 16, 4 };

static unsigned cpus(void *owner)
{
    return 2;
}

static char *describe_cpu(void *owner, unsigned cpu)
{
    return g_strdup_printf("vCPU %u", cpu);
}

static bool runs(void *owner)
{
    return ((FakeGdbTarget *)owner)->runs;
}

static void hold(void *owner)
{
    FakeGdbTarget *fake = owner;
    fake->runs = false;
    fake->holds++;
    if (fake->held)
        fake->held(fake->owner);
}

static GdbStop why(void *owner)
{
    return ((FakeGdbTarget *)owner)->stop;
}

static bool go_on(void *owner, GdbRun how, unsigned cpu)
{
    FakeGdbTarget *fake = owner;
    if (fake->refuses)
        return false;
    fake->how = how;
    fake->cpu = cpu;
    fake->runs = true;
    return true;
}

static void quit(void *owner)
{
    ((FakeGdbTarget *)owner)->quits++;
}

static unsigned register_size(void *owner, unsigned number)
{
    g_assert_cmpuint(number, <, FAKE_REGISTERS);
    return sizes[number];
}

static bool register_get(void *owner, unsigned cpu, unsigned number, uint8_t bytes[GDB_REGISTER_BYTES])
{
    memcpy(bytes, ((FakeGdbTarget *)owner)->registers[cpu][number], sizes[number]);
    return number != FAKE_REGISTERS - 1;
}

static bool register_set(void *owner, unsigned cpu, unsigned number, const uint8_t *bytes)
{
    memcpy(((FakeGdbTarget *)owner)->registers[cpu][number], bytes, sizes[number]);
    return number != FAKE_REGISTERS - 1;
}

static bool set_pc(void *owner, unsigned cpu, uint64_t address)
{
    ((FakeGdbTarget *)owner)->pc = address;
    return true;
}

// Where it is, and how much of `length` bytes there is of it; 0 for none.
static size_t find(bool physical, uint64_t address, size_t length, uint64_t *at)
{
    *at = physical ? address : address - FAKE_VIRTUAL;
    return *at < FAKE_MEMORY ? MIN(length, FAKE_MEMORY - *at) : 0;
}

static size_t read_memory(
    void *owner, unsigned cpu, bool physical, uint64_t address, uint8_t *bytes, size_t length)
{
    uint64_t at;
    size_t there = find(physical, address, length, &at);
    if (there)
        memcpy(bytes, ((FakeGdbTarget *)owner)->memory + at, there);
    return there;
}

static size_t write_memory(
    void *owner, unsigned cpu, bool physical, uint64_t address, const uint8_t *bytes, size_t length)
{
    uint64_t at;
    size_t there = find(physical, address, length, &at);
    if (there)
        memcpy(((FakeGdbTarget *)owner)->memory + at, bytes, there);
    return there;
}

// The last kind is one that it has not, and there is nothing at 0.
static GdbResult note(FakeGdbTarget *fake, char letter, GdbBreak kind, uint64_t address)
{
    g_assert_cmpuint(kind, <, GDB_BREAK_KINDS);
    if (kind == GDB_WATCH_ACCESS)
        return GDB_UNSUPPORTED;
    g_string_append_printf(fake->breakpoints, "%c%u,%" G_GINT64_MODIFIER "x ", letter, kind, address);
    return address ? GDB_DONE : GDB_FAILED;
}

static GdbResult insert(void *owner, unsigned cpu, GdbBreak kind, uint64_t address, uint64_t length)
{
    return note(owner, 'Z', kind, address);
}

static GdbResult take_away(void *owner, GdbBreak kind, uint64_t address, uint64_t length)
{
    return note(owner, 'z', kind, address);
}

static void remove_all(void *owner)
{
    g_string_append(((FakeGdbTarget *)owner)->breakpoints, "- ");
}

static char *monitor(void *owner, const char *line)
{
    return g_strdup_printf("you said %s\r\n", line);
}

void fake_gdb_target_init(FakeGdbTarget *fake)
{
    *fake = (FakeGdbTarget){ .breakpoints = g_string_new(NULL), .stop = { .signal = GDB_SIGNAL_TRAP } };
    fake->target = (GdbTarget){
        .cpus = cpus,
        .describe_cpu = describe_cpu,
        .runs = runs,
        .hold = hold,
        .why = why,
        .go_on = go_on,
        .quit = quit,
        .description = "<target/> #$}*",
        .registers = FAKE_REGISTERS,
        .general = FAKE_GENERAL,
        .register_size = register_size,
        .register_get = register_get,
        .register_set = register_set,
        .set_pc = set_pc,
        .read = read_memory,
        .write = write_memory,
        .insert = insert,
        .remove = take_away,
        .remove_all = remove_all,
        .monitor = monitor,
        .owner = fake,
    };
}

void fake_gdb_target_clear(FakeGdbTarget *fake)
{
    g_string_free(fake->breakpoints, TRUE);
}
