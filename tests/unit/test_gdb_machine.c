// A debugger's target that is a machine of the tests' own KVM: breakpoints, steps, memory, and who is told of
// what.
#include "gdb/machine.h"
#include "hmp/hmp.h"
#include "human.h"
#include "options.h"
#include "lparun/bytes.h"
#include "lparun/hypercall.h"
#include "lparun/rtas_clock.h"
#include "lparun/rtas_events.h"
#include "partition.h"
#include <string.h>

#define INSTRUCTION 0x00dddd00
#define NOP 0x60000000

typedef struct Fixture {
    KvmVm *vm;
    Bus *bus;
    GuestMemory *memory;
    VcpuSet *vcpus;
    Mmu *mmu;
    PartList *list;
    Options options;
    RunQueue *queue;
    Run *run;
    GdbMachine *machine;
    const GdbTarget *target;
    unsigned stops, ends, failures;
} Fixture;

// There is no monitor but that.
char *hmp_run(Hmp *hmp, const char *line)
{
    return g_strdup(hmp->machine ? line : NULL);
}

Monitor *monitor_open(Chardev *chardev, const char *option, bool pretty, const Command *const *tables,
    const MonitorMachine *machine, GError **error)
{
    return NULL;
}

void monitor_tell(Monitor *monitor, const MonitorEvent *event)
{
}

void monitor_close(Monitor *monitor)
{
}

Human *human_open(Chardev *chardev, const MonitorMachine *machine, GError **error)
{
    return NULL;
}

void human_close(Human *human)
{
}

static void failed(void *owner, Vcpu *vcpu, const char *why)
{
    ((Fixture *)owner)->failures++;
}

static bool on_debug(void *owner, Vcpu *vcpu)
{
    return gdb_machine_debug(((Fixture *)owner)->machine, vcpu);
}

static void stopped(void *owner)
{
    ((Fixture *)owner)->stops++;
}

static void ended(void *owner)
{
    ((Fixture *)owner)->ends++;
}

// `steps`: KVM has single steps, as PR.
static void set_up(Fixture *fixture, gconstpointer steps)
{
    static const VcpuOps ops = { .failed = failed, .debug = on_debug };
    memset(fixture, 0, sizeof *fixture);
    fixture->vm = fake_kvm_new();
    if (!steps)
        fake_kvm_power(fixture->vm)->missing[0] = KVM_CAP_PPC_GUEST_DEBUG_SSTEP;
    fixture->bus = bus_new();
    fixture->memory = guest_memory_new(0x100000, NULL);
    fixture->vcpus = vcpu_set_new(fixture->vm, fixture->bus, &ops, fixture);
    for (unsigned i = 0; i < 2; i++)
        g_assert_true(vcpu_set_add(fixture->vcpus, i, NULL, NULL));
    fixture->mmu = mmu_new(fixture->vm, MMU_AUTO, 0, 4ULL << 30, NULL);
    fixture->list = part_list_new();
    part_list_add(fixture->list, &vcpu_set_part, fixture->vcpus);
    fixture->queue = run_queue_new(fixture->vcpus);
    const RunParts parts = { .vcpus = fixture->vcpus,
        .list = fixture->list,
        .options = &fixture->options,
        .queue = fixture->queue,
        .ask = run_queue_ask(fixture->queue),
        .timebase = 512000000,
        .threads = 1 };
    fixture->run = run_new(&parts, NULL, NULL);
    for (unsigned i = 0; i < 2; i++)
        fake_vcpu_set_reg(vcpu_kvm(vcpu_set_at(fixture->vcpus, i)), KVM_PPC_DEBUG_INST, INSTRUCTION);
    const GdbMachineParts gdb = { .run = fixture->run,
        .vm = fixture->vm,
        .vcpus = fixture->vcpus,
        .memory = fixture->memory,
        .mmu = fixture->mmu,
        .ask = run_queue_ask(fixture->queue) };
    const GdbListener listener = { .stopped = stopped, .ended = ended, .owner = fixture };
    fixture->machine = gdb_machine_new(&gdb, &listener, NULL);
    fixture->target = gdb_machine_target(fixture->machine);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpuint(fixture->failures, ==, 0);
    vcpu_set_park_all(fixture->vcpus);
    gdb_machine_free(fixture->machine);
    run_free(fixture->run);
    part_list_free(fixture->list);
    run_queue_free(fixture->queue);
    mmu_free(fixture->mmu);
    guest_memory_free(fixture->memory);
    bus_free(fixture->bus);
    kvm_vm_close(fixture->vm);
}

