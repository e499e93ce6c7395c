// A machine for tests of the monitor.
#include "fake_machine.h"

extern const Command run_commands[], machine_commands[];
static const Command no_commands[] = { { 0 } };
const Command *fake_machine_tables[] = { run_commands, machine_commands, no_commands, NULL };

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

void fake_machine_init(FakeMachine *machine)
{
    *machine = (FakeMachine){ .cpus = 2 };
    machine->operations =
        (MonitorMachine){ .state = state, .obey = obey, .cpus = cpus, .cpu = cpu, .owner = machine };
}
