// A machine for tests of the monitor.
#include "fake_machine.h"
#include "lparun/vcpu.h"

extern const Command run_commands[], machine_commands[], look_commands[];
extern const CommandType run_types[], machine_types[], look_types[];
extern const CommandEvent command_events[];
extern const CommandRefused command_refused[];
static const CommandType *const types[] = { run_types, machine_types, look_types, NULL };
static const CommandSchema schema = { types, command_events, command_refused };
static const Command no_commands[] = { { 0 } };
const Command *fake_machine_tables[] = { run_commands, machine_commands, no_commands, look_commands, NULL };

// Stops and resumes alternate in the tests.
static MonitorState state(void *owner)
{
    FakeMachine *machine = owner;
    if (machine->state != STATE_RUNNING)
        return machine->state;
    return machine->orders[ORDER_STOP] == machine->orders[ORDER_RESUME] ? STATE_RUNNING : STATE_PAUSED;
}

static const char *obey(void *owner, MonitorOrder order)
{
    FakeMachine *machine = owner;
    machine->orders[order]++;
    return machine->refusal;
}

static unsigned cpus(void *owner)
{
    return ((FakeMachine *)owner)->cpus;
}

static MonitorCpu cpu(void *owner, unsigned index)
{
    return (MonitorCpu){ .index = index, .core = 8 * index, .thread_id = 1000 + (int)index };
}

// The first runs, the second did not answer, others are as they may be.
static void look(void *owner, VcpuLook *looks)
{
    looks[0].known = true;
    looks[0].registers = (KvmRegisters){ .pc = 0xc000000000001234, .msr = 0x8000000000001033, .lr = 0x10 };
    looks[0].registers.gpr[3] = UINT64_MAX;
    for (unsigned i = 1; i < cpus(owner); i++)
        looks[i].stand = (VcpuStand)i;
}

static MonitorConsole console(void *owner)
{
    return (MonitorConsole){ .polls = 5, .waiting = 2 };
}

static char *stats(void *owner)
{
    return g_strdup("{\n  \"exits\": {\"MMIO\": 9007199254740993}, \"rows\": [{}]\n}\n");
}

static void watch(void *owner, bool on)
{
    FakeMachine *machine = owner;
    machine->watched = on;
    machine->watches += on ? 1 : -1;
}

void fake_machine_init(FakeMachine *machine)
{
    *machine = (FakeMachine){ .cpus = 2 };
    machine->operations = (MonitorMachine){ .state = state,
        .obey = obey,
        .cpus = cpus,
        .cpu = cpu,
        .look = look,
        .console = console,
        .stats = stats,
        .watch = watch,
        .watch_owner = machine,
        .owner = machine,
        .schema = &schema,
        .version = LPARUN_VERSION };
}