static Vcpu *vcpu(const Fixture *fixture, unsigned index)
{
    return vcpu_set_at(fixture->vcpus, index);
}

static KvmVcpu *kvm(const Fixture *fixture, unsigned index)
{
    return vcpu_kvm(vcpu(fixture, index));
}

static void put(Fixture *fixture, uint64_t gpa, uint32_t instruction)
{
    be32 raw = be32_make(instruction);
    guest_memory_write(fixture->memory, gpa, &raw, sizeof raw);
}

static uint32_t get(const Fixture *fixture, uint64_t gpa)
{
    be32 raw;
    guest_memory_read(fixture->memory, gpa, &raw, sizeof raw);
    return be32_get(raw);
}

// Both run, in real mode.
static void start(Fixture *fixture)
{
    for (unsigned i = 0; i < 2; i++) {
        g_assert_true(vcpu_start(vcpu(fixture, i), &(VcpuEntry){ .pc = 0x100, .msr = MSR_SF }));
        g_assert_true(fake_vcpu_wait_idle(kvm(fixture, i)));
    }
}

static bool goes_on(Fixture *fixture, GdbRun how, unsigned cpu)
{
    return fixture->target->go_on(fixture->target->owner, how, cpu);
}

// What the main thread does when it is asked.
static void serve_debug(Fixture *fixture)
{
    const RunRequest *request = run_queue_await(fixture->queue);
    g_assert_cmpint(request->event, ==, RUN_DEBUG);
    g_assert_cmpint(actions_next(&fixture->options.actions, RUN_DEBUG), ==, NEXT_GO_ON);
    run_came(fixture->run, RUN_DEBUG, NEXT_GO_ON);
}

// A vCPU that is held comes to the breakpoint instruction at `pc` once it goes on.
static void come_to(Fixture *fixture, unsigned cpu, uint64_t pc)
{
    KvmRegisters registers;
    kvm_vcpu_registers(kvm(fixture, cpu), &registers);
    registers.pc = pc;
    kvm_vcpu_set_registers(kvm(fixture, cpu), &registers);
    fake_vcpu_exit(kvm(fixture, cpu), &(FakeExit){ .reason = KVM_EXIT_DEBUG });
}

static void hold(Fixture *fixture)
{
    fixture->target->hold(fixture->target->owner);
}

static void test_breakpoint(Fixture *fixture, gconstpointer data)
{
    const GdbTarget *target = fixture->target;
    start(fixture);
    hold(fixture);
    g_assert_cmpuint(fixture->stops, ==, 1);
    g_assert_cmpint(target->why(target->owner).signal, ==, GDB_SIGNAL_INT);
    put(fixture, 0x2000, NOP);
    g_assert_cmpint(target->insert(target->owner, 0, GDB_BREAK_SOFTWARE, 0x2000, 4), ==, GDB_DONE);
    g_assert_cmphex(get(fixture, 0x2000), ==, INSTRUCTION);
    come_to(fixture, 1, 0x2000);
    g_assert_true(goes_on(fixture, GDB_RUN_ALL, 0));
    serve_debug(fixture);
    g_assert_cmpuint(fixture->stops, ==, 2);
    g_assert_cmpint(run_state(fixture->run), ==, STATE_DEBUG);
    GdbStop stop = target->why(target->owner);
    g_assert_cmpint(stop.signal, ==, GDB_SIGNAL_TRAP);
    g_assert_cmpuint(stop.cpu, ==, 1);
    g_assert_cmpint(target->remove(target->owner, GDB_BREAK_SOFTWARE, 0x2000, 4), ==, GDB_DONE);
    g_assert_cmphex(get(fixture, 0x2000), ==, NOP);
    g_assert_true(goes_on(fixture, GDB_RUN_ALL, 0));
    g_assert_true(fake_vcpu_wait_idle(kvm(fixture, 1)));
    g_assert_false(target->runs(target->owner) == false);
}

