// A machine for tests of the monitor.
#include "fake_machine.h"

// Stops and resumes alternate in the tests.
static bool is_running(void *owner)
{
    FakeMachine *machine = owner;
    return machine->orders[ORDER_STOP] == machine->orders[ORDER_RESUME];
}

static void obey(void *owner, MonitorOrder order)
{
    ((FakeMachine *)owner)->orders[order]++;
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
    machine->operations = (MonitorMachine){
        .is_running = is_running, .obey = obey, .cpus = cpus, .cpu = cpu, .owner = machine
    };
}