static void test_unsupported(Fixture *fixture, gconstpointer data)
{
    const GdbTarget *target = fixture->target;
    for (GdbBreak kind = GDB_BREAK_HARDWARE; kind < GDB_BREAK_KINDS; kind++) {
        g_assert_cmpint(target->insert(target->owner, 0, kind, 0x2000, 4), ==, GDB_UNSUPPORTED);
        g_assert_cmpint(target->remove(target->owner, kind, 0x2000, 4), ==, GDB_UNSUPPORTED);
    }
    g_assert_cmpint(target->insert(target->owner, 0, GDB_BREAK_SOFTWARE, 0x100000, 4), ==, GDB_FAILED);
    g_assert_cmpint(target->insert(target->owner, 0, GDB_BREAK_SOFTWARE, 0x2002, 4), ==, GDB_FAILED);
}

// Only the one that steps is let go, and the breakpoint at which it stands is no obstacle.
static void test_step(Fixture *fixture, gconstpointer data)
{
    const GdbTarget *target = fixture->target;
    start(fixture);
    hold(fixture);
    put(fixture, 0x2000, 0x48000100); // b 0x2100
    g_assert_cmpint(target->insert(target->owner, 0, GDB_BREAK_SOFTWARE, 0x2000, 4), ==, GDB_DONE);
    KvmRegisters registers = { .pc = 0x2000, .msr = MSR_SF };
    kvm_vcpu_set_registers(kvm(fixture, 0), &registers);
    g_assert_true(goes_on(fixture, GDB_RUN_STEP, 0));
    g_assert_true(fake_vcpu_wait_idle(kvm(fixture, 0)));
    g_assert_cmphex(get(fixture, 0x2000), ==, 0x48000100);
    g_assert_cmphex(get(fixture, 0x2100), ==, INSTRUCTION);
    g_assert_cmpint(vcpu_stand(vcpu(fixture, 0)), ==, VCPU_RUNNING);
    g_assert_cmpint(vcpu_stand(vcpu(fixture, 1)), ==, VCPU_HELD);
    hold(fixture); // by Ctrl-C, say: the step is over
    g_assert_cmphex(get(fixture, 0x2000), ==, INSTRUCTION);
    g_assert_cmphex(get(fixture, 0x2100), ==, 0);
    // b to itself, so that the fake stands where the step leads to.
    target->write(target->owner, 0, true, 0x2000, (const uint8_t *)"\x48\0\0\0", 4);
    come_to(fixture, 0, 0x2000);
    g_assert_true(goes_on(fixture, GDB_RUN_STEP, 0));
    serve_debug(fixture);
    g_assert_cmpuint(target->why(target->owner).cpu, ==, 0);
    g_assert_true(goes_on(fixture, GDB_RUN_ALL, 0));
    g_assert_cmpint(vcpu_stand(vcpu(fixture, 1)), ==, VCPU_RUNNING);
}

static void test_kvm_steps(Fixture *fixture, gconstpointer data)
{
    bool breakpoints, steps;
    start(fixture);
    hold(fixture);
    come_to(fixture, 1, 0x2004);
    g_assert_true(goes_on(fixture, GDB_RUN_STEP, 1));
    serve_debug(fixture);
    g_assert_cmpuint(fixture->target->why(fixture->target->owner).cpu, ==, 1);
    fake_vcpu_debug(kvm(fixture, 1), &breakpoints, &steps);
    g_assert_true(breakpoints);
    g_assert_false(steps);
    g_assert_true(goes_on(fixture, GDB_RUN_STEP, 1));
    fake_vcpu_wait_idle(kvm(fixture, 1));
    hold(fixture);
    g_assert_true(goes_on(fixture, GDB_RUN_ALL, 0));
    g_assert_cmpint(vcpu_stand(vcpu(fixture, 0)), ==, VCPU_RUNNING);
}

static void test_steps_that_cannot_be(Fixture *fixture, gconstpointer data)
{
    start(fixture);
    hold(fixture);
    KvmRegisters registers = { .pc = 0x200000, .msr = MSR_SF }; // no RAM
    kvm_vcpu_set_registers(kvm(fixture, 0), &registers);
    g_assert_false(goes_on(fixture, GDB_RUN_STEP, 0));
    put(fixture, 0x2000, 0x48200002); // to where there is none
    registers.pc = 0x2000;
    kvm_vcpu_set_registers(kvm(fixture, 0), &registers);
    g_assert_false(goes_on(fixture, GDB_RUN_STEP, 0));
    registers.msr |= 0x10; // mapped, with no tables
    kvm_vcpu_set_registers(kvm(fixture, 0), &registers);
    g_assert_false(goes_on(fixture, GDB_RUN_STEP, 0));
    g_assert_false(fixture->target->runs(fixture->target->owner));
}

// bdnz to itself counts.
static void test_step_to_itself(Fixture *fixture, gconstpointer data)
{
    start(fixture);
    hold(fixture);
    put(fixture, 0x2000, 0x42000000);
    KvmRegisters registers = { .pc = 0x2000, .msr = MSR_SF, .ctr = 5 };
    kvm_vcpu_set_registers(kvm(fixture, 0), &registers);
    g_assert_true(goes_on(fixture, GDB_RUN_STEP, 0));
    hold(fixture);
    kvm_vcpu_registers(kvm(fixture, 0), &registers);
    g_assert_cmphex(registers.ctr, ==, 4);
}

static void test_alone(Fixture *fixture, gconstpointer data)
{
    start(fixture);
    hold(fixture);
    g_assert_true(goes_on(fixture, GDB_RUN_ALONE, 1));
    g_assert_cmpint(vcpu_stand(vcpu(fixture, 0)), ==, VCPU_HELD);
    g_assert_cmpint(vcpu_stand(vcpu(fixture, 1)), ==, VCPU_RUNNING);
    hold(fixture);
    g_assert_true(goes_on(fixture, GDB_RUN_ALL, 0));
    g_assert_cmpint(vcpu_stand(vcpu(fixture, 0)), ==, VCPU_RUNNING);
}

// The guest's own instruction, where nobody has set a breakpoint, is illegal; one that is gone is not there.
static void test_guests_own(Fixture *fixture, gconstpointer data)
{
    start(fixture);
    hold(fixture);
    put(fixture, 0x3000, INSTRUCTION);
    fake_vcpu_set_reg(kvm(fixture, 0), KVM_PPC_DEBUG_INST, 0); // a vCPU that runs could not be asked
    come_to(fixture, 0, 0x3000);
    g_assert_true(goes_on(fixture, GDB_RUN_ALL, 0));
    g_assert_true(fake_vcpu_wait(kvm(fixture, 0), 1));
    FakeInterrupt interrupt = fake_vcpu_interrupt(kvm(fixture, 0));
    g_assert_cmpuint(interrupt.count, ==, 1);
    g_assert_cmphex(interrupt.vector, ==, 0x700);
    hold(fixture);
    KvmRegisters registers;
    kvm_vcpu_registers(kvm(fixture, 0), &registers);
    g_assert_cmphex(registers.srr1 & 0x80000, ==, 0x80000);
    put(fixture, 0x3000, NOP);
    come_to(fixture, 0, 0x3000);
    g_assert_true(goes_on(fixture, GDB_RUN_ALL, 0));
    g_assert_true(fake_vcpu_wait(kvm(fixture, 0), 2));
    g_assert_cmpuint(fake_vcpu_interrupt(kvm(fixture, 0)).count, ==, 1);
}

// Interrupts with the MMU on are where LPCR says.
static void test_guests_own_with_ail(Fixture *fixture, gconstpointer data)
{
    start(fixture);
    hold(fixture);
    fake_vcpu_set_reg(kvm(fixture, 0), KVM_PPC_LPCR, 3ULL << 23);
    fake_vcpu_set_msr(kvm(fixture, 0), MSR_SF | 0x30);
    fake_vcpu_exit(kvm(fixture, 0), &(FakeExit){ .reason = KVM_EXIT_DEBUG });
    g_assert_true(goes_on(fixture, GDB_RUN_ALL, 0));
    g_assert_true(fake_vcpu_wait(kvm(fixture, 0), 1));
    FakeInterrupt interrupt = fake_vcpu_interrupt(kvm(fixture, 0));
    g_assert_cmphex(interrupt.vector, ==, 0xc000000000004700);
    g_assert_cmphex(interrupt.msr, ==, MSR_SF | 0x30);
}

static void test_memory(Fixture *fixture, gconstpointer data)
{
    const GdbTarget *target = fixture->target;
    uint8_t bytes[16];
    hold(fixture);
    fake_vcpu_set_msr(kvm(fixture, 0), MSR_SF);
    g_assert_cmpuint(
        target->write(target->owner, 0, false, 0xffff0ff8, (const uint8_t *)"12345678", 8), ==, 0);
    g_assert_cmpuint(
        target->write(target->owner, 0, false, 0xc000000000000ffc, (const uint8_t *)"12345678", 8), ==, 8);
    g_assert_cmpuint(target->read(target->owner, 0, true, 0xffa, bytes, 16), ==, 16);
    g_assert_cmpmem(bytes, 12,
        "\0\0"
        "12345678\0",
        12);
    g_assert_cmpuint(target->read(target->owner, 0, false, 0xffff8, bytes, 16), ==, 8);
    g_assert_cmpuint(target->read(target->owner, 0, true, 0xc000000000000ffc, bytes, 16), ==, 0);
    fake_vcpu_set_msr(kvm(fixture, 0), MSR_SF | 0x10); // with no table
    g_assert_cmpuint(target->read(target->owner, 0, false, 0x1000, bytes, 16), ==, 0);
    g_assert_cmpuint(target->read(target->owner, 0, true, 0x1000, bytes, 16), ==, 16);
}

// The monitor's cont ends what a breakpoint held; its stop is told of.
static void test_beside_monitor(Fixture *fixture, gconstpointer data)
{
    const MonitorMachine *monitor = run_machine(fixture->run);
    start(fixture);
    g_assert_null(monitor->obey(monitor->owner, ORDER_STOP));
    g_assert_cmpuint(fixture->stops, ==, 1);
    g_assert_false(fixture->target->runs(fixture->target->owner));
    g_assert_null(monitor->obey(monitor->owner, ORDER_RESUME));
    g_assert_true(fixture->target->runs(fixture->target->owner));
    run_came(fixture->run, RUN_POWER_OFF, NEXT_END);
    g_assert_cmpuint(fixture->ends, ==, 1);
}

static void test_shutdown_pause(Fixture *fixture, gconstpointer data)
{
    start(fixture);
    run_came(fixture->run, RUN_POWER_OFF, NEXT_PAUSE);
    g_assert_cmpuint(fixture->stops, ==, 1);
    g_assert_cmpint(fixture->target->why(fixture->target->owner).signal, ==, GDB_SIGNAL_QUIT);
    g_assert_false(goes_on(fixture, GDB_RUN_ALL, 0));
}

// A reset clears memory, and who stepped alone is not alone any more.
static void test_reset(Fixture *fixture, gconstpointer data)
{
    const GdbTarget *target = fixture->target;
    start(fixture);
    hold(fixture);
    put(fixture, 0x2000, NOP);
    g_assert_cmpint(target->insert(target->owner, 0, GDB_BREAK_SOFTWARE, 0x2000, 4), ==, GDB_DONE);
    g_assert_true(goes_on(fixture, GDB_RUN_ALONE, 1));
    vcpu_set_park_all(fixture->vcpus);
    guest_memory_clear(fixture->memory);
    gdb_machine_reset(fixture->machine);
    run_came(fixture->run, RUN_REBOOT, NEXT_RESET);
    start(fixture);
    hold(fixture);
    g_assert_cmphex(get(fixture, 0x2000), ==, 0);
    g_assert_cmpint(target->remove(target->owner, GDB_BREAK_SOFTWARE, 0x2000, 4), ==, GDB_DONE);
}

static void test_monitor(Fixture *fixture, gconstpointer data)
{
    g_autofree char *text = fixture->target->monitor(fixture->target->owner, "info status");
    g_assert_cmpstr(text, ==, "info status");
}

static void test_control(Fixture *fixture, gconstpointer data)
{
    bool breakpoints, steps;
    fake_vcpu_debug(kvm(fixture, 1), &breakpoints, &steps);
    g_assert_true(breakpoints);
    g_assert_false(steps);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, function) g_test_add("/gdb-machine/" path, Fixture, NULL, set_up, function, tear_down)
    ADD("breakpoint", test_breakpoint);
    ADD("unsupported", test_unsupported);
    ADD("step", test_step);
    ADD("steps-that-cannot-be", test_steps_that_cannot_be);
    ADD("step-to-itself", test_step_to_itself);
    ADD("alone", test_alone);
    ADD("guests-own", test_guests_own);
    ADD("guests-own-with-ail", test_guests_own_with_ail);
    ADD("memory", test_memory);
    ADD("beside-monitor", test_beside_monitor);
    ADD("shutdown-pause", test_shutdown_pause);
    ADD("reset", test_reset);
    ADD("monitor", test_monitor);
    ADD("control", test_control);
    g_test_add("/gdb-machine/kvm-steps", Fixture, "steps", set_up, test_kvm_steps, tear_down);
    return g_test_run();
}
